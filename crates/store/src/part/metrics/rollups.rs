//! Rollups in a part: what each series has once for its samples it has here a lane each of, over the same ends of intervals.

use gw_batch::rollup::{Falls, Rollup};

use super::lanes::Scratch;
use super::pack::PackReader;

/// Lanes of a series.
pub(super) const LANES: usize = 10;
/// Marks of a rollup beside its falls: all samples are whole; the first is the least and the last the greatest of all, as
/// with most counters, and these two stand in no lane.
const IS_WHOLE: u64 = 4;
const IS_RISING: u64 = 8;
const MILLI: f64 = 1e6;

/// Appends the lanes of rollups of a series.
pub(super) fn put(out: &mut Vec<u8>, rollups: &[Rollup], scratch: &mut Scratch) {
    let rising = |rollup: &Rollup| {
        rollup.min.to_bits() == rollup.first.to_bits() && rollup.max.to_bits() == rollup.last.to_bits()
    };
    let is_rising = rollups.iter().all(rising);
    // Relative to the end in milliseconds, which is a small number, and exact: in nanoseconds it has at most 15 digits.
    let before = |end: i64, time: i64| end.wrapping_sub(time) as f64 / MILLI;
    let columns: [&dyn Fn(&Rollup) -> f64; LANES] = [
        &|rollup| (u64::from(rollup.whole) * IS_WHOLE + u64::from(is_rising) * IS_RISING + rollup.falls as u64) as f64,
        &|rollup| rollup.count as f64,
        &|rollup| rollup.sum,
        &|rollup| if is_rising { 0.0 } else { rollup.min },
        &|rollup| if is_rising { 0.0 } else { rollup.max },
        &|rollup| rollup.first,
        &|rollup| before(rollup.end, rollup.first_time),
        &|rollup| rollup.last,
        &|rollup| before(rollup.end, rollup.last_time),
        &|rollup| rollup.fallen,
    ];
    let mut values = Vec::with_capacity(rollups.len());
    for column in columns {
        values.clear();
        values.extend(rollups.iter().map(column));
        scratch.values(out, &values);
    }
}

/// Reads the lanes of a series; the rollups between two positions are appended to `out`.
pub(super) fn take(
    reader: &mut PackReader<'_>,
    ends: &[i64],
    (from, to): (usize, usize),
    numbers: &mut Vec<i64>,
    out: &mut Vec<Rollup>,
) -> Option<()> {
    let mut columns: [Vec<f64>; LANES] = Default::default();
    for column in &mut columns {
        reader.next_lane(ends.len())?.values(numbers, column)?;
    }
    let [marks, count, sum, min, max, first, first_at, last, last_at, fallen] = &columns;
    let time = |end: i64, before: f64| end.wrapping_sub((before * MILLI).round() as i64);
    for at in from..to {
        let (end, marks) = (*ends.get(at)?, *marks.get(at)? as u64);
        let (first, last) = (*first.get(at)?, *last.get(at)?);
        let (min, max) = if marks & IS_RISING > 0 { (first, last) } else { (*min.get(at)?, *max.get(at)?) };
        out.push(Rollup {
            end,
            count: *count.get(at)? as u64,
            sum: *sum.get(at)?,
            min,
            max,
            first,
            first_time: time(end, *first_at.get(at)?),
            last,
            last_time: time(end, *last_at.get(at)?),
            fallen: *fallen.get(at)?,
            falls: match marks & 3 {
                0 => Falls::None,
                1 => Falls::One,
                _ => Falls::Several,
            },
            whole: marks & IS_WHOLE > 0,
        });
    }
    Some(())
}

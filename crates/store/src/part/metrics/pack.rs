//! Packs: the lanes of neighbouring series in one payload, and what few series have beside float samples in another.

use std::sync::Arc;

use gw_base::{Labels, Timestamp};
use gw_batch::{Exemplar, Histogram};

use super::lanes::{Header, PADDING, unzigzag, zigzag};
use crate::Series;
use crate::part::index::{put, take};

/// Largest extras of one pack that a reader believes, decompressed.
const MAX_EXTRAS: usize = 1 << 28;
/// Most bytes of an exemplar beside its labels.
const MAX_EXEMPLAR_BYTES: usize = 24;

/// Reads the lanes of a pack one after the other.
#[derive(Debug)]
pub(crate) struct PackReader<'a> {
    rest: &'a [u8],
}

impl<'a> PackReader<'a> {
    /// The lanes of a payload, which ends with [`PADDING`].
    pub(crate) const fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    /// Bytes not read yet.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next lane, of so many values.
    pub(crate) fn next_lane(&mut self, count: usize) -> Option<Header<'a>> {
        Header::take(&mut self.rest, count)
    }
}

/// Ends a pack so that every load of a reader stays inside of it.
pub(crate) fn seal(pack: &mut Vec<u8>) {
    pack.extend_from_slice(&[0; PADDING]);
}

/// The newest of exemplars that a reader of one series will believe.
pub(crate) fn believable(exemplars: &[Exemplar]) -> &[Exemplar] {
    let mut left = MAX_EXTRAS / 2;
    let fits = |exemplar: &&Exemplar| {
        let bytes = exemplar.labels.as_bytes().len() + MAX_EXEMPLAR_BYTES;
        left = left.saturating_sub(bytes);
        left > 0
    };
    let kept = exemplars.iter().rev().take_while(fits).count();
    &exemplars[exemplars.len() - kept..]
}

/// Appends histograms, start times and exemplars of a series.
pub(crate) fn put_extras(out: &mut Vec<u8>, series: &Series, exemplars: &[Exemplar]) {
    put(out, series.histograms.len() as u64);
    let mut last = 0i64;
    for (time, histogram) in series.histogram_times.iter().zip(&series.histograms) {
        put(out, zigzag(time.wrapping_sub(last)));
        last = *time;
        let bytes = histogram.encode();
        put(out, bytes.len() as u64);
        out.extend_from_slice(&bytes);
    }
    put(out, series.starts.len() as u64);
    for (time, start) in &series.starts {
        put(out, zigzag(*time));
        put(out, zigzag(*start));
    }
    put(out, exemplars.len() as u64);
    for exemplar in exemplars {
        put(out, exemplar.labels.as_bytes().len() as u64);
        out.extend_from_slice(exemplar.labels.as_bytes());
        out.extend_from_slice(&exemplar.value.to_bits().to_le_bytes());
        put(out, zigzag(exemplar.time.unwrap_or_default().nanos()));
    }
}

/// Packs the extras of a pack's series.
pub(crate) fn seal_extras(raw: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(raw, 3).expect("compressing memory to memory cannot fail")
}

/// Unpacks [`seal_extras`].
pub(crate) fn open_extras(payload: &[u8]) -> Option<Vec<u8>> {
    let size = zstd::zstd_safe::get_frame_content_size(payload).ok().flatten()?;
    let size = usize::try_from(size).ok().filter(|size| *size <= MAX_EXTRAS)?;
    zstd::bulk::decompress(payload, size).ok()
}

/// Reads [`put_extras`] into a series and a list; without a list exemplars are passed over.
pub(crate) fn take_extras(
    rest: &mut &[u8],
    series: &mut Series,
    mut exemplars: Option<&mut Vec<Exemplar>>,
) -> Option<()> {
    let mut last = 0i64;
    for _ in 0..take(rest)? {
        last = last.wrapping_add(unzigzag(take(rest)?));
        let histogram = Histogram::decode(take_bytes(rest)?)?;
        series.histogram_times.push(last);
        series.histograms.push(Arc::new(histogram));
    }
    for _ in 0..take(rest)? {
        series.starts.push((unzigzag(take(rest)?), unzigzag(take(rest)?)));
    }
    for _ in 0..take(rest)? {
        let labels = take_bytes(rest)?;
        let (bits, tail) = rest.split_first_chunk::<8>()?;
        *rest = tail;
        let time = Timestamp::from_nanos(unzigzag(take(rest)?));
        if let Some(exemplars) = &mut exemplars {
            let labels = Labels::from_bytes(labels).ok()?;
            exemplars.push(Exemplar { labels, value: f64::from_bits(u64::from_le_bytes(*bits)), time: Some(time) });
        }
    }
    Some(())
}

pub(super) fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take(rest)?).ok()?;
    let (bytes, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(bytes)
}

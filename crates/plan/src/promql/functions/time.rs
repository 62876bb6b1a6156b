//! Calendar functions: parts of the UTC date and time that a value, taken as seconds since the epoch, stands for.

use gw_lang::promql::ast::Call;

use super::{Function, MapKernel, lower};
use crate::PlanError;
use crate::algebra::{Grid, Map, Node};
use crate::promql::lower::Lowering;

pub(super) static FAMILY: &[Function] = &[
    lower("minute", |lowering, call, grid| {
        part(lowering, call, grid, MapKernel::Float(|value, _| Some((second_of_day(value) / 60 % 60) as f64)))
    }),
    lower("hour", |lowering, call, grid| {
        part(lowering, call, grid, MapKernel::Float(|value, _| Some((second_of_day(value) / 3600) as f64)))
    }),
    lower("day_of_week", |lowering, call, grid| {
        // The epoch was a Thursday.
        part(lowering, call, grid, MapKernel::Float(|value, _| Some((day(value) + 4).rem_euclid(7) as f64)))
    }),
    lower("day_of_month", |lowering, call, grid| {
        part(lowering, call, grid, MapKernel::Float(|value, _| Some(civil(day(value)).2 as f64)))
    }),
    lower("day_of_year", |lowering, call, grid| {
        part(lowering, call, grid, MapKernel::Float(|value, _| Some(day_of_year(day(value)) as f64)))
    }),
    lower("days_in_month", |lowering, call, grid| {
        part(lowering, call, grid, MapKernel::Float(|value, _| Some(days_in_month(day(value)) as f64)))
    }),
    lower("month", |lowering, call, grid| {
        part(lowering, call, grid, MapKernel::Float(|value, _| Some(civil(day(value)).1 as f64)))
    }),
    lower("year", |lowering, call, grid| {
        part(lowering, call, grid, MapKernel::Float(|value, _| Some(civil(day(value)).0 as f64)))
    }),
];

/// A calendar function of the argument, or of the point of evaluation where there is none.
fn part(lowering: &mut Lowering<'_>, call: &Call, grid: Grid, kernel: MapKernel) -> Result<Node, PlanError> {
    let input = match call.args.first() {
        Some(argument) => lowering.lower(argument, grid)?,
        None => Node::Time(grid),
    };
    Ok(Node::Map(Box::new(Map { name: call.function.name, input, grid, kernel, params: Vec::new(), drops_name: true })))
}

/// The earliest second of the calendar, counted from the epoch.
const EARLIEST: i64 = -9_223_372_028_741_760_000;

/// A value as seconds since the epoch.
fn seconds_of(value: f64) -> i128 {
    // Wire: what is no 64-bit number becomes the least of them there, and what lies before the calendar begins wraps around
    // to its other end; so the day of NaN is a Sunday.
    let bound = -(i64::MIN as f64);
    let seconds = if value >= -bound && value < bound { value as i64 } else { i64::MIN };
    if seconds < EARLIEST { i128::from(seconds) + (1 << 64) } else { i128::from(seconds) }
}

fn second_of_day(value: f64) -> i64 {
    seconds_of(value).rem_euclid(86_400) as i64
}

fn day(value: f64) -> i64 {
    seconds_of(value).div_euclid(86_400) as i64
}

fn day_of_year(day: i64) -> i64 {
    day - days_from_civil(civil(day).0, 1) + 1
}

fn days_in_month(day: i64) -> i64 {
    let (year, month, _) = civil(day);
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_from_civil(next_year, next_month) - days_from_civil(year, month)
}

/// Year, month and day of a day counted from the epoch, in the proleptic Gregorian calendar.
fn civil(day: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the leap day is the last of its year.
    let shifted = day.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * march_month + 2) / 5 + 1)
}

/// The first day of a month, counted from the epoch.
fn days_from_civil(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

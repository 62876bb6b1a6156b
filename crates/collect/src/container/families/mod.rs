//! The families of a container's page as a table: what each is called, since which release, to which set it belongs, and
//! what it says of a reading.

mod cpu;
mod disk;
mod memory;
mod network;
mod process;

use gw_batch::MetricType;

use super::config::Compat;
use super::model::{Container, Stats};
use super::sets::MetricSet;

/// A container with one reading.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) container: &'a Container,
    pub(super) stats: &'a Stats,
    pub(super) compat: Compat,
}

/// Takes one sample: labels besides the container's own, in name order, and the value.
pub(super) type Emit<'a> = dyn FnMut(&[(&str, &str)], f64) + 'a;

/// One family.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: MetricType,
    /// Set that switches it; `None` is always on.
    pub(super) set: Option<MetricSet>,
    /// First release that has it.
    pub(super) since: Compat,
    /// Whether samples carry the reading's time.
    pub(super) timed: bool,
    pub(super) values: fn(Reading<'_>, &mut Emit<'_>),
}

/// Every family, by name within each part.
pub(super) static FAMILIES: [&[Family]; 5] =
    [&cpu::FAMILIES, &disk::FAMILIES, &memory::FAMILIES, &network::FAMILIES, &process::FAMILIES];

const fn family(
    kind: MetricType,
    set: MetricSet,
    (name, help): (&'static str, &'static str),
    values: fn(Reading<'_>, &mut Emit<'_>),
) -> Family {
    Family { name, help, kind, set: Some(set), since: Compat::V0_47, timed: true, values }
}

const fn counter(
    set: MetricSet,
    words: (&'static str, &'static str),
    values: fn(Reading<'_>, &mut Emit<'_>),
) -> Family {
    family(MetricType::Counter, set, words, values)
}

const fn gauge(set: MetricSet, words: (&'static str, &'static str), values: fn(Reading<'_>, &mut Emit<'_>)) -> Family {
    family(MetricType::Gauge, set, words, values)
}

impl Family {
    /// One that came with 0.60.
    const fn new_in_0_60(mut self) -> Self {
        self.since = Compat::V0_60;
        self
    }

    /// One that describes the container and not the reading.
    const fn of_the_container(mut self) -> Self {
        self.set = None;
        self.timed = false;
        self
    }
}

/// Nanoseconds in seconds.
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

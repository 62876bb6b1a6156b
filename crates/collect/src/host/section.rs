//! What one collector has to say, remembered from scrape to scrape.
//!
//! A collector tells its samples in the order that it meets them. From one scrape to the next that order hardly ever
//! changes, so each sample is compared with the one that came here last time: when it is the same series, only its value
//! is stored. Nothing is allocated then, and nobody has to sort. A series that is new is looked up and added, one that is
//! not told again is left out of the page until it returns.

use std::fmt::{Arguments, Write as _};
use std::ops::Range;

use gw_batch::MetricType;
use hashbrown::HashTable;

use super::families;

/// Series that one collector may have; those beyond are dropped and the scrape of the collector counts as failed.
const MAX_SERIES: usize = 200_000;
/// Series that are gone are forgotten when they are this many more than those that are there.
const GONE_SURPLUS: usize = 256;

/// The samples of one collector.
#[derive(Debug, Default)]
pub(crate) struct Section {
    keys: Vec<u8>,
    series: Vec<Series>,
    values: Vec<f64>,
    /// The round in which each series was told last.
    told: Vec<u32>,
    round: u32,
    told_now: usize,
    next: usize,
    by_key: HashTable<u32>,
    families: Vec<Family>,
    layout: u64,
    scratch: Vec<u8>,
    refused: bool,
}

#[derive(Debug)]
struct Series {
    key: Range<usize>,
    family: usize,
    rank: u32,
}

/// A family as its first sample described it.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) kind: MetricType,
    pub(crate) help: String,
}

/// A series as a page wants to know it.
pub(crate) struct SeriesView<'a> {
    pub(crate) family: &'a Family,
    /// What stands behind the family's name (`_bucket`).
    pub(crate) suffix: &'a str,
    /// Order among the parts of one histogram or summary.
    pub(crate) rank: u32,
    /// The bytes of [`labels`](Self::labels).
    pairs: &'a [u8],
}

impl<'a> SeriesView<'a> {
    /// Labels in the order told.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&'a str, &'a str)> + Clone {
        let mut parts = self.pairs.split(|byte| *byte == SEPARATOR).map(|part| std::str::from_utf8(part).unwrap_or(""));
        std::iter::from_fn(move || {
            let name = parts.next().filter(|name| !name.is_empty())?;
            Some((name, parts.next().unwrap_or("")))
        })
    }
}

/// Cannot occur in UTF-8 text.
const SEPARATOR: u8 = 0xff;

/// The part of a histogram or summary that a sample is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) suffix: &'a str,
    pub(crate) rank: u32,
}

impl Part<'_> {
    const WHOLE: Part<'static> = Part { suffix: "", rank: 0 };
}

/// How a family that the table does not name is described.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Described<'a> {
    pub(crate) kind: MetricType,
    pub(crate) help: Arguments<'a>,
}

impl Section {
    /// Begins a scrape.
    pub(crate) fn begin(&mut self) {
        let gone = self.series.len() - self.told_now.min(self.series.len());
        if self.round == u32::MAX || gone > self.told_now + GONE_SURPLUS {
            let (layout, scratch) = (self.layout + 1, std::mem::take(&mut self.scratch));
            *self = Self { layout, scratch, ..Self::default() };
        }
        self.round += 1;
        self.told_now = 0;
        self.next = 0;
        self.refused = false;
    }

    /// A sample of a family that the table of families describes; labels in name order.
    pub(crate) fn put(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.tell((format_args!("{name}"), Part::WHOLE), None, labels, value);
    }

    /// A sample of a family whose name is put together.
    pub(crate) fn put_named(&mut self, name: Arguments<'_>, labels: &[(&str, &str)], value: f64) {
        self.tell((name, Part::WHOLE), None, labels, value);
    }

    /// A gauge that the table does not describe.
    pub(crate) fn gauge(&mut self, name: Arguments<'_>, help: Arguments<'_>, labels: &[(&str, &str)], value: f64) {
        self.tell((name, Part::WHOLE), Some(Described { kind: MetricType::Gauge, help }), labels, value);
    }

    /// A counter that the table does not describe.
    pub(crate) fn counter(&mut self, name: Arguments<'_>, help: Arguments<'_>, labels: &[(&str, &str)], value: f64) {
        self.tell((name, Part::WHOLE), Some(Described { kind: MetricType::Counter, help }), labels, value);
    }

    /// An untyped sample that the table does not describe.
    pub(crate) fn untyped(&mut self, name: Arguments<'_>, help: Arguments<'_>, labels: &[(&str, &str)], value: f64) {
        self.tell((name, Part::WHOLE), Some(Described { kind: MetricType::Unknown, help }), labels, value);
    }

    /// Tells again what was told in the scrape before, values and all.
    pub(crate) fn repeat(&mut self) {
        for told in &mut self.told {
            if *told + 1 == self.round {
                *told = self.round;
                self.told_now += 1;
            }
        }
    }

    /// A sample, described by the caller or (`None`) by the table.
    pub(crate) fn tell(
        &mut self,
        (name, part): (Arguments<'_>, Part<'_>),
        described: Option<Described<'_>>,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let mut key = std::mem::take(&mut self.scratch);
        let family_length = write_key(&mut key, name, part, labels);
        match self.find(&key) {
            Some(index) if self.told[index] == self.round => {
                // A series stands once in a scrape: the first counts.
            }
            Some(index) => self.set(index, value),
            None => self.add(&key, family_length, part.rank, described, value),
        }
        self.scratch = key;
    }

    fn find(&mut self, key: &[u8]) -> Option<usize> {
        if let Some(expected) = self.series.get(self.next)
            && self.keys.get(expected.key.clone()) == Some(key)
        {
            return Some(self.next);
        }
        let (keys, series) = (&self.keys, &self.series);
        let same = |index: &u32| keys.get(series[*index as usize].key.clone()) == Some(key);
        self.by_key.find(gw_base::labels::hash_bytes(key), same).map(|index| *index as usize)
    }

    fn set(&mut self, index: usize, value: f64) {
        self.values[index] = value;
        self.told[index] = self.round;
        self.told_now += 1;
        self.next = index + 1;
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a series that is told for the first time")]
    fn add(&mut self, key: &[u8], family_length: usize, rank: u32, described: Option<Described<'_>>, value: f64) {
        if self.series.len() >= MAX_SERIES {
            self.refused = true;
            return;
        }
        let name = key.get(..family_length).map(String::from_utf8_lossy).unwrap_or_default();
        let family = match self.families.iter().rposition(|family| family.name == name) {
            Some(family) => family,
            None => {
                let (kind, help) = match described {
                    Some(described) => (described.kind, described.help.to_string()),
                    None => described_by_table(&name),
                };
                self.families.push(Family { name: name.into_owned(), kind, help });
                self.families.len() - 1
            }
        };
        let index = self.series.len();
        let start = self.keys.len();
        self.keys.extend_from_slice(key);
        self.series.push(Series { key: start..self.keys.len(), family, rank });
        self.values.push(0.0);
        self.told.push(0);
        self.layout += 1;
        let (keys, series) = (&self.keys, &self.series);
        let hash = |index: &u32| {
            gw_base::labels::hash_bytes(keys.get(series[*index as usize].key.clone()).unwrap_or_default())
        };
        self.by_key.insert_unique(gw_base::labels::hash_bytes(key), index as u32, hash);
        self.set(index, value);
    }

    /// Whether series had to be dropped in this scrape.
    pub(crate) const fn is_full(&self) -> bool {
        self.refused
    }

    /// Changes whenever a series was added or forgotten.
    pub(crate) const fn layout(&self) -> u64 {
        self.layout
    }

    /// Copies values into `values` and into `there` which of them were told in this scrape.
    pub(crate) fn copy_to(&self, values: &mut Vec<f64>, there: &mut Vec<bool>) {
        values.clone_from(&self.values);
        there.clear();
        there.extend(self.told.iter().map(|told| *told == self.round));
    }

    /// Every series, those that are gone among them, in the order of [`copy_to`](Self::copy_to).
    pub(crate) fn series(&self) -> impl Iterator<Item = SeriesView<'_>> {
        self.series.iter().map(|series| {
            let family = &self.families[series.family];
            let key = self.keys.get(series.key.clone()).unwrap_or_default();
            let rest = key.get(family.name.len() + 1..).unwrap_or_default();
            let suffix_end = rest.iter().position(|byte| *byte == SEPARATOR).unwrap_or(rest.len());
            SeriesView {
                family,
                suffix: rest.get(..suffix_end).and_then(|suffix| std::str::from_utf8(suffix).ok()).unwrap_or(""),
                rank: series.rank,
                pairs: rest.get(suffix_end + 1..).unwrap_or_default(),
            }
        })
    }
}

/// Writes what tells a series from others; returns how long the family's name is.
fn write_key(key: &mut Vec<u8>, name: Arguments<'_>, part: Part<'_>, labels: &[(&str, &str)]) -> usize {
    key.clear();
    match name.as_str() {
        Some(name) => key.extend_from_slice(name.as_bytes()),
        None => Bytes(key).write_fmt(name).unwrap_or_default(),
    }
    let family_length = key.len();
    key.push(SEPARATOR);
    key.extend_from_slice(part.suffix.as_bytes());
    for (name, value) in labels {
        key.push(SEPARATOR);
        key.extend_from_slice(name.as_bytes());
        key.push(SEPARATOR);
        key.extend_from_slice(value.as_bytes());
    }
    family_length
}

fn described_by_table(name: &str) -> (MetricType, String) {
    let found = families::find(name);
    debug_assert!(found.is_some(), "{name} is missing in families.tsv");
    found.map_or_else(|| (MetricType::Unknown, String::new()), |(kind, help)| (kind, help.to_owned()))
}

/// Formats into bytes.
pub(crate) struct Bytes<'a>(pub(crate) &'a mut Vec<u8>);

impl std::fmt::Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

//! The page put together from the sections of all collectors: families by name, samples by label values; written as text for
//! scrapers and as rows for the store. Order and text of the series are kept until a collector tells a new one; the text of a
//! value until the value changes.

use std::ops::Range;

use gw_base::labels::push_pair;
use gw_base::{METRIC_NAME, Timestamp};
use gw_batch::{MetricType, MetricsBuilder};
use gw_formats::exposition::Writer;
use gw_formats::number::write_page_float;

use super::section::{Section, SeriesView};

/// The page of a machine.
#[derive(Debug, Default)]
pub(crate) struct Page {
    parts: Vec<PagePart>,
    families: Vec<PageFamily>,
    /// Series of all families, one family after the other: part and index in the part.
    order: Vec<(usize, usize)>,
    is_sorted: bool,
    scratch: String,
}

/// What is known of one collector.
#[derive(Debug, Default)]
struct PagePart {
    layout: Option<u64>,
    families: Vec<(String, MetricType, String)>,
    series: Vec<PageSeries>,
    /// `name{labels} ` of every series.
    text: String,
    values: Vec<f64>,
    there: Vec<bool>,
    shown: Vec<Shown>,
    selected: bool,
}

#[derive(Debug)]
struct PageSeries {
    family: usize,
    rank: u32,
    /// Name and labels in `text`.
    prefix: Range<usize>,
    /// Label names and values, for sorting and for the store.
    labels: Box<[(Box<str>, Box<str>)]>,
    suffix: Box<str>,
}

/// The text of a value.
#[derive(Debug, Clone, Copy)]
struct Shown {
    bits: u64,
    length: u8,
    text: [u8; 25],
}

impl Shown {
    const NOT_YET: Self = Self { bits: 0, length: 0, text: [0; 25] };
}

#[derive(Debug)]
struct PageFamily {
    name: String,
    kind: MetricType,
    help: String,
    /// The lines before its samples.
    header: String,
    series: Range<usize>,
}

impl Page {
    pub(crate) fn with_parts(parts: usize) -> Self {
        let mut page = Self::default();
        page.parts.resize_with(parts, PagePart::default);
        page
    }

    /// Takes over what a collector told in its last scrape.
    pub(crate) fn update(&mut self, part: usize, section: &Section) {
        let part = &mut self.parts[part];
        section.copy_to(&mut part.values, &mut part.there);
        if part.layout != Some(section.layout()) {
            part.describe(section);
            self.is_sorted = false;
        }
    }

    /// Which parts the next writing shows.
    pub(crate) fn select(&mut self, wanted: impl Fn(usize) -> bool) {
        for (index, part) in self.parts.iter_mut().enumerate() {
            part.selected = wanted(index);
        }
    }

    /// Appends the page as text.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>) {
        self.sort();
        for family in &self.families {
            let mut is_open = false;
            for &(part, index) in self.order.get(family.series.clone()).unwrap_or_default() {
                let part = &mut self.parts[part];
                if !part.selected || !part.there[index] {
                    continue;
                }
                if !is_open {
                    out.extend_from_slice(family.header.as_bytes());
                    is_open = true;
                }
                let prefix = part.series[index].prefix.clone();
                out.extend_from_slice(part.text.as_bytes().get(prefix).unwrap_or_default());
                let shown = &mut part.shown[index];
                shown.show(part.values[index], &mut self.scratch);
                out.extend_from_slice(shown.text.get(..usize::from(shown.length)).unwrap_or_default());
            }
        }
    }

    /// Appends rows at one time, under `job` and `instance` labels of their own.
    pub(crate) fn rows(&mut self, at: Timestamp, instance: &str, rows: &mut MetricsBuilder, with_metadata: bool) {
        self.sort();
        let mut canonical = Vec::new();
        for family in &self.families {
            let mut is_told = !with_metadata;
            for &(part, index) in self.order.get(family.series.clone()).unwrap_or_default() {
                let part = &self.parts[part];
                if !part.selected || !part.there[index] {
                    continue;
                }
                if !is_told {
                    rows.metadata(&family.name, family.kind, "", &family.help, at);
                    is_told = true;
                }
                let series = &part.series[index];
                let name = [family.name.as_str(), &series.suffix].concat();
                let mut pairs = vec![(METRIC_NAME, name.as_str()), ("instance", instance), ("job", super::JOB)];
                let own = |name: &str| name == "instance" || name == "job";
                let labels = series.labels.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
                pairs.extend(labels.filter(|(name, value)| !value.is_empty() && !own(name)));
                pairs.sort_unstable();
                canonical.clear();
                for (name, value) in &pairs {
                    push_pair(&mut canonical, name, value);
                }
                let key = rows.fresh_series(&canonical);
                rows.sample(key, at, part.values[index]);
            }
        }
    }

    /// Sorts anew after a series came.
    fn sort(&mut self) {
        if std::mem::replace(&mut self.is_sorted, true) {
            return;
        }
        let parts = &self.parts;
        let mut all: Vec<(usize, usize)> = parts
            .iter()
            .enumerate()
            .flat_map(|(part, known)| (0..known.series.len()).map(move |i| (part, i)))
            .collect();
        let family = |(part, index): (usize, usize)| &parts[part].families[parts[part].series[index].family];
        let series = |(part, index): (usize, usize)| &parts[part].series[index];
        all.sort_by(|&a, &b| {
            family(a).0.cmp(&family(b).0).then_with(|| {
                let (a, b) = (series(a), series(b));
                let values =
                    |series: &PageSeries| series.labels.iter().filter(|(name, _)| !is_inner(series, name)).count();
                values(a).cmp(&values(b)).then_with(|| outer(a).cmp(outer(b))).then_with(|| a.rank.cmp(&b.rank))
            })
        });
        self.families.clear();
        self.order.clear();
        for at in all {
            let (name, kind, help) = family(at);
            let place = self.order.len();
            match self.families.last_mut() {
                // A series of another collector or file that contradicts the first is left out, as is one that stands
                // twice.
                Some(last) if last.name == *name && (last.kind != *kind || last.help != *help) => continue,
                Some(last) if last.name == *name => {
                    let twin = |before: &PageSeries, this: &PageSeries| {
                        before.labels == this.labels && before.suffix == this.suffix && before.rank == this.rank
                    };
                    if self.order.last().is_some_and(|before| twin(series(*before), series(at))) {
                        continue;
                    }
                    last.series.end = place + 1;
                }
                _ => {
                    let mut writer = Writer::default();
                    writer.family(name, *kind, help);
                    self.families.push(PageFamily {
                        name: name.clone(),
                        kind: *kind,
                        help: help.clone(),
                        header: writer.finish(),
                        series: place..place + 1,
                    });
                }
            }
            self.order.push(at);
        }
    }
}

/// Label values that samples are sorted by.
fn outer(series: &PageSeries) -> impl Iterator<Item = &str> {
    series.labels.iter().filter(|(name, _)| !is_inner(series, name)).map(|(_, value)| value.as_ref())
}

/// Whether a label tells the parts of one histogram or summary apart.
fn is_inner(series: &PageSeries, name: &str) -> bool {
    series.rank > 0 && matches!(name, "le" | "quantile")
}

impl PagePart {
    fn describe(&mut self, section: &Section) {
        self.layout = Some(section.layout());
        self.families.clear();
        self.series.clear();
        let mut writer = Writer::default();
        for view in section.series() {
            let family = self.family(&view);
            let start = writer.as_str().len();
            writer.series(&[&view.family.name, view.suffix].concat(), view.labels());
            let labels = view.labels().map(|(name, value)| (name.into(), value.into())).collect();
            let prefix = start..writer.as_str().len();
            self.series.push(PageSeries { family, rank: view.rank, prefix, labels, suffix: view.suffix.into() });
        }
        self.text = writer.finish();
        self.shown.clear();
        self.shown.resize(self.series.len(), Shown::NOT_YET);
    }

    fn family(&mut self, view: &SeriesView<'_>) -> usize {
        let known = self.families.iter().rposition(|(name, ..)| *name == view.family.name);
        known.unwrap_or_else(|| {
            self.families.push((view.family.name.clone(), view.family.kind, view.family.help.clone()));
            self.families.len() - 1
        })
    }
}

impl Shown {
    fn show(&mut self, value: f64, scratch: &mut String) {
        if self.length > 0 && self.bits == value.to_bits() {
            return;
        }
        scratch.clear();
        write_page_float(scratch, value);
        scratch.push('\n');
        self.bits = value.to_bits();
        // A float has at most 24 characters in Go's form.
        let length = scratch.len().min(self.text.len());
        self.text[..length].copy_from_slice(&scratch.as_bytes()[..length]);
        self.length = length as u8;
    }
}

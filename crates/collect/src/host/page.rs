//! A page of host metrics: families by name, samples by labels; written as text for scrapers and as rows for the store.

use std::collections::BTreeMap;

use gw_base::{Labels, METRIC_NAME, Timestamp};
use gw_batch::{MetricType, MetricsBuilder};
use gw_formats::exposition::Writer;

/// A page under construction.
#[derive(Debug, Default)]
pub(crate) struct Page {
    families: BTreeMap<String, Family>,
}

#[derive(Debug)]
struct Family {
    kind: MetricType,
    help: String,
    samples: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    /// In name order.
    labels: Vec<(&'static str, String)>,
    value: f64,
}

/// A family that samples are added to.
pub(crate) struct Samples<'a>(&'a mut Family);

impl Page {
    /// The family of this name, made when it is new.
    pub(crate) fn family(&mut self, name: &str, kind: MetricType, help: &str) -> Samples<'_> {
        if !self.families.contains_key(name) {
            self.families.insert(name.to_owned(), Family { kind, help: help.to_owned(), samples: Vec::new() });
        }
        Samples(self.families.get_mut(name).expect("it was just inserted"))
    }

    pub(crate) fn counter(&mut self, name: &str, help: &str) -> Samples<'_> {
        self.family(name, MetricType::Counter, help)
    }

    pub(crate) fn gauge(&mut self, name: &str, help: &str) -> Samples<'_> {
        self.family(name, MetricType::Gauge, help)
    }

    pub(crate) fn untyped(&mut self, name: &str, help: &str) -> Samples<'_> {
        self.family(name, MetricType::Unknown, help)
    }

    /// Families by name, samples by label values, as every Prometheus client library orders them.
    pub(crate) fn write(&mut self, writer: &mut Writer) {
        self.sort();
        for (name, family) in &self.families {
            if family.samples.is_empty() {
                continue;
            }
            writer.family(name, family.kind, &family.help);
            for sample in &family.samples {
                writer.sample(name, sample.labels.iter().map(|(name, value)| (*name, value.as_str())), sample.value);
            }
        }
    }

    /// Rows at one time, under two labels of their own.
    pub(crate) fn rows(&mut self, at: Timestamp, instance: &str, rows: &mut MetricsBuilder, with_metadata: bool) {
        self.sort();
        for (name, family) in &self.families {
            if with_metadata && !family.samples.is_empty() {
                rows.metadata(name, family.kind, "", &family.help, at);
            }
            for sample in &family.samples {
                let own = [(METRIC_NAME, name.as_str()), ("job", super::JOB), ("instance", instance)];
                let labels = sample.labels.iter().map(|(name, value)| (*name, value.as_str()));
                let series = rows.series(&Labels::from_pairs(own.into_iter().chain(labels)));
                rows.sample(series, at, sample.value);
            }
        }
    }

    fn sort(&mut self) {
        for family in self.families.values_mut() {
            family
                .samples
                .sort_by(|a, b| a.labels.iter().map(|(_, value)| value).cmp(b.labels.iter().map(|(_, value)| value)));
        }
    }
}

impl Samples<'_> {
    /// Adds a sample; labels are given in name order.
    pub(crate) fn add(&mut self, labels: &[(&'static str, &str)], value: f64) -> &mut Self {
        debug_assert!(labels.is_sorted_by(|a, b| a.0 < b.0), "labels are given in name order");
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.0.samples.push(Sample { labels, value });
        self
    }
}

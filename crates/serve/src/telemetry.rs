//! The product's own metrics: parts register a source, `/metrics` pages gather all of them.

use std::sync::{Arc, Mutex, PoisonError};

use axum::response::{IntoResponse, Response};
use gw_base::Labels;
use gw_batch::MetricType;
use gw_formats::exposition;
use http::header;

/// One family of own metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Metric name.
    pub name: String,
    /// What it counts.
    pub help: String,
    /// Its type.
    pub kind: MetricType,
    /// Its samples.
    pub samples: Vec<FamilySample>,
}

/// One sample of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilySample {
    /// What stands behind the family's name: `_bucket`, `_sum`, `_count` of histograms and summaries, else nothing.
    pub suffix: &'static str,
    /// Labels without the name.
    pub labels: Labels,
    /// Value.
    pub value: f64,
}

/// A page of own metrics under construction.
#[derive(Debug, Default)]
pub struct Page {
    families: Vec<Family>,
}

impl Page {
    /// Adds a sample; the family is made when it is new.
    #[expect(clippy::too_many_arguments, reason = "a line of a metrics page has this many parts, each of another type")]
    pub fn sample(&mut self, kind: MetricType, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.part(kind, name, help, "", labels, value);
    }

    /// Adds a sample whose name has a suffix behind the family's.
    #[expect(clippy::too_many_arguments, reason = "a line of a metrics page has this many parts, each of another type")]
    pub fn part(
        &mut self,
        kind: MetricType,
        name: &str,
        help: &str,
        suffix: &'static str,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let sample = FamilySample { suffix, labels: Labels::from_pairs(labels.iter().copied()), value };
        match self.families.iter_mut().find(|family| family.name == name) {
            Some(family) => family.samples.push(sample),
            None => {
                let family = Family { name: name.to_owned(), help: help.to_owned(), kind, samples: vec![sample] };
                self.families.push(family);
            }
        }
    }

    /// Adds a counter sample.
    pub fn counter(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: u64) {
        self.sample(MetricType::Counter, name, help, labels, value as f64);
    }

    /// Adds a gauge sample.
    pub fn gauge(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.sample(MetricType::Gauge, name, help, labels, value);
    }

    /// The families by name.
    #[must_use]
    pub fn finish(mut self) -> Vec<Family> {
        self.families.sort_by(|a, b| a.name.cmp(&b.name));
        self.families
    }
}

type Source = Box<dyn Fn(&mut Page) + Send + Sync>;

/// The sources of own metrics. Cloning shares them.
#[derive(Clone, Default)]
pub struct Telemetry {
    sources: Arc<Mutex<Vec<Source>>>,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}

impl Telemetry {
    /// Adds a source that is asked at every gathering; it must not block.
    pub fn register(&self, source: impl Fn(&mut Page) + Send + Sync + 'static) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(source));
    }

    /// Asks all sources.
    #[must_use]
    pub fn gather(&self) -> Vec<Family> {
        let mut page = Page::default();
        for source in self.sources.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            source(&mut page);
        }
        page.finish()
    }

    /// The answer of a `/metrics` route.
    #[must_use]
    pub fn page(&self) -> Response {
        let mut writer = exposition::Writer::default();
        for family in self.gather() {
            writer.family(&family.name, family.kind, &family.help);
            for sample in &family.samples {
                let name = format!("{}{}", family.name, sample.suffix);
                writer.sample(&name, &sample.labels, sample.value);
            }
        }
        ([(header::CONTENT_TYPE, exposition::CONTENT_TYPE)], writer.finish()).into_response()
    }
}

//! From a metrics page to a batch: target labels, relabelling, limits, staleness, the scrape's own series.
//!
//! A cache knows every series of the last page by its text as written. Known series cost one lookup; labels are built and
//! rules applied only for series that are new.

use gw_base::{Labels, LabelsBuilder, METRIC_NAME, Map, Set, TYPE_LABEL, Tenant, Timestamp, UNIT_LABEL};
use gw_batch::{Batch, Exemplar, MetricType, MetricsBuilder, STALE_NAN_BITS};
use gw_formats::FormatError;
use gw_formats::exposition::{self, Dialect, Metadata, Sample, Visitor};

use super::Job;

/// What is remembered of a target from one scrape to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    series: Map<Box<str>, Known>,
    families: Map<Box<str>, Family>,
    page: u64,
}

/// A series as the page writes it.
#[derive(Debug)]
struct Known {
    /// `None` when the rules drop it.
    labels: Option<Labels>,
    /// The first page it stood on.
    first_page: u64,
    /// The last page it stood on.
    page: u64,
    /// Whether it gets a stale marker when it vanishes.
    tracked: bool,
    exemplar: Option<Box<Exemplar>>,
}

#[derive(Debug, Default, PartialEq, Clone)]
struct Family {
    kind: Option<MetricType>,
    unit: String,
    help: String,
    /// Whether the store has been told.
    told: bool,
}

/// What a scrape counted, for its own series.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) scraped: u64,
    pub(crate) kept: u64,
    pub(crate) added: u64,
}

/// How a scrape went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) at: Timestamp,
    pub(crate) up: bool,
    pub(crate) seconds: f64,
    pub(crate) body_bytes: i64,
    pub(crate) counts: Counts,
}

/// Reads a page. Nothing of it is kept when it breaks a limit or does not parse.
pub(crate) fn read_page(
    memory: &mut Memory,
    job: &Job,
    target: &Labels,
    page: (&[u8], Dialect),
    at: Timestamp,
) -> Result<(MetricsBuilder, Counts), String> {
    memory.page += 1;
    let mut reader = PageReader { memory, job, target, at, rows: MetricsBuilder::default(), counts: Counts::default() };
    let outcome = exposition::parse(page.0, page.1, &mut reader);
    let PageReader { mut rows, counts, .. } = reader;
    if let Err(error) = outcome {
        // Series that only this page showed were never stored, so nothing has to say that they ended.
        let page = memory.page;
        memory.series.retain(|_, known| known.first_page != page);
        return Err(error.to_string());
    }
    mark_vanished(memory, &mut rows, at);
    tell_families(memory, &mut rows, at);
    Ok((rows, counts))
}

/// Marks every remembered series as ended, and forgets them.
pub(crate) fn end_all(memory: &mut Memory, rows: &mut MetricsBuilder, at: Timestamp) {
    let tracked = memory.series.values().filter(|known| known.tracked);
    let mut ended: Vec<&Labels> = tracked.filter_map(|known| known.labels.as_ref()).collect();
    ended.sort_unstable();
    ended.dedup();
    for labels in ended {
        stale(rows, labels, at);
    }
    memory.series.clear();
}

/// Appends the scrape's own series.
pub(crate) fn report(rows: &mut MetricsBuilder, job: &Job, target: &Labels, report: &Report) {
    let counts = report.counts;
    let mut put = |name: &str, value: f64| {
        let series = rows.series(&own(target, name));
        rows.sample(series, report.at, value);
    };
    put("up", f64::from(u8::from(report.up)));
    put("scrape_duration_seconds", report.seconds);
    put("scrape_samples_scraped", counts.scraped as f64);
    put("scrape_samples_post_metric_relabeling", counts.kept as f64);
    put("scrape_series_added", counts.added as f64);
    if job.config.extra_scrape_metrics {
        put("scrape_timeout_seconds", job.timeout.get().as_secs_f64());
        put("scrape_sample_limit", job.config.sample_limit as f64);
        put("scrape_body_size_bytes", report.body_bytes as f64);
    }
}

const OWN: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

/// Ends the scrape's own series, of a target that is no more.
pub(crate) fn end_report(rows: &mut MetricsBuilder, target: &Labels, at: Timestamp) {
    for name in OWN {
        stale(rows, &own(target, name), at);
    }
}

fn own(target: &Labels, name: &str) -> Labels {
    let mut labels = target.to_builder();
    labels.set(METRIC_NAME, name);
    labels.build()
}

fn stale(rows: &mut MetricsBuilder, labels: &Labels, at: Timestamp) {
    let series = rows.series(labels);
    rows.sample(series, at, f64::from_bits(STALE_NAN_BITS));
}

/// The batch of a scrape, unless it is empty.
pub(crate) fn finish(rows: MetricsBuilder, tenant: &Tenant) -> Vec<Batch> {
    if rows.is_empty() { Vec::new() } else { vec![rows.finish(tenant.clone())] }
}

/// Series that stood on the last page and not on this one: they get their marker, unless the same labels are still there
/// under another spelling.
fn mark_vanished(memory: &mut Memory, rows: &mut MetricsBuilder, at: Timestamp) {
    let page = memory.page;
    let gone = |known: &Known| known.page != page;
    if !memory.series.values().any(gone) {
        return;
    }
    let alive: Set<&Labels> =
        memory.series.values().filter(|known| !gone(known)).filter_map(|known| known.labels.as_ref()).collect();
    let mut ended: Vec<&Labels> = memory
        .series
        .values()
        .filter(|known| gone(known) && known.tracked)
        .filter_map(|known| known.labels.as_ref())
        .filter(|labels| !alive.contains(labels))
        .collect();
    ended.sort_unstable();
    ended.dedup();
    for labels in ended {
        stale(rows, labels, at);
    }
    memory.series.retain(|_, known| known.page == page);
}

fn tell_families(memory: &mut Memory, rows: &mut MetricsBuilder, at: Timestamp) {
    let mut news: Vec<(&Box<str>, &mut Family)> =
        memory.families.iter_mut().filter(|(_, family)| !family.told).collect();
    news.sort_unstable_by(|a, b| a.0.cmp(b.0));
    for (name, family) in news {
        rows.metadata(name, family.kind.unwrap_or(MetricType::Unknown), &family.unit, &family.help, at);
        family.told = true;
    }
}

struct PageReader<'a> {
    memory: &'a mut Memory,
    job: &'a Job,
    target: &'a Labels,
    at: Timestamp,
    rows: MetricsBuilder,
    counts: Counts,
}

impl Visitor for PageReader<'_> {
    fn sample(&mut self, sample: &Sample<'_>) -> Result<(), FormatError> {
        self.counts.scraped += 1;
        let page = self.memory.page;
        let time = sample.time.filter(|_| self.job.config.honor_timestamps);
        if !self.memory.series.contains_key(sample.series) {
            self.add(sample, time)?;
        }
        let Some(known) = self.memory.series.get_mut(sample.series) else { return Ok(()) };
        let repeated = known.page == page && time.is_none();
        known.page = page;
        known.tracked = time.is_none() || self.job.config.track_timestamps_staleness;
        let Some(labels) = &known.labels else { return Ok(()) };
        self.counts.kept += 1;
        if self.job.config.sample_limit > 0 && self.counts.kept > self.job.config.sample_limit {
            return Err(refused("sample limit exceeded".to_owned()));
        }
        if repeated {
            // The same series twice on one page: the first value stands, as in Prometheus.
            return Ok(());
        }
        let exemplar = sample.exemplar.as_ref().and_then(|exemplar| exemplar.to_exemplar().ok());
        // A page repeats its exemplars until better ones come; each is stored once.
        let fresh = exemplar.filter(|exemplar| known.exemplar.as_deref() != Some(exemplar));
        let series = self.rows.series_bytes(labels.as_bytes());
        self.rows.sample_with(series, time.unwrap_or(self.at), sample.value, None, fresh.as_ref());
        if let Some(exemplar) = fresh {
            known.exemplar = Some(Box::new(exemplar));
        }
        Ok(())
    }

    fn metadata(&mut self, name: &str, metadata: Metadata<'_>) -> Result<(), FormatError> {
        if !self.memory.families.contains_key(name) {
            self.memory.families.insert(name.into(), Family::default());
        }
        let Some(family) = self.memory.families.get_mut(name) else { return Ok(()) };
        let before = family.clone();
        match metadata {
            Metadata::Type(kind) => family.kind = Some(kind),
            Metadata::Help(text) if family.help != text => family.help = text.into_owned(),
            Metadata::Unit(text) if family.unit != text => text.clone_into(&mut family.unit),
            Metadata::Help(_) | Metadata::Unit(_) => {}
        }
        family.told &= *family == before;
        Ok(())
    }
}

impl PageReader<'_> {
    /// Takes a series into the cache that was not there.
    fn add(&mut self, sample: &Sample<'_>, time: Option<Timestamp>) -> Result<(), FormatError> {
        let mut labels = LabelsBuilder::default();
        labels.set(METRIC_NAME, sample.name);
        for (name, value) in sample.labels {
            if labels.get(name).is_some() {
                return Err(refused(format!("label {name:?} stands twice in {}", sample.name)));
            }
            labels.set(name.as_ref(), value.as_ref());
        }
        if self.job.typed {
            self.with_type_and_unit(sample.name, &mut labels);
        }
        self.with_target_labels(&mut labels);
        let keep = self.job.sample_rules.apply(&mut labels);
        if keep {
            check(self.job, &labels)?;
        }
        self.counts.added += u64::from(keep);
        let known = Known {
            labels: keep.then(|| labels.build()),
            first_page: self.memory.page,
            // Not on this page yet: the caller marks it.
            page: 0,
            tracked: time.is_none(),
            exemplar: None,
        };
        self.memory.series.insert(sample.series.into(), known);
        Ok(())
    }

    /// Wire: type and unit that the page tells of the metric win over labels of these names; those that it does not tell
    /// are left out (prometheus schema/labels.go).
    fn with_type_and_unit(&self, name: &str, labels: &mut LabelsBuilder) {
        const ENDS: [&str; 8] = ["_bucket", "_count", "_sum", "_total", "_created", "_info", "_gcount", "_gsum"];
        let base = ENDS.iter().filter_map(|end| name.strip_suffix(end));
        let family = std::iter::once(name).chain(base).find_map(|name| self.memory.families.get(name));
        let kind = family.and_then(|family| family.kind).filter(|kind| *kind != MetricType::Unknown);
        labels.set(TYPE_LABEL, kind.map_or("", MetricType::as_str));
        labels.set(UNIT_LABEL, family.map_or("", |family| family.unit.as_str()));
    }

    /// Wire: without `honor_labels` the target's labels win and those of the page become `exported_NAME`.
    fn with_target_labels(&self, labels: &mut LabelsBuilder) {
        if self.job.config.honor_labels {
            for (name, value) in self.target.iter() {
                if labels.get(name).is_none() {
                    labels.set(name, value);
                }
            }
            return;
        }
        let mut moved = Vec::new();
        for (name, value) in self.target.iter() {
            if let Some(own) = labels.get(name) {
                moved.push((name, own.to_owned()));
            }
            labels.set(name, value);
        }
        for (name, value) in moved {
            let mut exported = format!("exported_{name}");
            while labels.get(&exported).is_some() {
                exported.insert_str(0, "exported_");
            }
            labels.set(exported, value);
        }
    }
}

fn refused(message: String) -> FormatError {
    FormatError::Malformed { message }
}

/// The limits on labels, in Prometheus' words.
fn check(job: &Job, labels: &LabelsBuilder) -> Result<(), FormatError> {
    let Some(metric) = labels.get(METRIC_NAME) else {
        return Err(refused("missing metric name (__name__ label)".to_owned()));
    };
    let config = &job.config;
    let count = labels.iter().count() as u64;
    if config.label_limit > 0 && count > config.label_limit {
        let message = format!(
            "label_limit exceeded (metric: {metric:.50}, number of labels: {count}, limit: {})",
            config.label_limit
        );
        return Err(refused(message));
    }
    for (name, value) in labels.iter() {
        let over = |length: usize, limit: u64| limit > 0 && length as u64 > limit;
        if over(name.len(), config.label_name_length_limit) {
            let message = format!(
                "label_name_length_limit exceeded (metric: {metric:.50}, label name: {name:.50}, length: {}, limit: {})",
                name.len(),
                config.label_name_length_limit
            );
            return Err(refused(message));
        }
        if over(value.len(), config.label_value_length_limit) {
            let message = format!(
                "label_value_length_limit exceeded (metric: {metric:.50}, label name: {name:.50}, value: {value:.50}, length: {}, limit: {})",
                value.len(),
                config.label_value_length_limit
            );
            return Err(refused(message));
        }
    }
    Ok(())
}

//! The rules of OpenMetrics beyond its grammar, for linters and conformance; a scraper does not ask for them.
//!
//! Families stand together with their metadata first, samples of one label set stand together, values are possible for their
//! type, histograms are whole.

use gw_base::{Set, Timestamp};
use gw_batch::MetricType;

use super::family::Family;
use super::{Dialect, Metadata, Sample, Visitor, parse};
use crate::FormatError;

/// Longest label set of an exemplar, in characters of names and values together.
const EXEMPLAR_CHARS: usize = 128;

/// Parses a body and checks every rule.
///
/// # Errors
/// [`FormatError::Line`] at the first line that breaks the grammar or a rule.
pub fn check(body: &[u8]) -> Result<(), FormatError> {
    let mut checker = Checker::default();
    parse(body, Dialect::OpenMetrics, &mut checker)?;
    checker.finish_family()
}

fn broken(message: impl Into<String>) -> FormatError {
    FormatError::malformed(message)
}

/// The samples of one family that share all labels but `le`, `quantile` and the like.
#[derive(Debug, Default)]
struct Group {
    labels: Vec<(String, String)>,
    times: Vec<(String, Option<Timestamp>)>,
    buckets: Option<Buckets>,
    count: Option<f64>,
    sum: Option<f64>,
}

/// What the buckets seen so far say.
#[derive(Debug)]
struct Buckets {
    last_bound: f64,
    last_count: f64,
    has_negative: bool,
}

#[derive(Debug, Default)]
struct Checker {
    seen: Set<String>,
    family: Option<Family>,
    group: Option<Group>,
    groups_done: Set<Vec<(String, String)>>,
}

impl Visitor for Checker {
    fn metadata(&mut self, family: &str, metadata: Metadata<'_>) -> Result<(), FormatError> {
        if self.family.as_ref().is_none_or(|current| current.name != family) {
            self.open_family(family)?;
        }
        match self.family.as_mut() {
            Some(current) => current.describe(metadata).map_err(broken),
            None => Ok(()),
        }
    }

    fn sample(&mut self, sample: &Sample<'_>) -> Result<(), FormatError> {
        if sample.series.ends_with(",}") {
            return Err(broken("a comma before the closing brace"));
        }
        if !self.family.as_ref().is_some_and(|family| family.owns(sample.name)) {
            self.open_family(sample.name)?;
        }
        let Some(family) = self.family.as_mut() else { return Ok(()) };
        family.has_samples = true;
        let family = &*family;
        check_value(family, sample)?;
        check_exemplar(family, sample)?;
        let labels = family.group_labels(sample);
        if self.group.as_ref().is_none_or(|group| group.labels != labels) {
            let done = self.group.take();
            finish_group(family, done.as_ref())?;
            self.groups_done.extend(done.map(|group| group.labels));
            if self.groups_done.contains(&labels) {
                return Err(broken(format!("samples of {:?} with the same labels do not stand together", family.name)));
            }
            self.group = Some(Group { labels, ..Group::default() });
        }
        match self.group.as_mut() {
            Some(group) => group.take(family, sample),
            None => Ok(()),
        }
    }
}

impl Checker {
    fn open_family(&mut self, name: &str) -> Result<(), FormatError> {
        self.finish_family()?;
        if !self.seen.insert(name.to_owned()) {
            return Err(broken(format!("metric family {name:?} stands twice")));
        }
        self.family = Some(Family::new(name));
        Ok(())
    }

    fn finish_family(&mut self) -> Result<(), FormatError> {
        self.groups_done.clear();
        match (self.family.take(), self.group.take()) {
            (Some(family), group) => finish_group(&family, group.as_ref()),
            _ => Ok(()),
        }
    }
}

impl Group {
    fn take(&mut self, family: &Family, sample: &Sample<'_>) -> Result<(), FormatError> {
        match self.times.iter_mut().find(|(series, _)| series == sample.series) {
            None => self.times.push((sample.series.to_owned(), sample.time)),
            Some((series, last)) => {
                let rises = last.zip(sample.time).is_some_and(|(last, time)| last < time);
                if !rises {
                    return Err(broken(format!("samples of {series} do not rise in time")));
                }
                *last = sample.time;
            }
        }
        if self.times.iter().any(|(_, time)| time.is_some() != sample.time.is_some()) {
            return Err(broken(format!("only some samples of {:?} have a time", family.name)));
        }
        match family.suffix(sample.name) {
            "_bucket" => self.bucket(sample),
            "_count" | "_gcount" => {
                self.count = Some(sample.value);
                Ok(())
            }
            "_sum" | "_gsum" => {
                self.sum = Some(sample.value);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn bucket(&mut self, sample: &Sample<'_>) -> Result<(), FormatError> {
        let le = sample.label("le").ok_or_else(|| broken("a bucket has no label le"))?;
        let bound = match le {
            "+Inf" => f64::INFINITY,
            text => crate::number::parse_float(text)
                .filter(|bound| bound.is_finite())
                .ok_or_else(|| broken(format!("le {text:?} is no bound")))?,
        };
        let buckets =
            self.buckets.get_or_insert(Buckets { last_bound: f64::NEG_INFINITY, last_count: 0.0, has_negative: false });
        let again = bound == buckets.last_bound && sample.time.is_some();
        if bound <= buckets.last_bound && !again {
            return Err(broken("bounds of buckets do not rise"));
        }
        if sample.value < buckets.last_count && !again {
            return Err(broken("counts of buckets fall"));
        }
        buckets.has_negative |= bound < 0.0;
        (buckets.last_bound, buckets.last_count) = (bound, sample.value);
        Ok(())
    }
}

fn finish_group(family: &Family, group: Option<&Group>) -> Result<(), FormatError> {
    let Some(group) = group else { return Ok(()) };
    if !matches!(family.kind, MetricType::Histogram | MetricType::GaugeHistogram) {
        return Ok(());
    }
    let Some(buckets) = &group.buckets else { return Err(broken("a histogram has no buckets")) };
    if buckets.last_bound != f64::INFINITY {
        return Err(broken("a histogram has no bucket +Inf"));
    }
    if group.count.is_some() != group.sum.is_some() && !(family.kind == MetricType::Histogram && buckets.has_negative) {
        return Err(broken("a histogram has only one of count and sum"));
    }
    if group.count.is_some_and(|count| count != buckets.last_count) {
        return Err(broken("the count of a histogram is not that of its bucket +Inf"));
    }
    match group.sum {
        Some(_) if family.kind == MetricType::Histogram && buckets.has_negative => {
            Err(broken("a histogram with negative buckets has a sum"))
        }
        Some(sum) if sum < 0.0 && !buckets.has_negative => Err(broken("a sum is negative without negative buckets")),
        _ => Ok(()),
    }
}

fn check_value(family: &Family, sample: &Sample<'_>) -> Result<(), FormatError> {
    let value = sample.value;
    let suffix = family.suffix(sample.name);
    let wrong = match (family.kind, suffix) {
        (MetricType::Counter, _) | (MetricType::Histogram, _) => value.is_nan() || value < 0.0,
        (MetricType::GaugeHistogram, "_gsum") => value.is_nan(),
        (MetricType::GaugeHistogram, _) => value.is_nan() || value < 0.0,
        (MetricType::Summary, "") => false,
        (MetricType::Summary, _) => value.is_nan() || value < 0.0,
        (MetricType::Info, _) => value != 1.0,
        (MetricType::StateSet, _) => value != 0.0 && value != 1.0,
        _ => false,
    };
    if wrong {
        return Err(broken(format!("{value} is no value of {}", sample.name)));
    }
    match (family.kind, suffix) {
        (MetricType::Summary, "") => {
            let quantile = sample.label("quantile").and_then(crate::number::parse_float);
            let good = quantile.is_some_and(|quantile| (0.0..=1.0).contains(&quantile));
            if good { Ok(()) } else { Err(broken("a summary sample has no quantile from 0 to 1")) }
        }
        (MetricType::StateSet, _) if sample.label(&family.name).is_none() => {
            Err(broken(format!("a state has no label {:?}", family.name)))
        }
        _ => Ok(()),
    }
}

fn check_exemplar(family: &Family, sample: &Sample<'_>) -> Result<(), FormatError> {
    let Some(exemplar) = &sample.exemplar else { return Ok(()) };
    let allowed = matches!(
        (family.kind, family.suffix(sample.name)),
        (MetricType::Counter, "_total") | (MetricType::Histogram | MetricType::GaugeHistogram, "_bucket")
    );
    if !allowed {
        return Err(broken(format!("{} may not have exemplars", sample.name)));
    }
    let chars: usize = exemplar.labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if chars > EXEMPLAR_CHARS {
        return Err(broken(format!("labels of an exemplar have {chars} characters, more than {EXEMPLAR_CHARS}")));
    }
    Ok(())
}

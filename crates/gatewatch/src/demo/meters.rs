//! The numbers that the simulated gateway and services count, and the pages that show them to a scraper.

use std::collections::BTreeMap;

use gw_batch::MetricType;
use gw_formats::exposition::Writer;

/// Label pairs, sorted by the order in which they were given.
type Pairs = Vec<(&'static str, String)>;

/// Counters, gauges and histograms of one process.
#[derive(Debug, Default)]
pub(super) struct Meters {
    families: BTreeMap<&'static str, Family>,
}

#[derive(Debug)]
struct Family {
    kind: MetricType,
    help: &'static str,
    values: BTreeMap<Pairs, f64>,
    histograms: BTreeMap<Pairs, Histogram>,
}

#[derive(Debug)]
struct Histogram {
    bounds: &'static [f64],
    counts: Vec<u64>,
    sum: f64,
    count: u64,
}

impl Meters {
    /// Adds to a counter.
    pub(super) fn add(&mut self, name: &'static str, help: &'static str, labels: Pairs, amount: f64) {
        *self.family(name, MetricType::Counter, help).values.entry(labels).or_default() += amount;
    }

    /// Sets a gauge.
    pub(super) fn set(&mut self, name: &'static str, help: &'static str, labels: Pairs, value: f64) {
        self.family(name, MetricType::Gauge, help).values.insert(labels, value);
    }

    /// Forgets the values of a family, before all of them are set again.
    pub(super) fn forget(&mut self, name: &str) {
        if let Some(family) = self.families.get_mut(name) {
            family.values.clear();
        }
    }

    /// Adds an observation to a histogram.
    pub(super) fn observe(
        &mut self,
        (name, help): (&'static str, &'static str),
        bounds: &'static [f64],
        labels: Pairs,
        value: f64,
    ) {
        let family = self.family(name, MetricType::Histogram, help);
        let fresh = || Histogram { bounds, counts: vec![0; bounds.len()], sum: 0.0, count: 0 };
        let histogram = family.histograms.entry(labels).or_insert_with(fresh);
        for (count, bound) in histogram.counts.iter_mut().zip(bounds) {
            *count += u64::from(value <= *bound);
        }
        histogram.sum += value;
        histogram.count += 1;
    }

    fn family(&mut self, name: &'static str, kind: MetricType, help: &'static str) -> &mut Family {
        let fresh = || Family { kind, help, values: BTreeMap::new(), histograms: BTreeMap::new() };
        self.families.entry(name).or_insert_with(fresh)
    }

    /// The page.
    pub(super) fn page(&self) -> String {
        let mut writer = Writer::default();
        for (name, family) in &self.families {
            writer.family(name, family.kind, family.help);
            for (labels, value) in &family.values {
                writer.sample(name, labels.iter().map(|(name, value)| (*name, value.as_str())), *value);
            }
            let (buckets, sum, count) = (format!("{name}_bucket"), format!("{name}_sum"), format!("{name}_count"));
            for (labels, histogram) in &family.histograms {
                let bounds = histogram.bounds.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
                let bounds: Vec<String> = bounds.collect();
                let own = || labels.iter().map(|(name, value)| (*name, value.as_str()));
                for (bound, value) in bounds.iter().zip(histogram.counts.iter().chain([&histogram.count])) {
                    writer.sample(&buckets, own().chain([("le", bound.as_str())]), *value as f64);
                }
                writer.sample(&sum, own(), histogram.sum);
                writer.sample(&count, own(), histogram.count as f64);
            }
        }
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_what_scrapers_expect() {
        let mut meters = Meters::default();
        meters.add("hits_total", "Hits.", vec![("code", "200".to_owned())], 2.0);
        meters.observe(("took_seconds", "Time."), &[0.1, 1.2], vec![], 0.5);
        assert_eq!(
            meters.page(),
            "# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total{code=\"200\"} 2\n\
             # HELP took_seconds Time.\n# TYPE took_seconds histogram\ntook_seconds_bucket{le=\"0.1\"} 0\n\
             took_seconds_bucket{le=\"1.2\"} 1\ntook_seconds_bucket{le=\"+Inf\"} 1\ntook_seconds_sum 0.5\ntook_seconds_count 1\n"
        );
    }
}

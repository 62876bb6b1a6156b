//! A metric family as the rules of OpenMetrics see it: which sample names are its own, which metadata it has had.

use gw_batch::MetricType;

use super::{Metadata, Sample};

/// A family that is being read.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) kind: MetricType,
    pub(super) has_samples: bool,
    has_unit: bool,
    said: [bool; 3],
}

impl Family {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), kind: MetricType::Unknown, has_samples: false, has_unit: false, said: [false; 3] }
    }

    /// Takes a metadata line.
    pub(super) fn describe(&mut self, metadata: Metadata<'_>) -> Result<(), String> {
        if self.has_samples {
            return Err(format!("metadata of {:?} stands after its samples", self.name));
        }
        let place = match metadata {
            Metadata::Type(kind) => {
                self.kind = kind;
                0
            }
            Metadata::Help(_) => 1,
            Metadata::Unit(unit) => {
                self.has_unit = !unit.is_empty();
                2
            }
        };
        if std::mem::replace(&mut self.said[place], true) {
            return Err(format!("metadata of {:?} stands twice", self.name));
        }
        if self.has_unit && matches!(self.kind, MetricType::Info | MetricType::StateSet) {
            return Err(format!("{:?} is of a type that has no unit", self.name));
        }
        Ok(())
    }

    const fn suffixes(&self) -> &'static [&'static str] {
        match self.kind {
            MetricType::Counter => &["_total", "_created"],
            MetricType::Histogram => &["_bucket", "_sum", "_count", "_created"],
            MetricType::GaugeHistogram => &["_bucket", "_gsum", "_gcount"],
            MetricType::Summary => &["", "_sum", "_count", "_created"],
            MetricType::Info => &["_info"],
            MetricType::Unknown | MetricType::Gauge | MetricType::StateSet => &[""],
        }
    }

    /// Whether a sample of that name belongs here.
    pub(super) fn owns(&self, sample: &str) -> bool {
        sample.strip_prefix(self.name.as_str()).is_some_and(|suffix| self.suffixes().contains(&suffix))
    }

    /// What a sample's name adds to the family's.
    pub(super) fn suffix<'s>(&self, sample: &'s str) -> &'s str {
        sample.strip_prefix(self.name.as_str()).unwrap_or_default()
    }

    /// A sample's labels without those that tell the samples of one group apart, sorted.
    pub(super) fn group_labels(&self, sample: &Sample<'_>) -> Vec<(String, String)> {
        let inner = match self.kind {
            MetricType::Histogram | MetricType::GaugeHistogram => "le",
            MetricType::Summary => "quantile",
            MetricType::StateSet => self.name.as_str(),
            _ => "",
        };
        let outer = sample.labels.iter().filter(|(name, _)| name != inner);
        let mut labels: Vec<_> = outer.map(|(name, value)| (name.to_string(), value.to_string())).collect();
        labels.sort_unstable();
        labels
    }
}

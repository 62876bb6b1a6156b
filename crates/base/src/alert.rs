//! An alert: the fact that a rule holds for one label set, as it travels from the detector to the dispatcher.

use std::sync::Arc;
use std::time::Duration;

use crate::{Labels, Timestamp};

/// The label that carries an alert's name.
pub const ALERT_NAME: &str = "alertname";

/// One alert. Equal labels are the same alert; a later one replaces an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Identity: the labels of the series and the rule, `alertname` among them, no metric name.
    pub labels: Labels,
    /// Texts for people, templates already expanded.
    pub annotations: Labels,
    /// Since when it fires.
    pub starts_at: Timestamp,
    /// When it ended, or, of a firing alert, when it is taken as ended if nobody repeats it.
    pub ends_at: Timestamp,
    /// When the sender said so last.
    pub updated_at: Timestamp,
    /// A page that shows the expression behind it; empty when there is none.
    pub generator_url: String,
    /// The value of the expression when last evaluated.
    pub value: Option<f64>,
    /// The rule behind it; `None` for alerts that came from outside.
    pub origin: Option<Arc<AlertOrigin>>,
}

/// The rule that an alert came from, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertOrigin {
    /// Name of the rule group.
    pub group: String,
    /// The expression.
    pub query: String,
    /// How long the expression must hold before the alert fires.
    pub hold_for: Duration,
}

impl Alert {
    /// The alert's name, empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.labels.get(ALERT_NAME).unwrap_or("")
    }

    /// Whether it has ended at `now`.
    #[must_use]
    pub fn is_resolved(&self, now: Timestamp) -> bool {
        self.ends_at <= now
    }

    /// The fingerprint of its labels.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.labels)
    }
}

/// The identity of a label set as Prometheus and Alertmanager compute and print it: 16 hexadecimal digits.
///
/// Wire: FNV-1a of 64 bits over name, 0xFF, value, 0xFF of each pair in name order (`model.LabelSet.Fingerprint`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// Computes the fingerprint of labels.
    #[must_use]
    pub fn of(labels: &Labels) -> Self {
        let texts = labels.iter().flat_map(|(name, value)| [name, value]);
        let hash = texts.fold(0xCBF2_9CE4_8422_2325u64, |hash, text| {
            text.bytes().chain([0xFF]).fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
        });
        Self(hash)
    }

    /// Parses 16 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        is_hex.then(|| u64::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_prometheus() {
        // `model.LabelSet{}.Fingerprint()` is the FNV offset basis.
        assert_eq!(Fingerprint::of(&Labels::empty()).to_string(), "cbf29ce484222325");
        let print = Fingerprint::of(&Labels::from_pairs([("alertname", "Down"), ("job", "a")]));
        assert_eq!(Fingerprint::parse(&print.to_string()), Some(print));
        for text in ["", "+000000000000001", "xyz", "00000000000000000"] {
            assert_eq!(Fingerprint::parse(text), None, "{text}");
        }
    }
}

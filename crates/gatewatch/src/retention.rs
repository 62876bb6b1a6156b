//! How long data is kept, as the configuration file says it: by age, by size, by free disk, and by rules for single series.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use gw_base::Matcher;
use gw_config::{ByteSize, PromDuration};
use gw_store::{KeepFree, Retention, RetentionRule, RollupAge};
use serde::{Deserialize, Serialize};

use crate::config::StoreConfig;

const DAY: Duration = Duration::from_hours(24);

/// What is to stay free on the disk: a size, or hundredths of the disk with a percent sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct FreeSpace(pub(crate) KeepFree);

/// How long the series of a selector are kept.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionRuleConfig {
    /// Which series.
    pub(crate) selector: SeriesSelector,
    /// Age at which they are dropped.
    pub(crate) age: PromDuration,
}

/// A selector of PromQL, such as `up{job="node"}`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct SeriesSelector {
    text: String,
    matchers: Vec<Matcher>,
}

/// Lengths of the intervals that metrics are rolled up over, each with the age at which the rollups are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct RollupAges(Vec<RollupAge>);

impl Default for RollupAges {
    /// What shows two months in detail and more than a year, for a third and a twentieth of what samples at 15 s take.
    fn default() -> Self {
        let days = |days: u64| Duration::from_hours(days * 24);
        Self(vec![
            RollupAge { length: Duration::from_mins(5), age: days(60) },
            RollupAge { length: Duration::from_hours(1), age: days(400) },
        ])
    }
}

impl FromStr for RollupAges {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if matches!(text.trim(), "" | "none") {
            return Ok(Self(Vec::new()));
        }
        let mut ages: Vec<RollupAge> = Vec::new();
        for pair in text.split(',').map(str::trim) {
            let durations = pair.split_once(':').and_then(|(length, age)| {
                Some((
                    length.trim().parse::<PromDuration>().ok()?.get(),
                    age.trim().parse::<PromDuration>().ok()?.get(),
                ))
            });
            let (length, age) = durations
                .ok_or_else(|| format!("{pair:?} is no length of intervals and age such as 1h:400d, or none"))?;
            if length < Duration::from_mins(1) || !DAY.as_nanos().is_multiple_of(length.as_nanos()) {
                return Err(format!("{pair:?}: intervals have to divide a day and to be a minute long at least"));
            }
            if ages.iter().any(|known| known.length == length) {
                return Err(format!("{pair:?}: there are rollups over intervals of this length already"));
            }
            ages.push(RollupAge { length, age });
        }
        Ok(Self(ages))
    }
}

impl TryFrom<String> for RollupAges {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<RollupAges> for String {
    fn from(ages: RollupAges) -> Self {
        let pair = |age: &RollupAge| format!("{}:{}", PromDuration::from(age.length), PromDuration::from(age.age));
        if ages.0.is_empty() { "none".to_owned() } else { ages.0.iter().map(pair).collect::<Vec<_>>().join(", ") }
    }
}

impl StoreConfig {
    /// What the store is told.
    pub(crate) fn retention(&self) -> Retention {
        let rule = |rule: &RetentionRuleConfig| RetentionRule {
            matchers: rule.selector.matchers.clone(),
            age: rule.age.get(),
        };
        Retention {
            age: self.retention.get(),
            bytes: self.retention_size.map(|size| size.0),
            free: self.keep_free.map(|free| free.0),
            rules: self.retention_rules.iter().map(rule).collect(),
            rollups: self.rollups.0.clone(),
        }
    }
}

impl FromStr for FreeSpace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text:?} is neither a size such as 10GB nor a part of the disk from 0% to 99%");
        match text.strip_suffix('%') {
            Some(number) => {
                let percent = number.trim().parse().ok().filter(|percent| *percent < 100);
                percent.map(|percent| Self(KeepFree::Percent(percent))).ok_or_else(refused)
            }
            None => text.parse::<ByteSize>().map(|size| Self(KeepFree::Bytes(size.0))).map_err(|_not_a_size| refused()),
        }
    }
}

impl fmt::Display for FreeSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            KeepFree::Bytes(bytes) => ByteSize(bytes).fmt(f),
            KeepFree::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl TryFrom<String> for FreeSpace {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<FreeSpace> for String {
    fn from(free: FreeSpace) -> Self {
        free.to_string()
    }
}

impl TryFrom<String> for SeriesSelector {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let selector = gw_lang::promql::parse_selector(&text).map_err(|error| error.to_string())?;
        if selector.selects_all() {
            return Err("the selector takes all series, say how long they are kept in store.retention".to_owned());
        }
        RetentionRule::check(&selector.matchers).map_err(|error| error.to_string())?;
        Ok(Self { matchers: selector.matchers, text })
    }
}

impl From<SeriesSelector> for String {
    fn from(selector: SeriesSelector) -> Self {
        selector.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GatewatchConfig;
    use gw_config::Loader;

    fn read(text: &str) -> Result<GatewatchConfig, String> {
        Loader::new("g.yaml", text)
            .load::<GatewatchConfig>()
            .map(|loaded| loaded.value)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn rules_are_read_and_shown_as_they_were_written() {
        let text = concat!(
            "store:\n  retention: 30d\n  keep_free: 10%\n  retention_rules:\n",
            "    - selector: '{job=~\"debug.*\"}'\n      age: 2d\n",
            "    - selector: slo:errors:ratio\n      age: 1y\n",
        );
        let config = read(text).unwrap();
        let retention = config.store.retention();
        assert_eq!((retention.free, retention.rules.len()), (Some(KeepFree::Percent(10)), 2));
        assert_eq!(retention.rules[1].matchers, [Matcher::equal(gw_base::METRIC_NAME, "slo:errors:ratio")]);
        assert_eq!(retention.rules[1].age, Duration::from_hours(365 * 24));
        let shown = serde_json::to_value(&config.store).unwrap();
        assert_eq!(shown["keep_free"], "10%");
        assert_eq!(shown["retention_rules"][0]["selector"], "{job=~\"debug.*\"}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let rule = |selector: &str| format!("store:\n  retention_rules:\n    - selector: {selector}\n      age: 1d\n");
        for (text, place, word) in [
            (rule("'up{job=}'"), "g.yaml:3:17: ", "unexpected"),
            (rule("'{job=~\"(\"}'"), "g.yaml:3:17: ", "("),
            (rule("'{}'"), "g.yaml:3:17: ", "store.retention"),
            (rule("'sum(up)'"), "g.yaml:3:17: ", "unexpected"),
            ("store:\n  retention_rules:\n    - selector: up\n".to_owned(), "g.yaml:3:", "age"),
            ("store:\n  keep_free: 100%\n".to_owned(), "g.yaml:2:14: ", "99%"),
            ("store:\n  keep_free: much\n".to_owned(), "g.yaml:2:14: ", "10GB"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.starts_with(place) && error.contains(word), "{error}");
        }
    }
}

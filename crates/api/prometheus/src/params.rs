//! Request parameters to times, durations and limits, with upstream's error texts.

use std::time::Duration;

use gw_alert::Matchers;
use gw_base::{Limits, METRIC_NAME, Matcher, TimeRange, Timestamp, duration};
use gw_batch::Reading;
use gw_serve::Params;

use crate::errors::ApiError;

/// Points that a range query may have at most, as upstream's fixed limit.
const MOST_POINTS: i64 = 11_000;

/// A time parameter: float seconds or RFC 3339.
pub(crate) fn time(params: &Params, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let parsed = match text.parse::<f64>() {
        Ok(secs) if secs.is_finite() => Some(Timestamp::from_secs_f64(secs)),
        _ => text.parse::<Timestamp>().ok(),
    };
    let refused = || ApiError::parameter(name, format!("cannot parse {text:?} to a valid timestamp"));
    parsed.map(Some).ok_or_else(refused)
}

/// A duration parameter: float seconds or a Prometheus duration.
pub(crate) fn span(params: &Params, name: &str) -> Result<Option<Duration>, ApiError> {
    let Some(text) = params.get(name) else { return Ok(None) };
    if text.parse::<f64>().is_ok_and(|secs| secs < 0.0) {
        return Err(ApiError::parameter(
            name,
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    let refused = |_| ApiError::parameter(name, format!("cannot parse {text:?} to a valid duration"));
    duration::seconds_or_prometheus(text).map(Some).map_err(refused)
}

/// The `limit` parameter; zero means no limit.
pub(crate) fn limit(params: &Params) -> Result<Option<usize>, ApiError> {
    count(params, "limit")
}

/// A number of things; zero means no bound.
pub(crate) fn count(params: &Params, name: &str) -> Result<Option<usize>, ApiError> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let refused = || ApiError::parameter(name, format!("cannot parse {text:?} to a non-negative number"));
    let count: usize = text.parse().ok().ok_or_else(refused)?;
    Ok(Some(count).filter(|count| *count > 0))
}

/// A truth value as Go reads it.
pub(crate) fn boolean(name: &str, text: &str) -> Result<bool, ApiError> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(ApiError::parameter(name, format!("strconv.ParseBool: parsing {text:?}: invalid syntax"))),
    }
}

/// How stored series are to be read: `rollups=false` refuses rollups, and as in Thanos `dedup` and `replicaLabels[]` make one
/// series of those of replicas.
pub(crate) fn reading(params: &Params, configured: &[String]) -> Result<Reading, ApiError> {
    let switch = |name| params.get(name).map_or(Ok(true), |text| boolean(name, text));
    Ok(Reading { rollups: switch("rollups")?, replica_labels: replica_labels(params, configured)? })
}

/// The labels that tell replicas apart; none where these are not to be one.
pub(crate) fn replica_labels(params: &Params, configured: &[String]) -> Result<Vec<String>, ApiError> {
    if !params.get("dedup").map_or(Ok(true), |text| boolean("dedup", text))? {
        return Ok(Vec::new());
    }
    let named: Vec<String> = params.all("replicaLabels[]").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Ok(if named.is_empty() { configured.to_vec() } else { named })
}

/// Conditions on labels that are not in storage, written as a selector: `name{label="value"}`, either part alone too.
pub(crate) fn selector(name: &str, text: &str) -> Result<Matchers, ApiError> {
    let text = text.trim();
    let (metric, conditions) = text.split_at(text.find('{').unwrap_or(text.len()));
    let metric = metric.trim();
    let whole = conditions.is_empty() || (conditions.len() > 1 && conditions.ends_with('}'));
    let plain = metric.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    if text.is_empty() || !whole || !plain {
        return Err(ApiError::parameter(name, format!("cannot parse {text:?} to a selector")));
    }
    let mut matchers = if conditions.is_empty() {
        Vec::new()
    } else {
        gw_alert::parse_matchers(conditions).map_err(|error| ApiError::parameter(name, error))?
    };
    if !metric.is_empty() {
        matchers.push(Matcher::equal(METRIC_NAME, metric));
    }
    Matchers::new(matchers).map_err(|error| ApiError::parameter(name, error))
}

/// The `start` and `end` of label and series requests; without them, all of time.
pub(crate) fn names_range(params: &Params) -> Result<TimeRange, ApiError> {
    let start = time(params, "start")?.unwrap_or(Timestamp::MIN);
    let end = time(params, "end")?.unwrap_or(Timestamp::MAX);
    if end < start {
        return Err(ApiError::parameter("end", "end timestamp must not be before start time"));
    }
    Ok(TimeRange::new(start, end))
}

/// The grid of a range query.
pub(crate) fn grid(params: &Params) -> Result<(TimeRange, Duration), ApiError> {
    let start =
        time(params, "start")?.ok_or_else(|| ApiError::parameter("start", "cannot parse \"\" to a valid timestamp"))?;
    let end =
        time(params, "end")?.ok_or_else(|| ApiError::parameter("end", "cannot parse \"\" to a valid timestamp"))?;
    if end < start {
        return Err(ApiError::parameter("end", "end timestamp must not be before start time"));
    }
    let step =
        span(params, "step")?.ok_or_else(|| ApiError::parameter("step", "cannot parse \"\" to a valid duration"))?;
    let step_nanos = gw_base::time::nanos_of(step);
    if step_nanos < 1_000_000 {
        return Err(ApiError::parameter(
            "step",
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    if end.since(start) / step_nanos > MOST_POINTS {
        return Err(ApiError::bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    Ok((TimeRange::new(start, end), step))
}

/// The limits of a query with its `timeout` parameter.
pub(crate) fn limits(params: &Params, limits: &Limits) -> Result<Limits, ApiError> {
    let timeout = span(params, "timeout")?.unwrap_or(limits.query_time);
    Ok(Limits { query_time: timeout.min(limits.query_time), ..limits.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_of_labels_that_are_not_stored() {
        let labels = gw_base::Labels::from_pairs([(METRIC_NAME, "up"), ("job", "a")]);
        for (text, fits) in
            [("up", true), ("down", false), ("{job=~\"a|b\"}", true), ("up{job=\"b\"}", false), ("{}", true)]
        {
            assert_eq!(selector("m", text).unwrap().matches(&labels), fits, "{text}");
        }
        for text in ["", "{", "up{", "up}", "u-p"] {
            assert!(selector("m", text).is_err(), "{text}");
        }
    }

    #[test]
    fn replicas_are_one_unless_the_query_says_no() {
        let configured = ["replica".to_owned()];
        let labels = |text: &str| replica_labels(&Params::parse(text), &configured);
        assert_eq!(labels("").unwrap(), ["replica"]);
        assert_eq!(labels("dedup=true&replicaLabels[]=a&replicaLabels%5B%5D=b").unwrap(), ["a", "b"]);
        assert!(labels("dedup=false&replicaLabels[]=a").unwrap().is_empty());
        assert!(labels("dedup=maybe").is_err());
        assert!(!reading(&Params::parse("rollups=false"), &[]).unwrap().rollups);
        assert_eq!(reading(&Params::parse("dedup=1"), &[]).unwrap(), Reading::default());
    }

    #[test]
    fn wrong_parameters_get_upstreams_words() {
        let error = grid(&Params::parse("start=0&end=100&step=0")).unwrap_err();
        assert_eq!(
            error,
            ApiError::bad_data(
                "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"
            )
        );
        assert!(grid(&Params::parse("start=10&end=1&step=1")).is_err());
        assert!(grid(&Params::parse("start=0&end=11001&step=1")).is_err());
        assert!(grid(&Params::parse("start=0&end=11000&step=1")).is_ok());
        assert!(time(&Params::parse("time=abc"), "time").is_err());
        assert_eq!(time(&Params::parse("time=1.5"), "time"), Ok(Some(Timestamp::from_millis(1500))));
    }
}

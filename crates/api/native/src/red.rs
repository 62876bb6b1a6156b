//! Rate, errors, duration of one thing that serves requests, from whichever metrics it has.

use std::collections::BTreeMap;

use gw_base::{Labels, Timestamp};
use gw_batch::QueryError;
use gw_serve::Services;
use serde::Serialize;

use crate::ask;

/// One row of a RED table.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Red {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) gateway: Option<String>,
    pub(crate) rate: Option<f64>,
    pub(crate) error_ratio: Option<f64>,
    pub(crate) p50: Option<f64>,
    pub(crate) p90: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) queries: RedQueries,
}

/// The exact query of each number.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct RedQueries {
    pub(crate) rate: String,
    pub(crate) errors: String,
    pub(crate) p50: Option<String>,
    pub(crate) p90: Option<String>,
    pub(crate) p99: Option<String>,
    /// One statement for all numbers of a row that stands on spans; PromQL cannot ask for those.
    pub(crate) sql: Option<String>,
}

/// Where a product keeps rate, errors and duration of one level.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    /// Word for the level: `entrypoint`, `router`, `service`, `server`, `frontend`, `backend`.
    pub(crate) kind: &'static str,
    /// Label that names a row.
    pub(crate) by: &'static str,
    /// Counter of requests.
    pub(crate) requests: &'static str,
    /// Counter of failed requests, with its selector.
    pub(crate) errors: &'static str,
    /// Histogram of seconds, without `_bucket`.
    pub(crate) seconds: Option<&'static str>,
}

/// The rows of a source over the last `window` (a PromQL duration).
pub(crate) async fn rows(
    services: &Services,
    source: &Source,
    window: &str,
    at: Timestamp,
) -> Result<Vec<Red>, QueryError> {
    let Source { kind, by, requests, errors, seconds } = *source;
    let rate = format!("sum by (instance, {by}) (rate({requests}[{window}]))");
    let failed = format!("sum by (instance, {by}) (rate({errors}[{window}]))");
    let mut table: BTreeMap<(String, String), Red> = BTreeMap::new();
    for point in ask::instant(services, &rate, at).await? {
        let key = key_of(&point.labels, by);
        let own = own_queries(source, window, &key);
        let gateway = Some(key.0.clone()).filter(|instance| !instance.is_empty());
        let row = Red { name: key.1.clone(), kind, gateway, rate: Some(point.value), queries: own, ..Red::default() };
        table.insert(key, row);
    }
    if table.is_empty() {
        return Ok(Vec::new());
    }
    for row in table.values_mut() {
        row.error_ratio = row.rate.filter(|rate| *rate > 0.0).map(|_rate| 0.0);
    }
    for point in ask::instant(services, &failed, at).await? {
        if let Some(row) = table.get_mut(&key_of(&point.labels, by)) {
            row.error_ratio = row.rate.filter(|rate| *rate > 0.0).map(|rate| point.value / rate);
        }
    }
    if let Some(seconds) = seconds {
        for (quantile, set) in QUANTILES {
            let text = quantile_query(*quantile, &format!("instance, {by}, "), &format!("{seconds}_bucket"), window);
            for point in ask::instant(services, &text, at).await? {
                if let Some(row) = table.get_mut(&key_of(&point.labels, by)) {
                    set(row, Some(point.value).filter(|value| value.is_finite()));
                }
            }
        }
    }
    Ok(table.into_values().collect())
}

type SetQuantile = fn(&mut Red, Option<f64>);
const QUANTILES: &[(f64, SetQuantile)] =
    &[(0.5, |row, value| row.p50 = value), (0.9, |row, value| row.p90 = value), (0.99, |row, value| row.p99 = value)];

/// `by` is empty or ends with a comma: the labels kept besides `le`.
fn quantile_query(quantile: f64, by: &str, buckets: &str, window: &str) -> String {
    format!("histogram_quantile({quantile}, sum by ({by}le) (rate({buckets}[{window}])))")
}

fn key_of(labels: &Labels, by: &str) -> (String, String) {
    let text = |name: &str| labels.get(name).unwrap_or("").to_owned();
    (text("instance"), text(by))
}

/// Queries that give this row's numbers and no other's.
fn own_queries(source: &Source, window: &str, key: &(String, String)) -> RedQueries {
    let own = format!("instance={:?},{}={:?}", key.0, source.by, key.1);
    let narrowed = |metric: &str| match metric.split_once('{') {
        Some((name, rest)) => format!("{name}{{{own},{rest}"),
        None => format!("{metric}{{{own}}}"),
    };
    let quantile = |quantile: f64| {
        let buckets = narrowed(&format!("{}_bucket", source.seconds?));
        Some(quantile_query(quantile, "", &buckets, window))
    };
    RedQueries {
        rate: format!("sum(rate({}[{window}]))", narrowed(source.requests)),
        errors: format!("sum(rate({}[{window}]))", narrowed(source.errors)),
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        sql: None,
    }
}

/// A window for `rate` at the end of the range: what is going on there, held by enough scrapes.
pub(crate) fn window(range: gw_base::TimeRange) -> String {
    let seconds = range.end.since(range.start) / 1_000_000_000;
    let seconds = u64::try_from(seconds.clamp(60, 300)).unwrap_or(60);
    gw_base::duration::print_prometheus(std::time::Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_queries_select_one_row() {
        let source = Source {
            kind: "service",
            by: "service",
            requests: "traefik_service_requests_total",
            errors: "traefik_service_requests_total{code=~\"5..\"}",
            seconds: Some("traefik_service_request_duration_seconds"),
        };
        let queries = own_queries(&source, "5m", &("gw:8080".to_owned(), "cart@docker".to_owned()));
        assert_eq!(
            queries.errors,
            "sum(rate(traefik_service_requests_total{instance=\"gw:8080\",service=\"cart@docker\",code=~\"5..\"}[5m]))"
        );
        let own = "traefik_service_request_duration_seconds_bucket{instance=\"gw:8080\",service=\"cart@docker\"}[5m]";
        for (quantile, query) in [("0.5", &queries.p50), ("0.9", &queries.p90), ("0.99", &queries.p99)] {
            let wanted = format!("histogram_quantile({quantile}, sum by (le) (rate({own})))");
            assert_eq!(query.as_deref(), Some(wanted.as_str()));
        }
    }
}

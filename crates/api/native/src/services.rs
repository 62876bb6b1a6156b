//! `/api/gw/services`: services that made spans or stand behind a gateway.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use gw_base::TimeRange;
use gw_batch::{Direction, Language, Request};
use gw_serve::{Fault, Params, Services};
use serde::Serialize;
use serde_json::Value;

use crate::red::{Red, RedQueries};
use crate::{ask, cells, gateway, times};

#[derive(Debug, Serialize)]
pub(crate) struct ServicesPage {
    services: Vec<Red>,
}

/// The page: one row a service; what its own spans say wins over what a gateway says of it.
pub(crate) async fn page(State(services): State<Services>, given: Params) -> Result<Json<ServicesPage>, Fault> {
    let range = times::range(&given, services.world.now())?;
    Ok(Json(ServicesPage { services: all(&services, range).await? }))
}

/// All services by name.
pub(crate) async fn all(services: &Services, range: TimeRange) -> Result<Vec<Red>, Fault> {
    let mut table: BTreeMap<String, Red> = BTreeMap::new();
    for row in from_spans(services, range).await? {
        table.insert(row.name.clone(), row);
    }
    for row in gateway::service_rows(services, range).await? {
        table.entry(plain(&row.name).to_owned()).or_insert(row);
    }
    Ok(table.into_values().collect())
}

/// How many there are, without their numbers: those take a look at every span.
pub(crate) async fn count(services: &Services, range: TimeRange) -> Result<usize, Fault> {
    let mut names = BTreeSet::new();
    for batch in ask::rows(services, Request::Services, range).await? {
        names.extend((0..batch.num_rows()).map(|row| cells::cell(batch.column(0), row).to_string()));
    }
    let rows = gateway::service_rows(services, range).await?;
    names.extend(rows.iter().map(|row| Value::from(plain(&row.name)).to_string()));
    Ok(names.len())
}

/// A gateway's name of a service without the provider that Traefik writes behind it: `cart@docker` is `cart`.
fn plain(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// How much of a range's end its rates are taken from, as for those of gateways.
const RECENT: std::time::Duration = std::time::Duration::from_mins(5);

/// Calls, failed calls, and three quantiles of the duration in nanoseconds.
const NUMBERS: &str = "count(*) AS calls, sum(CASE WHEN status = 2 THEN 1 ELSE 0 END) AS failed, \
     approx_percentile_cont(duration, 0.5) AS p50, approx_percentile_cont(duration, 0.9) AS p90, \
     approx_percentile_cont(duration, 0.99) AS p99";

/// Entry spans (server and consumer) of each service.
async fn from_spans(services: &Services, range: TimeRange) -> Result<Vec<Red>, Fault> {
    let (start, end) = (range.start.max(range.end - RECENT), range.end);
    let window = format!("time >= TIMESTAMP '{start}' AND time <= TIMESTAMP '{end}' AND kind IN (2, 5)");
    let text = format!("SELECT service, {NUMBERS} FROM spans WHERE {window} GROUP BY service");
    let request = Request::Expression {
        language: Language::Sql,
        text,
        step: None,
        lookback: None,
        direction: Direction::Backward,
        limit: Some(1000),
        reading: gw_batch::Reading::default(),
    };
    let batches = ask::rows(services, request, range).await?;
    let seconds = (end.since(start) as f64 / 1e9).max(1.0);
    let rows = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
    Ok(rows
        .map(|(batch, row)| {
            let number = |column: usize| cells::cell(batch.column(column), row).as_f64();
            let name = match cells::cell(batch.column(0), row) {
                Value::String(name) => name,
                other => other.to_string(),
            };
            let calls = number(1).unwrap_or(0.0);
            let duration = |column| number(column).map(|nanos| nanos / 1e9);
            let own = name.replace('\'', "''");
            let sql = format!("SELECT {NUMBERS} FROM spans WHERE service = '{own}' AND {window}");
            Red {
                name,
                kind: "service",
                gateway: None,
                rate: Some(calls / seconds),
                error_ratio: (calls > 0.0).then(|| number(2).unwrap_or(0.0) / calls),
                p50: duration(3),
                p90: duration(4),
                p99: duration(5),
                queries: RedQueries { sql: Some(sql), ..RedQueries::default() },
            }
        })
        .collect())
}

//! `/api/v1/search/*`: names and values that fit what somebody typed, as lines of JSON.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gw_base::{METRIC_NAME, Signal, TimeRange};
use gw_batch::{Names, Query, Request};
use gw_serve::{Params, Services, collect};
use http::header;
use serde_json::{Map, Value, json};

use crate::errors::ApiError;
use crate::fuzzy::Algorithm;
use crate::params;

/// Wire: upstream's defaults of `limit` and `batch_size`.
const LIMIT: usize = 100;
const BATCH: usize = 100;

/// Metric names.
pub(crate) async fn metric_names(State(services): State<Services>, given: Params) -> Result<Response, ApiError> {
    let metadata = match given.get("include_metadata") {
        Some(text) => params::boolean("include_metadata", text)?,
        None => false,
    };
    let families = if metadata { families(&services).await? } else { BTreeMap::new() };
    run(&services, &given, Names::Values(METRIC_NAME.to_owned()), &|name| {
        let mut row = Map::new();
        row.insert("name".to_owned(), json!(name));
        if let Some((kind, help, unit)) = families.get(name) {
            row.insert("type".to_owned(), json!(kind));
            row.insert("help".to_owned(), json!(help));
            if !unit.is_empty() {
                row.insert("unit".to_owned(), json!(unit));
            }
        }
        row
    })
    .await
}

/// Label names.
pub(crate) async fn label_names(State(services): State<Services>, given: Params) -> Result<Response, ApiError> {
    run(&services, &given, Names::Labels, &|name| Map::from_iter([("name".to_owned(), json!(name))])).await
}

/// Values of one label.
pub(crate) async fn label_values(State(services): State<Services>, given: Params) -> Result<Response, ApiError> {
    let label = given.get("label").ok_or_else(|| ApiError::parameter("label", "the label name is missing"))?;
    let names = Names::Values(crate::names::unescape(label));
    run(&services, &given, names, &|value| Map::from_iter([("value".to_owned(), json!(value))])).await
}

/// What a request asks for beside the names themselves.
struct Search<'a> {
    terms: Vec<String>,
    algorithm: Algorithm,
    threshold: f64,
    case_sensitive: bool,
    by_score: bool,
    descending: bool,
    with_score: bool,
    limit: usize,
    batch: usize,
    given: &'a Params,
}

impl<'a> Search<'a> {
    fn read(given: &'a Params) -> Result<Self, ApiError> {
        let flag = |name: &str, default: bool| given.get(name).map_or(Ok(default), |text| params::boolean(name, text));
        let count = |name: &str, default: usize| match given.get(name).map(str::parse::<usize>) {
            None => Ok(default),
            Some(Ok(number)) if number > 0 => Ok(number),
            Some(_) => Err(ApiError::parameter(name, "must be a positive number")),
        };
        let algorithm = match given.get("fuzz_alg") {
            None | Some("subsequence") => Algorithm::Subsequence,
            Some("jarowinkler") => Algorithm::JaroWinkler,
            Some(other) => return Err(ApiError::parameter("fuzz_alg", format!("unsupported algorithm {other:?}"))),
        };
        let threshold = match given.get("fuzz_threshold").map(str::parse::<u8>) {
            None => 0,
            Some(Ok(number @ 0..=100)) => number,
            Some(_) => return Err(ApiError::parameter("fuzz_threshold", "must be a number from 0 to 100")),
        };
        let by_score = match given.get("sort_by") {
            None | Some("alpha") => false,
            Some("score") => true,
            Some(other) => return Err(ApiError::parameter("sort_by", format!("unsupported order {other:?}"))),
        };
        let descending = match given.get("sort_dir") {
            Some(_) if by_score => {
                return Err(ApiError::parameter("sort_dir", "is only valid with sort_by=alpha"));
            }
            None | Some("asc") => false,
            Some("dsc") => true,
            Some(other) => return Err(ApiError::parameter("sort_dir", format!("unsupported direction {other:?}"))),
        };
        let case_sensitive = flag("case_sensitive", true)?;
        let terms = given.all("search[]").filter(|term| !term.is_empty());
        let terms = terms.map(|term| if case_sensitive { term.to_owned() } else { term.to_lowercase() }).collect();
        Ok(Self {
            terms,
            algorithm,
            threshold: f64::from(threshold) / 100.0,
            case_sensitive,
            by_score,
            descending,
            with_score: flag("include_score", false)?,
            limit: count("limit", LIMIT)?,
            batch: count("batch_size", BATCH)?,
            given,
        })
    }

    /// The best score over all terms; without terms everything fits.
    fn score(&self, name: &str) -> Option<f64> {
        if self.terms.is_empty() {
            return Some(1.0);
        }
        let lower;
        let name = if self.case_sensitive {
            name
        } else {
            lower = name.to_lowercase();
            &lower
        };
        let scores = self.terms.iter().filter_map(|term| self.algorithm.score(term, name));
        scores.filter(|score| *score >= self.threshold).reduce(f64::max)
    }
}

async fn run(
    services: &Services,
    given: &Params,
    names: Names,
    row: &(dyn Fn(&str) -> Map<String, Value> + Send + Sync),
) -> Result<Response, ApiError> {
    let search = Search::read(given)?;
    let found = all(services, search.given, names).await?;
    let mut fitting: Vec<(f64, &str)> =
        found.iter().filter_map(|name| search.score(name).map(|score| (score, name.as_str()))).collect();
    if search.by_score {
        fitting.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    } else if search.descending {
        fitting.reverse();
    }
    let has_more = fitting.len() > search.limit;
    fitting.truncate(search.limit);
    let mut lines = Vec::new();
    for batch in fitting.chunks(search.batch) {
        let rows = batch.iter().map(|(score, name)| {
            let mut row = row(name);
            if search.with_score {
                row.insert("score".to_owned(), json!(score));
            }
            Value::Object(row)
        });
        lines.push(format!("{}\n", json!({"results": rows.collect::<Vec<_>>()})));
    }
    lines.push(format!("{}\n", json!({"status": "success", "has_more": has_more})));
    let lines = lines.into_iter().map(Ok::<_, std::convert::Infallible>);
    let body = Body::from_stream(futures_util::stream::iter(lines));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson; charset=utf-8")], body).into_response())
}

async fn all(services: &Services, given: &Params, names: Names) -> Result<Vec<String>, ApiError> {
    let query = Query {
        tenant: services.default_tenant(),
        request: Request::Names {
            signal: Signal::Metrics,
            names,
            selectors: given.all("match[]").map(str::to_owned).collect(),
            limit: None,
        },
        range: params::names_range(given)?,
        limits: services.limits.clone(),
    };
    let mut answer = services.queries.query(query).await.map_err(|error| ApiError::query("match[]", &error))?;
    let batches = collect(&mut answer).await.map_err(|error| ApiError::query("match[]", &error))?;
    let columns = batches.iter().filter_map(|batch| batch.column(0).as_string_opt::<i32>());
    Ok(columns.flat_map(|column| column.iter().flatten().map(str::to_owned)).collect())
}

/// Type, help and unit of every family.
pub(crate) async fn families(services: &Services) -> Result<BTreeMap<String, (String, String, String)>, ApiError> {
    let query = Query {
        tenant: services.default_tenant(),
        request: Request::Metadata { metric: None, limit: None },
        range: TimeRange::ALL,
        limits: services.limits.clone(),
    };
    let mut answer = services.queries.query(query).await?;
    let mut families = BTreeMap::new();
    for batch in &collect(&mut answer).await? {
        let text = |name: &str, row: usize| {
            let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
            column.map_or(String::new(), |column| column.value(row).to_owned())
        };
        for row in 0..batch.num_rows() {
            families.insert(text("metric", row), (text("type", row), text("help", row), text("unit", row)));
        }
    }
    Ok(families)
}

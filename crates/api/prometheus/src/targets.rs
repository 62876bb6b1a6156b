//! `/api/v1/targets`, `/api/v1/scrape_pools` and `/api/v1/status/tsdb`.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use axum::response::Response;
use gw_base::{Labels, METRIC_NAME, Signal, TimeRange, Timestamp};
use gw_batch::{Names, Query, Request};
use gw_collect::board::{Board, Health, TargetStatus};
use gw_serve::{Params, Services, collect};
use serde_json::{Value, json};

use crate::errors::ApiError;
use crate::room::Relabel;
use crate::{params, render};

/// Wire: Go's zero time, for a target that has not been scraped yet.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// Active and dropped targets.
pub(crate) fn targets(board: &Board, given: &Params) -> Result<Response, ApiError> {
    let pool = given.get("scrapePool");
    let in_pool = |job: &str| pool.is_none_or(|pool| pool == job);
    let state = given.get("state").unwrap_or("any").to_ascii_lowercase();
    let (active, dropped) = match state.as_str() {
        "any" => (true, true),
        "active" => (true, false),
        "dropped" => (false, true),
        other => return Err(ApiError::parameter("state", format!("{other:?} is none of any, active, dropped"))),
    };
    let all = if active { board.targets() } else { Vec::new() };
    let active: Vec<Value> = all.iter().filter(|target| in_pool(&target.job)).map(target).collect();
    let gone = if dropped { board.dropped_targets() } else { Vec::new() };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for target in &gone {
        *counts.entry(target.job.clone()).or_default() += 1;
    }
    let gone: Vec<Value> = gone
        .iter()
        .filter(|target| in_pool(&target.job))
        .map(
            |target| json!({"discoveredLabels": render::label_map(&target.discovered, true), "scrapePool": target.job}),
        )
        .collect();
    let data = json!({"activeTargets": active, "droppedTargets": gone, "droppedTargetCounts": counts});
    Ok(render::success(&data.to_string()))
}

fn target(target: &TargetStatus) -> Value {
    json!({
        "discoveredLabels": render::label_map(&target.discovered, true),
        "labels": render::label_map(&target.labels, false),
        "scrapePool": target.job,
        "scrapeUrl": target.url,
        "globalUrl": target.url,
        "lastError": target.error.as_deref().unwrap_or(""),
        "lastScrape": target.last_scrape.map_or_else(|| NEVER.to_owned(), |at: Timestamp| at.to_string()),
        "lastScrapeDuration": target.duration.as_secs_f64(),
        "health": match target.health {
            Health::Up => "up",
            Health::Down => "down",
            Health::Unknown => "unknown",
        },
        "scrapeInterval": gw_base::duration::print_prometheus(target.interval),
        "scrapeTimeout": gw_base::duration::print_prometheus(target.timeout),
    })
}

/// What each relabelling rule of a pool makes of a label set.
pub(crate) fn relabel_steps(relabel: &Relabel, given: &Params) -> Result<Response, ApiError> {
    let pool = given.get("scrapePool").ok_or_else(|| ApiError::bad_data("no scrapePool parameter provided"))?;
    let text = given.get("labels").ok_or_else(|| ApiError::bad_data("no labels parameter provided"))?;
    let labels: BTreeMap<String, String> = serde_json::from_str(text)
        .map_err(|error| ApiError::bad_data(format!("labels parameter is not a valid JSON object: {error}")))?;
    let steps = relabel(pool, &Labels::from_pairs(labels));
    let steps = steps.ok_or_else(|| ApiError::not_found(format!("scrape pool {pool:?} not found")))?;
    let steps: Vec<Value> = steps
        .iter()
        .map(|step| json!({"rule": step.rule, "output": render::label_map(&step.output, true), "keep": step.keep}))
        .collect();
    Ok(render::success(&json!({"steps": steps}).to_string()))
}

/// Targets of one request for metadata; each costs a query.
const MOST_DESCRIBED: usize = 1_000;

/// What the metrics of targets are. Metadata is kept a metric, so that a target's are those of the series that it has.
pub(crate) async fn metadata(services: &Services, board: &Board, given: &Params) -> Result<Response, ApiError> {
    let matchers = given.get("match_target").map(|text| params::selector("match_target", text)).transpose()?;
    let (wanted, limit) = (given.get("metric"), params::limit(given)?.unwrap_or(usize::MAX));
    let families = crate::search::families(services).await?;
    let mut shown: Vec<Value> = Vec::new();
    let targets = board.targets();
    let fitting = targets.iter().filter(|target| matchers.as_ref().is_none_or(|all| all.matches(&target.labels)));
    for target in fitting.take(limit.min(MOST_DESCRIBED)) {
        let labels = render::label_map(&target.labels, true);
        let names = names_of(services, &target.labels).await?;
        let mut told: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
        for name in &names {
            let Some((family, (kind, help, unit))) = family_of(&families, name) else { continue };
            if wanted.is_some_and(|wanted| wanted != family) || !told.insert(family) {
                continue;
            }
            let mut entry = json!({"target": labels, "type": kind, "help": help, "unit": unit});
            if let (Some(fields), None) = (entry.as_object_mut(), wanted) {
                fields.insert("metric".to_owned(), json!(family));
            }
            shown.push(entry);
        }
    }
    if shown.is_empty() && wanted.is_some() {
        return Err(ApiError::not_found("specified metadata not found"));
    }
    Ok(render::success(&json!(shown).to_string()))
}

type Families = BTreeMap<String, (String, String, String)>;

/// The family of a series by its name: its own, or without the suffix of a part.
fn family_of<'a>(families: &'a Families, name: &'a str) -> Option<(&'a str, &'a (String, String, String))> {
    let parts = ["_bucket", "_sum", "_count", "_total", "_info", "_created"];
    let shorter = parts.iter().filter_map(|suffix| name.strip_suffix(suffix));
    std::iter::once(name).chain(shorter).find_map(|name| families.get(name).map(|family| (name, family)))
}

async fn names_of(services: &Services, target: &Labels) -> Result<Vec<String>, ApiError> {
    let conditions: Vec<String> =
        target.iter().map(|(name, value)| format!("{}={}", json!(name), json!(value))).collect();
    let now = services.world.now();
    let query = Query {
        tenant: services.default_tenant(),
        request: Request::Names {
            signal: Signal::Metrics,
            names: Names::Values(METRIC_NAME.to_owned()),
            selectors: vec![format!("{{{}}}", conditions.join(","))],
            limit: None,
        },
        range: TimeRange::new(now - std::time::Duration::from_hours(1), now),
        limits: services.limits.clone(),
    };
    let mut answer = services.queries.query(query).await?;
    let batches = collect(&mut answer).await?;
    let columns = batches.iter().filter_map(|batch| batch.column(0).as_string_opt::<i32>());
    Ok(columns.flat_map(|column| column.iter().flatten().map(str::to_owned)).collect())
}

/// Names of scrape jobs.
pub(crate) fn pools(board: &Board) -> Response {
    let mut pools: Vec<String> = board.targets().into_iter().map(|target| target.job).collect();
    pools.sort();
    pools.dedup();
    render::success(&json!({"scrapePools": pools}).to_string())
}

/// Cardinality of the series of the last hour: by metric name, label name and label pair.
pub(crate) async fn tsdb_status(services: &Services, given: &Params) -> Result<Response, ApiError> {
    let most = params::limit(given)?.unwrap_or(10);
    let now = services.world.now();
    let query = Query {
        tenant: services.default_tenant(),
        request: Request::Names { signal: Signal::Metrics, names: Names::Series, selectors: Vec::new(), limit: None },
        range: TimeRange::new(now - std::time::Duration::from_hours(1), now),
        limits: services.limits.clone(),
    };
    let mut answer = services.queries.query(query).await?;
    let batches = collect(&mut answer).await?;
    let mut count = Cardinality::default();
    for batch in &batches {
        if let Some(sets) = batch.column(0).as_binary_opt::<i32>() {
            (0..batch.num_rows()).for_each(|row| count.add(sets.value(row)));
        }
    }
    let data = json!({
        "headStats": {"numSeries": count.series, "numLabelPairs": count.pairs.len(), "chunkCount": head_chunks(services).await?, "minTime": (now - std::time::Duration::from_hours(1)).millis(), "maxTime": now.millis()},
        "seriesCountByMetricName": top(&count.metrics, most),
        "labelValueCountByLabelName": top(&count.values_by_name(), most),
        "memoryInBytesByLabelName": top(&count.bytes, most),
        "seriesCountByLabelValuePair": top(&count.pairs, most),
    });
    Ok(render::success(&data.to_string()))
}

/// Blocks of samples in the head.
async fn head_chunks(services: &Services) -> Result<u64, ApiError> {
    let query = Query {
        tenant: services.default_tenant(),
        request: Request::Usage,
        range: TimeRange::ALL,
        limits: services.limits.clone(),
    };
    let mut answer = services.queries.query(query).await?;
    let mut chunks = 0;
    for batch in collect(&mut answer).await? {
        let columns = batch.column_by_name("signal").zip(batch.column_by_name("head_chunks"));
        let Some((signals, counts)) = columns else { continue };
        let (signals, counts) = (signals.as_string_opt::<i32>(), counts.as_primitive_opt::<UInt64Type>());
        let rows = signals.into_iter().flatten().zip(counts.into_iter().flatten());
        chunks += rows.filter(|(signal, _)| *signal == Some("metrics")).filter_map(|(_, count)| count).sum::<u64>();
    }
    Ok(chunks)
}

#[derive(Default)]
struct Cardinality {
    series: usize,
    metrics: BTreeMap<String, usize>,
    pairs: BTreeMap<String, usize>,
    bytes: BTreeMap<String, usize>,
}

impl Cardinality {
    fn add(&mut self, canonical: &[u8]) {
        self.series += 1;
        for (name, value) in gw_base::labels::Iter::over(canonical) {
            if name == METRIC_NAME {
                *self.metrics.entry(value.to_owned()).or_default() += 1;
            }
            *self.pairs.entry(format!("{name}={value}")).or_default() += 1;
            *self.bytes.entry(name.to_owned()).or_default() += value.len();
        }
    }

    fn values_by_name(&self) -> BTreeMap<String, usize> {
        let mut values: BTreeMap<String, usize> = BTreeMap::new();
        for pair in self.pairs.keys() {
            let name = pair.split('=').next().unwrap_or("");
            *values.entry(name.to_owned()).or_default() += 1;
        }
        values
    }
}

fn top(counts: &BTreeMap<String, usize>, most: usize) -> Vec<Value> {
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    rows.into_iter().take(most).map(|(name, value)| json!({"name": name, "value": value})).collect()
}

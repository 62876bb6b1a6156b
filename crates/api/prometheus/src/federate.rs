//! `/federate`: the newest samples of chosen series as a metrics page.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gw_base::labels::Iter;
use gw_base::{Labels, METRIC_NAME, TimeRange, Timestamp};
use gw_batch::{Histogram, MetricType, Query, QueryError, Request, Selector, SeriesRow, is_stale};
use gw_formats::exposition::{Escaping, FamilyValue, FamilyWriter, PROTOBUF_CONTENT_TYPE, Writer};
use gw_serve::{Params, Services, collect};
use http::{HeaderMap, header};

use crate::room::Operations;

/// One line of the page.
struct Newest<'a> {
    labels: Vec<(&'a str, &'a str)>,
    millis: i64,
    value: Value,
}

enum Value {
    Number(f64),
    Histogram(Histogram),
}

/// The page. Wire: without `match[]` it is empty; errors are plain text.
pub(crate) async fn federate(
    operations: Operations,
    State(services): State<Services>,
    headers: HeaderMap,
    given: Params,
) -> Result<Response, Response> {
    let selectors: Vec<Selector> = given.all("match[]").map(|text| Selector::Text(text.to_owned())).collect();
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let now = services.world.now();
    let lookback = operations.settings.lookback;
    let query = Query {
        tenant: services.default_tenant(),
        request: Request::Samples { selectors, newest: true },
        // Wire: the window is open on the left, as of an instant query.
        range: TimeRange::new((now - lookback).offset(1_000_000), now),
        limits: services.limits.clone(),
    };
    let mut answer = services.queries.query(query).await.map_err(refused)?;
    let batches = collect(&mut answer).await.map_err(refused)?;
    let mut lines: Vec<Newest<'_>> = batches.iter().flat_map(SeriesRow::iter).filter_map(newest).collect();
    lines.sort_by(|a, b| name_of(a).cmp(name_of(b)));
    let external = (operations.external_labels)();
    for line in &mut lines {
        complete(&mut line.labels, &external);
    }
    let escaping = Escaping::of_accept(accept);
    Ok(if takes_protobuf(accept) { protobuf(&lines, escaping) } else { text(&lines, escaping) })
}

fn refused(error: QueryError) -> Response {
    (gw_serve::status_of(error.kind), format!("{}\n", error.message)).into_response()
}

/// The sample that counts; a series that ended has none.
fn newest(row: SeriesRow<'_>) -> Option<Newest<'_>> {
    let last = row.len().checked_sub(1)?;
    let millis = Timestamp::from_nanos(row.times?[last]).millis();
    let value = match (row.value(last), row.histogram(last)) {
        (Some(value), _) if is_stale(value) => return None,
        (Some(value), _) => Value::Number(value),
        (None, Some(histogram)) if is_stale(histogram.sum) => return None,
        (None, Some(histogram)) => Value::Histogram(histogram),
        (None, None) => return None,
    };
    Some(Newest { labels: Iter::over(row.labels).collect(), millis, value })
}

fn name_of<'a>(line: &Newest<'a>) -> &'a str {
    line.labels.iter().find(|(name, _)| *name == METRIC_NAME).map_or("", |(_, value)| value)
}

/// Wire: a series without `instance` gets an empty one, so that the reader's own does not take its place; external labels
/// come behind, where the series has none of that name.
fn complete<'a>(labels: &mut Vec<(&'a str, &'a str)>, external: &'a Labels) {
    let has = |labels: &[(&str, &str)], name: &str| labels.iter().any(|(other, _)| *other == name);
    let instance = has(labels, "instance") || external.get("instance").is_some();
    let missing: Vec<_> = external.iter().filter(|(name, _)| !has(labels, name)).collect();
    if !instance {
        labels.push(("instance", ""));
    }
    labels.extend(missing);
}

fn takes_protobuf(accept: &str) -> bool {
    accept.split(',').next().is_some_and(|first| {
        first.contains("application/vnd.google.protobuf") && first.contains("io.prometheus.client.MetricFamily")
    })
}

/// Wire: the text form cannot carry native histograms; they are left out.
fn text(lines: &[Newest<'_>], escaping: Escaping) -> Response {
    let mut writer = Writer::default();
    let mut family = None;
    for line in lines {
        let Value::Number(value) = line.value else { continue };
        let name = name_of(line);
        let written = escaping.escape(name);
        if family.replace(name) != Some(name) {
            writer.family(&written, MetricType::Unknown, "");
        }
        let labels = escaped(line, escaping);
        let labels = labels.iter().map(|(name, value)| (name.as_ref(), *value));
        writer.sample_at(&written, labels, value, Some(line.millis));
    }
    let kind = format!("text/plain; version=0.0.4; charset=utf-8; escaping={}", escaping.as_str());
    ([(header::CONTENT_TYPE, kind)], writer.finish()).into_response()
}

fn protobuf(lines: &[Newest<'_>], escaping: Escaping) -> Response {
    let mut writer = FamilyWriter::default();
    for line in lines {
        let value = match &line.value {
            Value::Number(value) => FamilyValue::Untyped(*value),
            Value::Histogram(histogram) => FamilyValue::Histogram(histogram),
        };
        let labels = escaped(line, escaping);
        let labels = labels.iter().map(|(name, value)| (name.as_ref(), *value));
        writer.metric(&escaping.escape(name_of(line)), labels, value, line.millis);
    }
    let kind = format!("{PROTOBUF_CONTENT_TYPE}; escaping={}", escaping.as_str());
    ([(header::CONTENT_TYPE, kind)], writer.finish()).into_response()
}

fn escaped<'a>(line: &Newest<'a>, escaping: Escaping) -> Vec<(std::borrow::Cow<'a, str>, &'a str)> {
    let labels = line.labels.iter().filter(|(name, _)| *name != METRIC_NAME);
    labels.map(|(name, value)| (escaping.escape(name), *value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_completed() {
        let external = Labels::from_pairs([("cluster", "a"), ("job", "x")]);
        let mut labels = vec![("__name__", "up"), ("job", "own")];
        complete(&mut labels, &external);
        assert_eq!(labels, [("__name__", "up"), ("job", "own"), ("instance", ""), ("cluster", "a")]);
    }

    #[test]
    fn protobuf_must_be_the_first_choice() {
        assert!(takes_protobuf(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;q=0.2"
        ));
        assert!(!takes_protobuf("application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.2"));
        assert!(!takes_protobuf(""));
    }
}

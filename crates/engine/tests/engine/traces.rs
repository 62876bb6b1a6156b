//! Traces, services, events, usage.

use std::time::Duration;

use gw_base::{Tenant, TraceId};
use gw_batch::{Batch, EventQuery, Request, Shape, SpansView, TraceQuery};

use crate::bench::{Bench, rows, secs};

async fn found(bench: &Bench, request: Request) -> Vec<(u8, String)> {
    let answer = bench.ask(request).await.expect("the question has an answer");
    assert_eq!(answer.shape, Shape::Spans);
    let mut found = Vec::new();
    for records in rows(answer).await {
        let batch = Batch::new(Tenant::default(), gw_base::Signal::Spans, records).expect("spans");
        let view = SpansView::of(&batch).expect("spans");
        found.extend((0..view.len()).map(|row| (view.row(row).trace.0[0], view.row(row).name.to_owned())));
    }
    found
}

#[tokio::test]
async fn a_trace_comes_whole_and_in_order() {
    let bench = Bench::new().await;
    let spans = found(&bench, Request::Traces(vec![TraceId([1; 16])])).await;
    assert_eq!(spans, [(1, "GET /".to_owned()), (1, "query".to_owned())]);
    assert!(found(&bench, Request::Traces(vec![TraceId([9; 16])])).await.is_empty());
}

#[tokio::test]
async fn conditions_hold_on_one_span() {
    let bench = Bench::new().await;
    let search = |query: TraceQuery| found(&bench, Request::FindTraces(TraceQuery { limit: 10, ..query }));
    let traces = |spans: Vec<(u8, String)>| spans.into_iter().map(|(trace, _)| trace).collect::<Vec<_>>();
    let tag = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let all = search(TraceQuery { service: Some("front".to_owned()), ..TraceQuery::default() }).await;
    assert_eq!(traces(all), [2, 2, 1, 1], "newest first, whole traces");
    let failed = search(TraceQuery { tags: tag("http.status_code", "500"), ..TraceQuery::default() }).await;
    assert_eq!(traces(failed), [2, 2]);
    let failed = search(TraceQuery { tags: tag("error", "true"), ..TraceQuery::default() }).await;
    assert_eq!(traces(failed), [2, 2]);
    let mixed =
        TraceQuery { service: Some("front".to_owned()), tags: tag("http.status_code", "500"), ..TraceQuery::default() };
    assert!(search(mixed).await.is_empty(), "the tag is on another span than the service");
    let slow = search(TraceQuery { min_duration: Some(Duration::from_secs(3)), ..TraceQuery::default() }).await;
    assert!(slow.is_empty());
    let newest = TraceQuery { operation: Some("query".to_owned()), limit: 1, ..TraceQuery::default() };
    assert_eq!(traces(found(&bench, Request::FindTraces(newest)).await), [2, 2]);
}

#[tokio::test]
async fn services_operations_and_their_calls() {
    let bench = Bench::new().await;
    assert_eq!(bench.table(Request::Services).await, [["front"], ["shop"]]);
    assert_eq!(bench.table(Request::Operations { service: "shop".to_owned() }).await, [["query", "client"]]);
    assert_eq!(bench.table(Request::Dependencies).await, [["front", "shop", "2"]]);
}

#[tokio::test]
async fn events_and_usage() {
    let bench = Bench::new().await;
    let titles = async |query: EventQuery| {
        let answer = bench.ask(Request::Events(query)).await.expect("an answer");
        rows(answer).await.iter().map(|batch| batch.num_rows()).sum::<usize>()
    };
    assert_eq!(titles(EventQuery::default()).await, 2);
    assert_eq!(titles(EventQuery { kinds: vec!["deploy".to_owned()], ..EventQuery::default() }).await, 1);
    assert_eq!(titles(EventQuery { limit: Some(1), ..EventQuery::default() }).await, 1);
    let usage = bench.table(Request::Usage).await;
    assert_eq!(usage.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["metrics", "logs", "spans", "events"]);
    assert_ne!(bench.ask_between(Request::Services, secs(0), secs(1)).await.expect("an answer").shape, Shape::Spans);
}

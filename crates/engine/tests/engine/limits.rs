//! What a query may cost, and how it ends early.

use std::time::Duration;

use futures_util::StreamExt as _;
use gw_base::Kind;
use gw_batch::{Language, QueryError, Request};

use crate::bench::{Bench, expression, secs};

async fn failure(bench: &Bench, request: Request) -> QueryError {
    let mut answer = match bench.ask(request).await {
        Err(error) => return error,
        Ok(answer) => answer,
    };
    let mut failed = None;
    while let Some(result) = answer.batches.next().await {
        failed = result.err();
    }
    failed.expect("the query fails")
}

#[tokio::test]
async fn samples_memory_and_steps_are_bounded() {
    let mut bench = Bench::new().await;
    bench.limits.query_samples = 10;
    let error = failure(&bench, expression(Language::PromQl, "sum(http_requests_total[5m:15s])", None)).await;
    assert_eq!(error.kind, Kind::Invalid, "a range cannot be summed: {}", error.message);
    let error = failure(&bench, expression(Language::PromQl, "rate(http_requests_total[5m])", None)).await;
    assert_eq!(error.kind, Kind::TooMuch);
    assert_eq!(error.message, "query processing would load too many samples into memory in query execution");
    let mut bench = Bench::new().await;
    bench.limits.query_bytes = 100;
    let error = failure(&bench, expression(Language::PromQl, "topk(5, http_requests_total)", None)).await;
    assert_eq!(error.kind, Kind::TooMuch);
    bench.limits.query_steps = 10;
    let request = expression(Language::PromQl, "http_requests_total", Some(Duration::from_secs(1)));
    assert_eq!(failure(&bench, request).await.kind, Kind::TooMuch);
}

#[tokio::test]
async fn values_that_never_repeat_end_at_the_memory_limit() {
    let mut bench = Bench::new().await;
    // Room for the operand, not for a row a value.
    bench.limits.query_bytes = 200_000;
    let text = r#"count_values("value", http_requests_total * time())"#;
    let request = expression(Language::PromQl, text, Some(Duration::from_secs(1)));
    let error = failure(&bench, request).await;
    assert_eq!(error.kind, Kind::TooMuch);
    assert!(error.message.contains("200000 bytes"), "{}", error.message);
}

#[tokio::test]
async fn rows_of_an_answer_are_bounded() {
    let mut bench = Bench::new().await;
    bench.limits.query_rows = 2;
    assert_eq!(bench.table(expression(Language::Sql, "select time from logs", None)).await.len(), 2);
}

#[tokio::test]
async fn an_abandoned_answer_ends_its_query() {
    let bench = Bench::new().await;
    for _ in 0..100 {
        // More than run at a time: places must come back when answers are dropped unread.
        let request = expression(Language::PromQl, "http_requests_total", Some(Duration::from_secs(1)));
        drop(bench.ask_between(request, secs(0), secs(300)).await.expect("an answer"));
    }
}

#[test]
fn the_deepest_query_that_parses_runs() {
    // As much stack as the product's threads have.
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().thread_stack_size(8 << 20).build().expect("a runtime starts");
    runtime.block_on(runtime.spawn(run_the_deepest())).expect("every query runs");
}

async fn run_the_deepest() {
    let bench = Bench::new().await;
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{}http_requests_total{}", open.repeat(depth), close.repeat(depth))
    };
    for (open, close) in [("abs(", ")"), ("-", ""), ("sum(", ")"), ("1 + (", ")"), ("max_over_time((", ")[1m:30s])")] {
        let deepest = (1..=220).rev().step_by(5).find_map(|depth| {
            let text = nested(open, close, depth);
            let query = gw_batch::Query {
                tenant: gw_base::Tenant::default(),
                request: expression(Language::PromQl, &text, None),
                range: gw_base::TimeRange::new(secs(300), secs(300)),
                limits: bench.limits.clone(),
            };
            bench.engine.explain(&query).is_ok().then_some(text)
        });
        let text = deepest.expect("some depth parses");
        let answer = bench.ask(expression(Language::PromQl, &text, None)).await.expect("the query starts");
        assert!(!crate::bench::rows(answer).await.is_empty(), "{open}");
    }
}

//! PromQL and the questions about series.

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use gw_base::{Kind, Labels, Signal, Tenant};
use gw_batch::{Language, MetricsBuilder, Names, Request, SeriesRow, Shape, Stage};

use crate::bench::{Bench, expression, rows, secs};

#[tokio::test]
async fn selector_rate_and_sum() {
    let bench = Bench::new().await;
    let ask = |text: &'static str| bench.instant(Language::PromQl, text, secs(300));
    assert_eq!(ask(r#"http_requests_total{job="a"}"#).await, [r#"http_requests_total{job="a"} 300"#]);
    assert_eq!(
        ask("round(sum by (job) (rate(http_requests_total[2m])), 0.001)").await,
        [r#"{job="a"} 1"#, r#"{job="b"} 3"#]
    );
    assert_eq!(ask("round(sum(rate(http_requests_total[2m])), 0.001)").await, ["{} 4"]);
    assert_eq!(ask("topk(1, http_requests_total) / 9").await, [r#"{job="b"} 100"#]);
}

#[tokio::test]
async fn a_range_has_a_cell_a_step_and_says_what_it_costs() {
    let bench = Bench::new().await;
    let request = expression(Language::PromQl, "sum(http_requests_total)", Some(Duration::from_mins(1)));
    let answer = bench.ask(request).await.expect("the query has an answer");
    assert_eq!((answer.shape, answer.steps.map(|steps| steps.count)), (Shape::Matrix, Some(6)));
    let cost = answer.cost.clone();
    let batches = rows(answer).await;
    let values: Vec<_> = SeriesRow::iter(&batches[0])
        .flat_map(|row| (0..row.len()).map(move |i| row.value(i)).collect::<Vec<_>>())
        .collect();
    assert_eq!(values, [0.0, 240.0, 480.0, 720.0, 960.0, 1200.0].map(Some));
    assert_eq!(cost.series.load(std::sync::atomic::Ordering::Relaxed), 2);
}

#[tokio::test]
async fn texts_scalars_and_samples_have_their_shapes() {
    let bench = Bench::new().await;
    for (text, shape) in [
        ("'a'", Shape::Text),
        ("1 + 1", Shape::Scalar),
        ("http_requests_total[1m]", Shape::Samples),
        ("http_requests_total", Shape::Matrix),
    ] {
        let answer = bench.ask(expression(Language::PromQl, text, None)).await.expect("the query has an answer");
        assert_eq!(answer.shape, shape, "{text}");
        rows(answer).await;
    }
}

#[tokio::test]
async fn names_and_metadata() {
    let bench = Bench::new().await;
    let names = |names: Names, selectors: &[&str]| Request::Names {
        signal: Signal::Metrics,
        names,
        selectors: selectors.iter().map(|&text| text.to_owned()).collect(),
        limit: None,
    };
    assert_eq!(bench.table(names(Names::Labels, &[])).await, [["__name__"], ["job"]]);
    assert_eq!(bench.table(names(Names::Values("job".to_owned()), &[r#"{job!="a"}"#])).await, [["b"]]);
    let series = bench.ask(names(Names::Series, &["http_requests_total"])).await.expect("an answer");
    assert_eq!(series.shape, Shape::LabelSets);
    assert_eq!(rows(series).await.iter().map(|batch| batch.num_rows()).sum::<usize>(), 2);
    let metadata = bench.table(Request::Metadata { metric: None, limit: None }).await;
    assert_eq!(metadata, [["http_requests_total", "counter", "", "requests"]]);
}

#[tokio::test]
async fn label_sets_are_ordered_pair_by_pair() {
    let texts = ["", "a", "b", "ab", "a\0", "a\0b", "a\u{1}", "aé", "\0", "ba", "aaaaaaaaaaaaaaaa"];
    let mut sets: Vec<Labels> = texts
        .iter()
        .flat_map(|x| texts.iter().flat_map(move |y| ["l", "la", "k"].map(|name| (*x, *y, name))))
        .map(|(x, y, name)| Labels::from_pairs([("__name__", x), (name, y), ("z", x), ("all", "1")]))
        .collect();
    let mut metrics = MetricsBuilder::default();
    for set in &sets {
        let series = metrics.series(set);
        metrics.sample(series, secs(1), 1.0);
    }
    let bench = Bench::over(vec![metrics.finish(Tenant::default())]).await;
    let selectors = vec![r#"{all="1"}"#.to_owned()];
    let request = Request::Names { signal: Signal::Metrics, names: Names::Series, selectors, limit: None };
    let batches = rows(bench.ask(request).await.expect("an answer")).await;
    let column = |batch: &RecordBatch| -> Vec<Labels> {
        let sets = batch.column(0).as_binary::<i32>().iter().flatten();
        sets.map(|bytes| Labels::from_bytes(bytes).expect("labels are canonical")).collect()
    };
    sets.sort_by(|a, b| a.iter().cmp(b.iter()));
    sets.dedup();
    assert_eq!(batches.iter().flat_map(column).collect::<Vec<_>>(), sets);
}

#[tokio::test]
async fn errors_are_upstreams() {
    let bench = Bench::new().await;
    let fails = async |text: &str| match bench.ask(expression(Language::PromQl, text, None)).await {
        Err(error) => error,
        Ok(mut answer) => {
            use futures_util::StreamExt as _;
            answer.batches.next().await.expect("one result").expect_err("the query fails")
        }
    };
    let error = fails("sum(").await;
    assert_eq!((error.stage, error.kind), (Stage::Parse, Kind::Invalid));
    let error = fails("http_requests_total * on () http_requests_total").await;
    assert_eq!(error.stage, Stage::Execute);
    assert!(error.message.starts_with("found duplicate series for the match group {}"), "{}", error.message);
}

#[tokio::test]
async fn a_plan_can_be_shown() {
    let bench = Bench::new().await;
    let query = gw_batch::Query {
        tenant: Tenant::default(),
        request: expression(Language::PromQl, "sum by (job) (rate(http_requests_total[5m]))", None),
        range: gw_base::TimeRange::new(secs(300), secs(300)),
        limits: bench.limits.clone(),
    };
    let text = bench.engine.explain(&query).expect("the query has a plan");
    let names: Vec<&str> = text.lines().map(|line| line.trim().split(':').next().unwrap_or("")).collect();
    assert_eq!(names, ["Finish", "Aggregate", "Window"], "{text}");
}

#[tokio::test]
async fn a_plan_says_what_it_cost_and_a_selector_why_it_is_empty() {
    let bench = Bench::new().await;
    let text = "sum by (job) (rate(http_requests_total[1m]))";
    let answer = bench.ask_between(expression(Language::PromQl, text, None), secs(300), secs(300)).await.unwrap();
    let cost = std::sync::Arc::clone(&answer.cost);
    assert_eq!(rows(answer).await.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    let root = cost.plan().expect("a step matrix has a plan");
    let (mut node, mut names, mut samples) = (root, vec![root.name], 0);
    while let Some(child) = node.children.first() {
        node = child;
        names.push(node.name);
        samples += node.samples.load(std::sync::atomic::Ordering::Relaxed);
    }
    assert_eq!((names.first(), names.last()), (Some(&"Finish"), Some(&"Window")));
    // Two series, a sample each 15 s, the window open at its old end.
    assert_eq!(samples, 8);
    assert_eq!(node.position, Some((1, 20)));
    let request = Request::Conditions {
        text: r#"http_requests_total{job="c",job=~".+"} + up"#.to_owned(),
        step: None,
        lookback: None,
    };
    let table = bench.table(request).await;
    let counted: Vec<[&str; 4]> =
        table.iter().map(|row| [row[0].as_str(), row[6].as_str(), row[7].as_str(), row[8].as_str()]).collect();
    assert_eq!(
        counted,
        [
            ["0", "__name__=\"http_requests_total\"", "2", "2"],
            ["0", "job=\"c\"", "0", "0"],
            ["0", "job=~\".+\"", "2", "0"],
            ["1", "__name__=\"up\"", "0", "0"],
        ]
    );
}

//! SQL over the signals.

use gw_base::Kind;
use gw_batch::{Language, Stage};

use crate::bench::{Bench, expression};

#[tokio::test]
async fn signals_are_tables() {
    let bench = Bench::new().await;
    let ask = |text: &'static str| bench.table(expression(Language::Sql, text, None));
    let jobs = ask("select label(series, 'job') as job, max(value) from metrics group by 1 order by 1").await;
    assert_eq!(jobs, [["a", "300.0"], ["b", "900.0"]]);
    let slow = ask("select service, count(*) from spans where duration > 1000000000 group by service").await;
    assert_eq!(slow, [["front", "2"]]);
    let failed = ask("select trace_id from spans where attr(attributes, 'http.status_code') = '500'").await;
    assert_eq!(failed, [["02020202020202020202020202020202"]]);
    let shown = ask("select subject, kind from events order by time limit 1").await;
    assert_eq!(shown, [[r#"{"monitor":"shop"}"#, "uptime.beat"]]);
}

#[tokio::test]
async fn conditions_on_time_cut_the_read() {
    let bench = Bench::new().await;
    let text = "select line from logs where time >= '1970-01-01T00:00:30Z' and time < '1970-01-01T00:01:00Z'";
    let answer = bench.ask(expression(Language::Sql, text, None)).await.expect("an answer");
    let cost = answer.cost.clone();
    let batches = crate::bench::rows(answer).await;
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 1);
    assert_eq!(cost.rows.load(std::sync::atomic::Ordering::Relaxed), 1, "rows outside are not read");
}

#[tokio::test]
async fn only_questions_are_answered() {
    let bench = Bench::new().await;
    for text in ["drop table logs", "create table a (b int)", "select nothing from nowhere", "selec"] {
        let error = bench.ask(expression(Language::Sql, text, None)).await.expect_err(text);
        assert_eq!((error.kind, error.stage), (Kind::Invalid, Stage::Parse), "{text}: {}", error.message);
    }
}

//! LogQL lines and numbers.

use std::time::Duration;

use arrow_array::cast::AsArray as _;
use gw_base::Labels;
use gw_batch::{Direction, Language, Request, Shape};

use crate::bench::{Bench, expression, over_lines, rows, secs};

async fn lines(bench: &Bench, text: &str, direction: Direction, limit: Option<usize>) -> Vec<(String, String)> {
    let text = text.to_owned();
    let request = Request::Expression {
        language: Language::LogQl,
        text,
        step: None,
        lookback: None,
        direction,
        limit,
        reading: gw_batch::Reading::default(),
    };
    let answer = bench.ask(request).await.expect("the query has an answer");
    assert_eq!(answer.shape, Shape::Lines);
    let mut found = Vec::new();
    for batch in rows(answer).await {
        let lines = batch.column_by_name("line").expect("the column is there").as_string::<i32>().clone();
        let parsed = batch.column_by_name("parsed").expect("the column is there").as_binary::<i32>().clone();
        for (line, parsed) in lines.iter().zip(parsed.iter()) {
            let parsed = Labels::from_bytes(parsed.unwrap_or(&[])).expect("labels are canonical");
            found.push((line.unwrap_or("").to_owned(), parsed.to_string()));
        }
    }
    found
}

#[tokio::test]
async fn lines_come_in_the_order_and_number_asked() {
    let bench = Bench::new().await;
    let texts = |found: Vec<(String, String)>| found.into_iter().map(|(line, _)| line).collect::<Vec<_>>();
    let newest = texts(lines(&bench, r#"{app="shop"} |= "error""#, Direction::Backward, None).await);
    assert_eq!(newest, [r#"{"level":"error","status":503}"#, r#"{"level":"error","status":500}"#]);
    assert_eq!(texts(lines(&bench, r#"{app=~".+"}"#, Direction::Forward, Some(1)).await).len(), 1);
}

#[tokio::test]
async fn stages_add_labels_and_rewrite_lines() {
    let bench = Bench::new().await;
    let text = r#"{app="shop"} | json | status >= 500 | line_format "{{.level}} {{.status}}""#;
    let found = lines(&bench, text, Direction::Forward, None).await;
    let expected =
        [("error 500", r#"{level="error", status="500"}"#), ("error 503", r#"{level="error", status="503"}"#)];
    assert_eq!(found, expected.map(|(line, labels)| (line.to_owned(), labels.to_owned())));
    let found = lines(&bench, r#"{app="cart"} | logfmt | took > 200ms"#, Direction::Forward, None).await;
    assert_eq!(found[0].1, r#"{level="warn", took="250ms"}"#);
    let found = lines(&bench, r#"{app="cart"} | json"#, Direction::Forward, None).await;
    assert!(found[0].1.contains("JSONParserErr"), "{found:?}");
}

#[tokio::test]
async fn windows_of_lines_aggregate_like_any_matrix() {
    let bench = Bench::new().await;
    let text = r#"sum by (level) (count_over_time({app="shop"} | json [1m]))"#;
    let found = bench.instant(Language::LogQl, text, secs(40)).await;
    assert_eq!(found, [r#"{level="error"} 2"#, r#"{level="info"} 1"#]);
    let text = r#"max_over_time({app="shop"} | json | unwrap status [1m]) by (app) / 100"#;
    assert_eq!(bench.instant(Language::LogQl, text, secs(40)).await, [r#"{app="shop"} 5.03"#]);
    let request = expression(Language::LogQl, r#"rate({app="shop"}[1m])"#, Some(Duration::from_secs(30)));
    assert_eq!(bench.ask(request).await.expect("an answer").shape, Shape::Matrix);
}

/// Lines cut from pieces that parsers stumble over, in an order drawn from a seed.
fn hostile_lines() -> Vec<String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        "\\u",
        "\\ud83d",
        "\\u12",
        ":",
        ",",
        "=",
        "a",
        "é",
        "\u{0}",
        "1e999",
        "-",
        "null",
        " ",
        "<_>",
        "k=\"v",
        "{\"a\":",
        "10.0.0.256",
        "::",
        "%s",
        "{{",
    ];
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut lines: Vec<String> =
        (0..200).map(|_| (0..next() % 12).map(|_| pieces[next() % pieces.len()]).collect()).collect();
    lines.extend(["[".repeat(10_000), "{\"a\":".repeat(10_000)]);
    lines
}

#[tokio::test]
async fn hostile_lines_pass_through_every_stage() {
    let lines = hostile_lines();
    let bench = over_lines(&lines).await;
    for stage in [
        "json",
        "json a=\"a.b[0]\", c=\"[\\\"x\\\"]\"",
        "logfmt",
        "logfmt --strict --keep-empty",
        "unpack",
        "pattern \"<a>=<b> <_>\"",
        "regexp \"(?P<a>.)=(?P<b>.*)\"",
        "decolorize",
        "line_format \"{{.a | upper}} {{__line__}}\"",
        "label_format a=app | drop app",
        "logfmt | a > 5ms or b > 1KB or k = ip(\"10.0.0.0/8\")",
    ] {
        let text = format!("{{app=\"hostile\"}} | {stage}");
        let found = self::lines(&bench, &text, Direction::Forward, None).await;
        assert!(found.len() <= lines.len(), "{stage}");
    }
    let found = self::lines(&bench, "{app=\"hostile\"} |> \"<_>=<_>\" or \"{<_>\"", Direction::Forward, None).await;
    assert!(!found.is_empty());
}

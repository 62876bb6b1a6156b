//! Spans: the text that a node's span covers is the node.

use std::fs;

use anyhow::{Result, ensure};
use gw_lang::promql::ast::Expr;
use gw_lang::{Span, logql, promql};
use gw_testkit::{Suite, conformance};

use crate::promqltest::{query_of, test_files};

#[test]
fn of_upstream_queries() {
    let Some(folder) = conformance("metrics/promqltest-v3.14.0") else { return };
    let mut suite = Suite::new("spans of promqltest queries");
    for file in test_files(&folder) {
        let text = fs::read_to_string(&file).expect("a test file is readable");
        for query in text.lines().filter_map(query_of) {
            suite.case(query, || {
                let expr = promql::parse(query)?;
                check(&expr, query)
            });
        }
    }
    suite.finish();
}

/// Every node, parsed from its span alone, prints as it does in place.
fn check(expr: &Expr, query: &str) -> Result<()> {
    let text = expr.span().text(query);
    match promql::parse(text) {
        Ok(alone) => ensure!(alone.to_string() == expr.to_string(), "{text:?} is {alone}, in place it is {expr}"),
        // The labels of `info` are no query by themselves.
        Err(error) => ensure!(error.message.contains("non-empty matcher"), "{text:?}: {error}"),
    }
    expr.children().into_iter().try_for_each(|child| check(child, query))
}

#[test]
fn of_parts() {
    let query = "sum by (a) (-m{b=\"c\"}[5m:1m] offset 1m) + 2";
    let error = promql::parse(query).expect_err("a range is no vector");
    assert_eq!(error.span.text(query), "-m{b=\"c\"}[5m:1m] offset 1m");
    let query = "{a=\"b\"} |= \"c\" | json | d > 5";
    let logql::Expr::Log(log) = logql::parse(query).expect("a log query") else { panic!("a log query") };
    let stages: Vec<&str> = log.stages.iter().map(|stage| stage.span.text(query)).collect();
    assert_eq!(stages, ["|= \"c\"", "| json", "| d > 5"]);
    assert_eq!(Span::new(9, 4).text(query), "");
    assert_eq!(Span::new(0, 999).text(query), "");
}

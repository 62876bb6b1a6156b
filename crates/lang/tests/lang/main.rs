//! One executable for all suites of the languages: own corpora, upstream's queries, hostile input.

mod corpus;
mod hostile;
mod logql;
mod promqltest;
mod spans;

#[test]
fn promql_corpus() {
    corpus::run("promql", |query| match gw_lang::promql::parse(query) {
        Ok(expr) => Ok(expr.to_string()),
        Err(error) => Err(error.to_string()),
    });
}

#[test]
fn logql_corpus() {
    corpus::run("logql", |query| match gw_lang::logql::parse(query) {
        Ok(expr) => Ok(expr.to_string()),
        Err(error) => Err(error.to_string()),
    });
}

#[test]
fn promql_pretty_corpus() {
    corpus::run("promql-pretty", |query| match gw_lang::promql::parse(query) {
        Ok(expr) => Ok(gw_lang::promql::pretty(&expr)),
        Err(error) => Err(error.to_string()),
    });
}

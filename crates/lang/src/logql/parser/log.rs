//! Stream selectors, and the rule that they select something.

use gw_base::{GoRegex, MatchOp, Matcher};

use super::{Parsed, Parser};
use crate::Span;
use crate::logql::ast::{Expr, LogExpr};
use crate::logql::error::Fault;

impl Parser<'_> {
    /// `{a="b", c=~"d"}`, with the stages that follow.
    pub(super) fn log(&mut self) -> Parsed<LogExpr> {
        let start = self.token.span.start;
        let matchers = self.selector()?;
        let mut stages = Vec::new();
        self.stages(&mut stages)?;
        // Only `unwrap` is left over, which makes sense inside a range alone.
        if self.accept("|") {
            return Err(self.unexpected(&[]));
        }
        Ok(LogExpr { matchers, stages, span: self.span_from(start) })
    }

    pub(super) fn selector(&mut self) -> Parsed<Vec<Matcher>> {
        self.expect("{", &[])?;
        let mut matchers = Vec::new();
        if self.accept("}") {
            return Ok(matchers);
        }
        loop {
            let name = self.identifier()?;
            let Some(op) = self.match_op() else { return Err(self.unexpected(&["=", "=~", "!~", "!="])) };
            matchers.push(self.matcher_value(name, op)?);
            if self.accept("}") {
                return Ok(matchers);
            }
            self.expect(",", &["}", ","])?;
        }
    }

    /// Reads `=`, `!=`, `=~` or `!~`.
    pub(super) fn match_op(&mut self) -> Option<MatchOp> {
        let op = [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex]
            .into_iter()
            .find(|op| self.is_symbol(op.as_str()))?;
        self.advance();
        Some(op)
    }

    pub(super) fn matcher_value(&mut self, name: String, op: MatchOp) -> Parsed<Matcher> {
        let span = self.token.span;
        let value = self.string(&["STRING"])?;
        if matches!(op, MatchOp::Regex | MatchOp::NotRegex) {
            check_regex(&value, span)?;
        }
        Ok(Matcher::new(name, op, value))
    }
}

/// Refuses what is not a regular expression.
pub(super) fn check_regex(pattern: &str, span: Span) -> Parsed<GoRegex> {
    GoRegex::new(pattern).map_err(|error| Fault::rule(span, error.to_string()))
}

/// Refuses selectors that an absent label would satisfy: they would read everything.
pub(super) fn check_selectors(expr: &Expr) -> Parsed<()> {
    match expr {
        Expr::Log(log) => check_selector(log),
        Expr::Metric(metric) => {
            let mut result = Ok(());
            metric.for_each_range(&mut |range| {
                if result.is_ok() {
                    result = check_selector(&range.log);
                }
            });
            result
        }
    }
}

fn check_selector(log: &LogExpr) -> Parsed<()> {
    if log.matchers.iter().any(|matcher| !matches_empty(matcher)) {
        return Ok(());
    }
    let message = "queries require at least one regexp or equality matcher that does not have an empty-compatible value. \
                   For instance, app=~\".*\" does not meet this requirement, but app=~\".+\" will";
    Err(Fault::rule(log.span, message))
}

fn matches_empty(matcher: &Matcher) -> bool {
    let regex_matches = || GoRegex::new(&matcher.value).is_ok_and(|regex| regex.matches_empty());
    match matcher.op {
        MatchOp::Equal => matcher.value.is_empty(),
        MatchOp::NotEqual => !matcher.value.is_empty(),
        MatchOp::Regex => regex_matches(),
        MatchOp::NotRegex => !regex_matches(),
    }
}

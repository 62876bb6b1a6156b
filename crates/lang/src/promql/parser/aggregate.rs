//! Aggregations and the label lists of groupings.

use super::{Node, Parsed, Parser};
use crate::literal;
use crate::promql::ast::{Aggregate, AggregateOp, Expr};
use crate::promql::error::Fault;
use crate::promql::token::{Keyword, TokenKind};
use crate::quote::{go_quote, go_quote_bytes};

impl Parser<'_> {
    /// An aggregation whose name, at `start`, has been read. `by` and `without` may stand on either side of the arguments.
    pub(super) fn aggregate(&mut self, op: AggregateOp, start: u32) -> Parsed<Node> {
        let outer = std::mem::replace(&mut self.in_aggregation, true);
        let mut grouping = self.grouping()?;
        if self.token.kind != TokenKind::LeftParen {
            return Err(self.unexpected("", ""));
        }
        let (args, height) = self.arguments()?;
        self.in_aggregation = outer;
        if grouping.is_none() {
            grouping = self.grouping()?;
        }
        let span = self.span_from(start);
        let wanted = 1 + usize::from(op.takes_parameter());
        let count = args.len();
        if count == 0 {
            return Err(Fault::new(span, "no arguments for aggregate expression provided"));
        }
        if op.is_experimental() && !self.syntax.experimental_functions {
            let name = op.as_str();
            let flag = "--enable-feature=promql-experimental-functions";
            return Err(Fault::new(span, format!("{name}() is experimental and must be enabled with {flag}")));
        }
        let mut args = args.into_iter();
        let param = if op.takes_parameter() { args.next() } else { None };
        let (Some(expr), None) = (args.next(), args.next()) else {
            let message =
                format!("wrong number of arguments for aggregate expression provided, expected {wanted}, got {count}");
            return Err(Fault::new(span, message));
        };
        let (grouping, without) = grouping.unwrap_or_default();
        let (expr, param) = (Box::new(expr), param.map(Box::new));
        Node::above(height, Expr::Aggregate(Aggregate { op, expr, param, grouping, without, span }))
    }

    /// `by (..)` or `without (..)`, which is told by the flag.
    fn grouping(&mut self) -> Parsed<Option<(Vec<String>, bool)>> {
        let without = match self.token.kind {
            TokenKind::Keyword(Keyword::By) => false,
            TokenKind::Keyword(Keyword::Without) => true,
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some((self.grouping_labels()?, without)))
    }

    /// Labels in parentheses, a comma after the last allowed.
    pub(super) fn grouping_labels(&mut self) -> Parsed<Vec<String>> {
        const CONTEXT: &str = "grouping opts";
        if !self.accept(TokenKind::LeftParen) {
            return Err(self.unexpected(CONTEXT, "\"(\""));
        }
        let mut labels = Vec::new();
        while !self.accept(TokenKind::RightParen) {
            labels.push(self.grouping_label(CONTEXT)?);
            match self.token.kind {
                TokenKind::Comma => drop(self.advance()),
                TokenKind::RightParen => {}
                _ => return Err(self.unexpected(CONTEXT, "\",\" or \")\"")),
            }
        }
        Ok(labels)
    }

    fn grouping_label(&mut self, context: &str) -> Parsed<String> {
        let token = self.token;
        let text = self.text_of(token);
        let invalid = |quoted: String| Fault::new(token.span, format!("invalid label name for grouping: {quoted}"));
        match token.kind {
            TokenKind::String => {
                self.advance();
                let bytes = literal::unquote(text);
                match String::from_utf8(bytes) {
                    Ok(label) if !label.is_empty() => Ok(label),
                    Ok(_) => Err(invalid("\"\"".to_owned())),
                    Err(error) => Err(invalid(go_quote_bytes(error.as_bytes()))),
                }
            }
            TokenKind::MetricIdentifier => Err(invalid(go_quote(text))),
            kind if kind.is_label() => {
                self.advance();
                Ok(text.to_owned())
            }
            _ => Err(self.unexpected(context, "label")),
        }
    }
}

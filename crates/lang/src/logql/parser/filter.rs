//! Conditions on labels. `and`, a comma and a space join equally, and tighter than `or`.

use gw_base::{MatchOp, Matcher};

use super::{Parsed, Parser, above, is_keyword};
use crate::logql::ast::{Comparison, LabelFilter};
use crate::logql::error::Fault;
use crate::logql::lexer::TokenKind;

/// A condition with the height of its tree.
type Measured = (LabelFilter, usize);

impl Parser<'_> {
    pub(super) fn label_filter(&mut self) -> Parsed<LabelFilter> {
        Ok(self.label_filter_or()?.0)
    }

    fn label_filter_or(&mut self) -> Parsed<Measured> {
        let (mut left, mut height) = self.label_filter_and()?;
        while self.accept_word("or") {
            let (right, right_height) = self.label_filter_and()?;
            height = above(height.max(right_height), self.token.span)?;
            left = LabelFilter::Or(Box::new(left), Box::new(right));
        }
        Ok((left, height))
    }

    fn label_filter_and(&mut self) -> Parsed<Measured> {
        let (mut left, mut height) = self.label_condition()?;
        loop {
            let joined = self.accept_word("and") || self.accept(",");
            let follows = self.is_symbol("(") || (self.token.kind == TokenKind::Word && !self.ends_filter());
            if !joined && !follows {
                return Ok((left, height));
            }
            let (right, right_height) = self.label_condition()?;
            height = above(height.max(right_height), self.token.span)?;
            left = LabelFilter::And(Box::new(left), Box::new(right));
        }
    }

    /// Whether the current word stands after a whole filter rather than begins another condition.
    fn ends_filter(&self) -> bool {
        matches!(self.word(), "or" | "offset" | "unless" | "by" | "without" | "on" | "ignoring")
    }

    fn label_condition(&mut self) -> Parsed<Measured> {
        if self.accept("(") {
            let inner = self.nested(Self::label_filter_or)?;
            self.expect(")", &[])?;
            return Ok(inner);
        }
        // A keyword may name a label where a comparison follows.
        let compared = self.lexer.upcoming().starts_with(['=', '!', '<', '>']);
        if self.token.kind != TokenKind::Word || (is_keyword(self.word()) && !compared) {
            return Err(self.unexpected(&[]));
        }
        let name = self.identifier()?;
        let TokenKind::Symbol(symbol) = self.token.kind else { return Err(self.unexpected(&[])) };
        let comparison = match symbol {
            "=" | "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterEqual,
            "=~" | "!~" => {
                self.advance();
                let op = if symbol == "=~" { MatchOp::Regex } else { MatchOp::NotRegex };
                return Ok((LabelFilter::Text(self.matcher_value(name, op)?), 1));
            }
            _ => return Err(self.unexpected(&[])),
        };
        self.advance();
        let takes_text = matches!(symbol, "=" | "!=");
        Ok((self.threshold(name, comparison, takes_text)?, 1))
    }

    fn threshold(&mut self, name: String, op: Comparison, takes_text: bool) -> Parsed<LabelFilter> {
        let negative = self.accept("-");
        if !negative {
            self.accept("+");
        }
        let filter = match self.token.kind {
            TokenKind::String if takes_text => {
                let op = if op == Comparison::Equal { MatchOp::Equal } else { MatchOp::NotEqual };
                return Ok(LabelFilter::Text(Matcher::new(name, op, self.string(&[])?)));
            }
            TokenKind::Word if takes_text && self.word() == "ip" && self.is_called() => {
                return Ok(LabelFilter::Ip { name, negated: op == Comparison::NotEqual, pattern: self.ip()? });
            }
            TokenKind::Duration(nanos) => {
                LabelFilter::Duration { name, op, nanos: if negative { -nanos } else { nanos } }
            }
            TokenKind::Bytes(bytes) if !negative => LabelFilter::Bytes { name, op, bytes },
            TokenKind::Bytes(_) => {
                let message = format!("a size cannot be negative: compare {name} with a number instead");
                return Err(Fault::rule(self.token.span, message));
            }
            TokenKind::Number => {
                let value = self.float()?;
                return Ok(LabelFilter::Number { name, op, value: if negative { -value } else { value } });
            }
            _ => return Err(self.unexpected(&[])),
        };
        self.advance();
        Ok(filter)
    }
}

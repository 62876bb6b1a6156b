//! Lines with a window: stages and `unwrap` may stand before the window and after it, and parentheses around any of it.

use super::{Parsed, Parser};
use crate::logql::ast::{Conversion, LogExpr, LogRange, Unwrap};
use crate::logql::error::Fault;
use crate::logql::lexer::TokenKind;

/// A range while its parts come in.
struct Parts {
    log: LogExpr,
    interval_nanos: Option<i64>,
    offset_nanos: i64,
    unwrap: Option<Unwrap>,
}

impl Parser<'_> {
    pub(super) fn log_range(&mut self) -> Parsed<LogRange> {
        let start = self.token.span.start;
        let parts = self.range_parts()?;
        let Some(interval_nanos) = parts.interval_nanos else { return Err(self.unexpected(&[])) };
        let (log, offset_nanos, unwrap) = (parts.log, parts.offset_nanos, parts.unwrap);
        Ok(LogRange { log, interval_nanos, offset_nanos, unwrap, span: self.span_from(start) })
    }

    fn range_parts(&mut self) -> Parsed<Parts> {
        let mut parts = if self.accept("(") {
            let inner = self.nested(Self::range_parts)?;
            self.expect(")", &[])?;
            inner
        } else {
            if !self.is_symbol("{") {
                return Err(self.unexpected(&["{", "("]));
            }
            let start = self.token.span.start;
            let matchers = self.selector()?;
            let log = LogExpr { matchers, stages: Vec::new(), span: self.span_from(start) };
            Parts { log, interval_nanos: None, offset_nanos: 0, unwrap: None }
        };
        self.pipeline(&mut parts)?;
        if let TokenKind::Range(nanos) = self.token.kind
            && parts.interval_nanos.is_none()
        {
            self.advance();
            parts.interval_nanos = Some(nanos);
            if self.accept_word("offset") {
                parts.offset_nanos = self.offset()?;
            }
            self.pipeline(&mut parts)?;
        }
        Ok(parts)
    }

    fn pipeline(&mut self, parts: &mut Parts) -> Parsed<()> {
        if parts.unwrap.is_some() {
            return Ok(());
        }
        self.stages(&mut parts.log.stages)?;
        parts.log.span.end = parts.log.span.end.max(parts.log.stages.last().map_or(0, |stage| stage.span.end));
        // All other stages have been taken.
        if self.is_symbol("|") {
            parts.unwrap = Some(self.unwrap()?);
        }
        Ok(())
    }

    fn offset(&mut self) -> Parsed<i64> {
        let negative = self.accept("-");
        let TokenKind::Duration(nanos) = self.token.kind else { return Err(self.unexpected(&["DURATION"])) };
        self.advance();
        Ok(if negative { -nanos } else { nanos })
    }

    /// `| unwrap label`, `| unwrap bytes(label)`, with the conditions that follow.
    fn unwrap(&mut self) -> Parsed<Unwrap> {
        let start = self.advance().span.start;
        self.advance();
        let conversion = self.conversion()?;
        let label = self.identifier()?;
        if conversion != Conversion::Float {
            self.expect(")", &[")"])?;
        }
        let mut filters = Vec::new();
        while self.accept("|") {
            filters.push(self.label_filter()?);
        }
        Ok(Unwrap { label, conversion, filters, span: self.span_from(start) })
    }

    fn conversion(&mut self) -> Parsed<Conversion> {
        if !self.is_called() {
            return Ok(Conversion::Float);
        }
        let conversion = match self.word() {
            "bytes" => Conversion::Bytes,
            "duration" | "duration_seconds" => Conversion::DurationSeconds,
            other => {
                let message = format!("unknown conversion {other}: use bytes, duration or duration_seconds");
                return Err(Fault::rule(self.token.span, message));
            }
        };
        self.advance();
        self.advance();
        Ok(conversion)
    }
}

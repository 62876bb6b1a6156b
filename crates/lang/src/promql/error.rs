//! Parse errors with position, in Prometheus' words.

use gw_base::{HasKind, Kind};

use crate::Span;

/// Why a text is not PromQL.
///
/// Wire: the text is that of Prometheus (`1:5: parse error: unexpected ...`), because answers of the HTTP API carry it and
/// clients and tests match it. A column is a byte, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: parse error: {message}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Line of the start, from 1.
    pub line: usize,
    /// Column of the start, from 1.
    pub column: usize,
}

impl HasKind for ParseError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// An error before its line and column are known.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) span: Span,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }

    /// Looks up line and column in the text that was parsed.
    pub(super) fn locate(self, query: &str) -> ParseError {
        let (line, column) = self.span.line_and_column(query);
        ParseError { message: self.message, span: self.span, line, column }
    }
}

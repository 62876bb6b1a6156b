//! Parse errors in Loki's words.

use std::fmt;

use gw_base::{HasKind, Kind};

use crate::Span;

/// Why a text is not LogQL.
///
/// Wire: Loki answers `parse error at line L, col C: MESSAGE`, and `parse error : MESSAGE` where a rule about the whole query
/// was broken rather than a token misplaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Line and column as Loki tells them, if it does; see [`Place`].
    pub place: Place,
}

/// Where Loki says that an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: the query as a whole.
    Query,
    /// At a token. Columns count characters from 1; lines count from 1, but are 0 for tokens that Loki's scanner reads by
    /// the character (`[5m]`, durations, sizes and flags).
    Token {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Query => write!(f, "parse error : {}", self.message),
            Place::Token { line, column } => write!(f, "parse error at line {line}, col {column}: {}", self.message),
        }
    }
}

impl HasKind for ParseError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// An error before its line and column are known.
#[derive(Debug)]
pub(super) struct Fault {
    span: Span,
    message: String,
    at: FaultAt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FaultAt {
    Query,
    Token,
    /// A token whose line Loki tells as 0.
    Unnumbered,
}

impl Fault {
    /// A rule about the query as a whole is broken, by the part at `span`.
    pub(super) fn rule(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), at: FaultAt::Query }
    }

    /// A token is wrong.
    pub(super) fn token(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), at: FaultAt::Token }
    }

    /// A token is wrong that Loki reads by the character.
    pub(super) fn unnumbered(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), at: FaultAt::Unnumbered }
    }

    pub(super) fn locate(self, query: &str) -> ParseError {
        let place = match self.at {
            FaultAt::Query => Place::Query,
            FaultAt::Token | FaultAt::Unnumbered => {
                let before = query.get(..self.span.start as usize).unwrap_or(query);
                let line_start = before.rfind('\n').map_or(0, |at| at + 1);
                let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
                let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
                Place::Token { line: if self.at == FaultAt::Token { line } else { 0 }, column }
            }
        };
        ParseError { message: self.message, span: self.span, place }
    }
}

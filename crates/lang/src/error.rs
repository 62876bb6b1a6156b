//! What the parsers of this crate answer when a text is refused.

use gw_base::{HasKind, Kind};

use crate::{logql, promql};

/// A text that was refused, in the words of its language's original.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// PromQL.
    #[error(transparent)]
    PromQl(#[from] promql::ParseError),
    /// LogQL.
    #[error(transparent)]
    LogQl(#[from] logql::ParseError),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::PromQl(error) => error.kind(),
            Self::LogQl(error) => error.kind(),
        }
    }
}

//! Why a query text has no plan.

use gw_base::{HasKind, Kind};
use gw_batch::{QueryError, Stage};

/// Why a query text has no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The text is wrong; the message is the language's own.
    #[error("{0}")]
    Parse(String),
    /// The text is right but its evaluation must fail; the message is the language's own.
    #[error("{0}")]
    Execution(String),
    /// A part of the language that is not there yet.
    #[error("{0} is not supported yet")]
    Unsupported(String),
    /// More points than one query may have.
    #[error("query asks for {0} points, at most {1} are allowed; use a longer step or a shorter range")]
    Steps(usize, usize),
}

impl HasKind for PlanError {
    fn kind(&self) -> Kind {
        match self {
            Self::Parse(_) | Self::Execution(_) | Self::Unsupported(_) => Kind::Invalid,
            Self::Steps(..) => Kind::TooMuch,
        }
    }
}

impl From<PlanError> for QueryError {
    fn from(error: PlanError) -> Self {
        let stage = match error {
            PlanError::Execution(_) => Stage::Execute,
            _ => Stage::Parse,
        };
        Self { kind: error.kind(), stage, message: error.to_string() }
    }
}

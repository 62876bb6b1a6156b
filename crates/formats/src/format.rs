//! The face of a format: what goes in, what comes out, what is said about rows that had to be refused.

use std::fmt;

use gw_base::{Limits, Tenant, Timestamp};
use gw_batch::Batch;
pub use gw_batch::{Refusal, Refusals};

use crate::FormatError;

/// What a format is, for people and for generated documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its name in configuration, metrics and corpora: lower case with hyphens.
    pub name: &'static str,
    /// The product or standard that defined it.
    pub product: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The specification or source that it follows.
    pub specification: &'static str,
}

/// Everything besides the bytes that decoding depends on.
#[derive(Debug, Clone)]
pub struct DecodeContext<'a> {
    /// Whose rows these become.
    pub tenant: Tenant,
    /// Bounds for sizes and counts.
    pub limits: &'a Limits,
    /// Time of receipt, for rows without a time of their own.
    pub now: Timestamp,
    /// The request's `Content-Type`, empty when absent.
    pub content_type: &'a str,
    /// The request's `Content-Encoding`, empty when absent.
    pub content_encoding: &'a str,
    /// Whether series get `__type__` and `__unit__` where the format tells them with the series.
    pub type_and_unit_labels: bool,
}

impl<'a> DecodeContext<'a> {
    /// A context for the default tenant without headers.
    #[must_use]
    pub fn new(limits: &'a Limits, now: Timestamp) -> Self {
        Self {
            tenant: Tenant::default(),
            limits,
            now,
            content_type: "",
            content_encoding: "",
            type_and_unit_labels: false,
        }
    }

    /// The media type of `Content-Type` without parameters, lower case.
    #[must_use]
    pub fn media_type(&self) -> String {
        self.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// What a body held.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// The rows, one batch a signal; batches without rows are left out.
    pub batches: Vec<Batch>,
    /// Rows left out.
    pub refused: Vec<Refusal>,
}

impl Decoded {
    /// Rows in all batches.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.batches.iter().map(|batch| batch.rows() as u64).sum()
    }

    /// Rows left out.
    #[must_use]
    pub fn refused_rows(&self) -> u64 {
        self.refused.iter().map(|refusal| refusal.rows).sum()
    }

    /// All reasons in one line for an answer; `None` when nothing was refused.
    #[must_use]
    pub fn refusal_message(&self) -> Option<String> {
        let messages: Vec<String> = self.refused.iter().map(Refusal::to_string).collect();
        (!messages.is_empty()).then(|| messages.join("; "))
    }

    /// The decoded rows of one builder's batch.
    #[must_use]
    pub fn of(batch: Batch, refused: Refusals) -> Self {
        let batches = if batch.rows() == 0 { Vec::new() } else { vec![batch] };
        Self { batches, refused: refused.into_list() }
    }
}

/// A public ingest format: request bytes to rows.
pub trait Format: Send + Sync {
    /// What it is.
    fn about(&self) -> &'static About;

    /// Decodes a request body as it came over the wire: decompression by `Content-Encoding`, where the protocol has it, is
    /// part of the format.
    ///
    /// # Errors
    /// [`FormatError`] when nothing of the body can be kept.
    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError>;
}

impl fmt::Debug for dyn Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Format({})", self.about().name)
    }
}

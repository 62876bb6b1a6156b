//! The face of a format: what goes in, what comes out, what is said about rows that had to be refused.

use std::fmt;

use gw_base::{Limits, Tenant, Timestamp};
use gw_batch::Batch;

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
}

impl<'a> DecodeContext<'a> {
    /// A context for the default tenant without headers.
    #[must_use]
    pub fn new(limits: &'a Limits, now: Timestamp) -> Self {
        Self { tenant: Tenant::default(), limits, now, content_type: "", content_encoding: "" }
    }

    /// The media type of `Content-Type` without parameters, lower case.
    #[must_use]
    pub fn media_type(&self) -> String {
        self.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// Rows that a decoder left out, by reason. The sender should not send them again as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A short fixed word for counters, such as `line_too_long`.
    pub reason: &'static str,
    /// The first such row, told to people.
    pub message: String,
    /// How many rows.
    pub rows: u64,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.rows > 1 { write!(f, " (and {} more)", self.rows - 1) } else { Ok(()) }
    }
}

/// Collects [`Refusal`]s; memory is bounded by the number of distinct reasons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals(Vec<Refusal>);

impl Refusals {
    /// Counts `rows` refused rows; `message` is asked for only when the reason is new.
    pub fn add(&mut self, reason: &'static str, rows: u64, message: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|refusal| refusal.reason == reason) {
            Some(refusal) => refusal.rows += rows,
            None => self.0.push(Refusal { reason, message: message(), rows }),
        }
    }

    /// Rows refused so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.0.iter().map(|refusal| refusal.rows).sum()
    }

    /// Whether nothing was refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The list, in order of first sight.
    #[must_use]
    pub fn into_list(self) -> Vec<Refusal> {
        self.0
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

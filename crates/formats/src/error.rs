//! Why bytes were refused as a whole.

use gw_base::{HasKind, Kind};

/// Why a body is not of its format. A refusal of single rows is [`crate::Refusal`] instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The bytes are not of the format.
    #[error("{message}")]
    Malformed {
        /// What is wrong and where.
        message: String,
    },
    /// A line of a text format is wrong.
    #[error("line {line}: {message}")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// Compressed bytes do not decompress.
    #[error("body is not valid {encoding}: {message}")]
    Compression {
        /// The content encoding.
        encoding: &'static str,
        /// What the decompressor said.
        message: String,
    },
    /// Decompression passed the limit.
    #[error("decompressed body exceeds {limit} bytes")]
    Bomb {
        /// The limit.
        limit: usize,
    },
    /// The body as sent passes the limit.
    #[error("body of {size} bytes exceeds {limit} bytes")]
    Oversized {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The content type is none of the format's.
    #[error("unsupported content type {given:?}; send {expected}")]
    ContentType {
        /// What was sent.
        given: String,
        /// What may be sent.
        expected: &'static str,
    },
    /// The content encoding is none that the format takes.
    #[error("unsupported content encoding {given:?}; send {expected}")]
    ContentEncoding {
        /// What was sent.
        given: String,
        /// What may be sent.
        expected: &'static str,
    },
}

impl FormatError {
    /// A malformed body.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::Malformed { message: message.into() }
    }
}

impl HasKind for FormatError {
    fn kind(&self) -> Kind {
        match self {
            Self::Bomb { .. } | Self::Oversized { .. } => Kind::TooMuch,
            _ => Kind::Invalid,
        }
    }
}

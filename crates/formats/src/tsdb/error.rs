//! Why a file of the storage is not what it says it is. The place in the file is part of every error; the file's name is
//! added by whoever opened it.

use std::fmt;

use gw_base::{HasKind, Kind};

use crate::xor_chunk::ChunkError;

/// What is wrong, and at which offset of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at offset {offset}: {fault}")]
pub struct TsdbError {
    /// Which part of the format.
    pub what: &'static str,
    /// Where it starts in the file.
    pub offset: u64,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The bytes end too early.
    Truncated,
    /// The file begins with another number.
    Magic(u32),
    /// The version or encoding is none that is known.
    Version(u8),
    /// The checksum that is stored is not that of the bytes.
    Checksum {
        /// What the file says.
        stored: u32,
        /// What the bytes give.
        computed: u32,
    },
    /// A chunk's bits are none.
    Chunk(ChunkError),
    /// The bytes contradict the format.
    Malformed(&'static str),
    /// The file could not be read.
    Read(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("cut off"),
            Self::Magic(magic) => write!(f, "magic number {magic:08x} is another file's"),
            Self::Version(version) => write!(f, "version or encoding {version} is not known"),
            Self::Checksum { stored, computed } => {
                write!(f, "checksum is {stored:08x}, but the bytes give {computed:08x}")
            }
            Self::Chunk(error) => write!(f, "{error}"),
            Self::Malformed(message) => f.write_str(message),
            Self::Read(message) => f.write_str(message),
        }
    }
}

impl TsdbError {
    /// An error at a place.
    #[must_use]
    pub const fn new(what: &'static str, offset: u64, fault: Fault) -> Self {
        Self { what, offset, fault }
    }
}

impl HasKind for TsdbError {
    fn kind(&self) -> Kind {
        match self.fault {
            Fault::Read(_) => Kind::Unavailable,
            _ => Kind::Invalid,
        }
    }
}

//! Trace and span identifiers.

use std::fmt;

/// A 128-bit trace id. 64-bit ids of older tracers have zero upper halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TraceId(pub [u8; 16]);

/// A 64-bit span id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SpanId(pub [u8; 8]);

/// Why an id was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a hexadecimal id")]
pub struct IdError(pub String);

impl TraceId {
    /// Parses 1 to 32 hexadecimal digits; shorter ids are padded with zeros on the left.
    ///
    /// # Errors
    /// [`IdError`] on any other text.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        parse_hex(text).map(Self)
    }

    /// Whether all bits are zero, which no trace may have.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 16]
    }
}

impl SpanId {
    /// Parses 1 to 16 hexadecimal digits; shorter ids are padded with zeros on the left.
    ///
    /// # Errors
    /// [`IdError`] on any other text.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        parse_hex(text).map(Self)
    }

    /// Whether all bits are zero, which means "no span".
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 8]
    }
}

fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    let refused = || IdError(text.chars().take(64).collect());
    if text.is_empty() || text.len() > N * 2 {
        return Err(refused());
    }
    let mut bytes = [0u8; N];
    for (i, digit) in text.bytes().rev().enumerate() {
        let value = (digit as char).to_digit(16).ok_or_else(refused)? as u8;
        bytes[N - 1 - i / 2] |= value << (4 * (i % 2));
    }
    Ok(bytes)
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_are_padded_and_wrong_ones_refused() {
        assert_eq!(TraceId::parse("a1").unwrap().to_string(), "000000000000000000000000000000a1");
        assert_eq!(SpanId::parse("00000000000000FF").unwrap().to_string(), "00000000000000ff");
        for text in ["", "xyz", "00000000000000000", "é"] {
            assert!(SpanId::parse(text).is_err(), "{text}");
        }
    }
}

//! Where in the query text a piece of syntax stands.

/// A half-open range of bytes of the query text. Queries are far below 4 GiB ([`crate::QUERY_LIMIT_BYTES`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

impl Span {
    /// The bytes from `start` up to, without, `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// From the start of this span to the end of `last`.
    #[must_use]
    pub const fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }

    /// The text that the span covers, or nothing where `query` is not the text that it was made from.
    #[must_use]
    pub fn text(self, query: &str) -> &str {
        query.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// Line and column of the start, both counted from 1; a column is a byte, as the originals count.
    #[must_use]
    pub fn line_and_column(self, query: &str) -> (usize, usize) {
        let before = query.as_bytes().get(..self.start as usize).unwrap_or(query.as_bytes());
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        (line, before.len() - line_start + 1)
    }
}

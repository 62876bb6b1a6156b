//! Patterns: literal texts with captures between them, `<method> <_> <status>`.

use gw_batch::QueryError;

use super::entry::Entry;

/// A parsed pattern.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    /// A capture with its name; `_` for none.
    Capture(String),
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, QueryError> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some((name, tail)) = capture(rest) {
                if matches!(pieces.last(), Some(Piece::Capture(_))) {
                    return Err(QueryError::parse("found consecutive capture without literal"));
                }
                pieces.push(Piece::Capture(name.to_owned()));
                rest = tail;
                continue;
            }
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let (literal, tail) = rest.split_at(first);
            match pieces.last_mut() {
                Some(Piece::Text(text)) => text.push_str(literal),
                _ => pieces.push(Piece::Text(literal.to_owned())),
            }
            rest = tail;
        }
        Ok(Self(pieces))
    }

    /// A pattern that is compared with whole lines; it may not name its captures.
    pub(super) fn filter(text: &str) -> Result<Self, QueryError> {
        let pattern = Self::parse(text)?;
        if pattern.0.iter().any(|piece| matches!(piece, Piece::Capture(name) if name != "_")) {
            return Err(QueryError::parse(format!("named captures are not allowed: {text}")));
        }
        Ok(pattern)
    }

    /// The captures become labels.
    pub(super) fn extract(&self, entry: &mut Entry<'_>) {
        let line = entry.line.clone();
        let mut rest: &str = &line;
        for (at, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Text(text) => match rest.find(text.as_str()) {
                    Some(0) => rest = rest.strip_prefix(text.as_str()).unwrap_or(rest),
                    // A text that opens the pattern must open the line, and captures have consumed all else.
                    _ => return,
                },
                Piece::Capture(name) => {
                    let end = match self.0.get(at + 1) {
                        Some(Piece::Text(text)) => rest.find(text.as_str()),
                        _ => Some(rest.len()),
                    };
                    let (value, tail) = rest.split_at(end.unwrap_or(rest.len()));
                    if name != "_" && !value.is_empty() {
                        entry.extract(name, value);
                    }
                    rest = tail;
                }
            }
        }
    }

    /// Whether the line fits, the pattern's captures standing for any text.
    pub(super) fn fits(&self, line: &str) -> bool {
        let mut rest = line;
        let open_end = matches!(self.0.last(), Some(Piece::Capture(_)));
        for (at, piece) in self.0.iter().enumerate() {
            let Piece::Text(text) = piece else { continue };
            let Some(found) = rest.find(text.as_str()) else { return false };
            if at == 0 && found != 0 {
                return false;
            }
            rest = rest.get(found + text.len()..).unwrap_or("");
        }
        open_end || rest.is_empty()
    }
}

/// A capture at the start of a text: its name, and what follows.
fn capture(text: &str) -> Option<(&str, &str)> {
    let (name, tail) = text.strip_prefix('<')?.split_once('>')?;
    let first = name.chars().next()?;
    let valid =
        (first.is_ascii_alphabetic() || first == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    valid.then_some((name, tail))
}

//! Label sets in one canonical byte form, so that equal sets are equal bytes and a hash of the bytes finds the series.
//!
//! Layout: for each pair in rising name order `varint(len) name varint(len) value`. Empty values are never stored: an
//! absent label and an empty one are the same thing in every imitated product.

use std::fmt;
use std::sync::Arc;

/// The label that carries a metric's name.
pub const METRIC_NAME: &str = "__name__";
/// The label that carries a metric's type, where `type-and-unit-labels` asks for it.
pub const TYPE_LABEL: &str = "__type__";
/// The label that carries a metric's unit, likewise.
pub const UNIT_LABEL: &str = "__unit__";

/// A sorted set of name-value pairs without empty values. Cloning shares the bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Arc<[u8]>);

/// Why bytes are not a canonical label set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bytes are not a canonical label set (wrong length, not UTF-8, unsorted, duplicate or empty value)")]
pub struct NotCanonical;

impl Default for Labels {
    fn default() -> Self {
        Self::empty()
    }
}

impl Labels {
    /// The set without labels.
    #[must_use]
    pub fn empty() -> Self {
        Self(Arc::from([]))
    }

    /// Builds from pairs in any order; of pairs with one name the last wins, empty values are dropped.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut builder = LabelsBuilder::default();
        for (name, value) in pairs {
            builder.set(name, value);
        }
        builder.build()
    }

    /// Takes canonical bytes, checking them.
    ///
    /// # Errors
    /// [`NotCanonical`] when the bytes are anything but what [`Labels::as_bytes`] gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotCanonical> {
        if !is_canonical(bytes) {
            return Err(NotCanonical);
        }
        Ok(Self(Arc::from(bytes)))
    }

    /// Takes canonical bytes that were checked when they came in. Bytes that are not canonical make a set that equals no
    /// other, nothing worse.
    #[must_use]
    pub fn of_checked(bytes: &[u8]) -> Self {
        debug_assert!(is_canonical(bytes), "label bytes are checked where they come in");
        Self(Arc::from(bytes))
    }

    /// The canonical bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The pairs in name order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { rest: &self.0 }
    }

    /// The value of a label, if it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// The metric name (`__name__`), if set.
    #[must_use]
    pub fn metric(&self) -> Option<&str> {
        self.get(METRIC_NAME)
    }

    /// Whether there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// A 64-bit hash of the canonical bytes, the same on every machine and in every version.
    #[must_use]
    pub fn hash64(&self) -> u64 {
        hash_bytes(&self.0)
    }

    /// A builder that starts from this set.
    #[must_use]
    pub fn to_builder(&self) -> LabelsBuilder {
        LabelsBuilder { pairs: self.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect() }
    }

    /// This set without the labels that `drop` names.
    #[must_use]
    pub fn without(&self, drop: impl Fn(&str) -> bool) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len());
        for (name, value) in self.iter().filter(|(name, _)| !drop(name)) {
            push_pair(&mut bytes, name, value);
        }
        Self(Arc::from(bytes))
    }
}

impl std::borrow::Borrow<[u8]> for Labels {
    /// Maps keyed by labels can be asked with canonical bytes that are borrowed from elsewhere.
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a str, &'a str);
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Iterates over the pairs of canonical label bytes without checking them again; stops at the first malformed pair.
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    rest: &'a [u8],
}

impl<'a> Iter<'a> {
    /// Walks canonical bytes that are borrowed from elsewhere, such as an Arrow column.
    #[must_use]
    pub const fn over(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);
    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = take_text(self.rest)?;
        let (value, rest) = take_text(rest)?;
        self.rest = rest;
        Some((name, value))
    }
}

/// A pair of canonical label bytes, its texts not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The value.
    pub value: &'a [u8],
    /// Both, with their lengths.
    pub bytes: &'a [u8],
}

impl<'a> Pair<'a> {
    /// The first pair, and what is behind it.
    #[must_use]
    pub fn split(canonical: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (name, rest) = take_bytes(canonical)?;
        let (value, rest) = take_bytes(rest)?;
        let bytes = canonical.get(..canonical.len() - rest.len())?;
        Some((Self { name, value, bytes }, rest))
    }
}

/// The pairs of canonical label bytes; unlike [`Iter`] it costs a few nanoseconds a pair. Stops at the first malformed one.
pub fn pairs(canonical: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    let mut rest = canonical;
    std::iter::from_fn(move || {
        let (pair, behind) = Pair::split(rest)?;
        rest = behind;
        Some(pair)
    })
}

/// Whether bytes are what [`Labels::as_bytes`] gives for some label set.
#[must_use]
pub fn is_canonical(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut previous: Option<&str> = None;
    while !rest.is_empty() {
        let Some((name, tail)) = take_text(rest) else { return false };
        let Some((value, tail)) = take_text(tail) else { return false };
        if value.is_empty() || previous.is_some_and(|p| p >= name) {
            return false;
        }
        previous = Some(name);
        rest = tail;
    }
    true
}

/// Hashes bytes to 64 bits (FNV-1a folded over 8-byte words with a final mix); stable, not for hostile collisions alone:
/// every user of it compares the bytes as well.
#[must_use]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = 0xCBF2_9CE4_8422_2325u64 ^ (bytes.len() as u64).wrapping_mul(K);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut buffer = [0u8; 8];
        buffer.copy_from_slice(word);
        hash = (hash ^ u64::from_le_bytes(buffer)).wrapping_mul(K).rotate_left(29);
    }
    for byte in words.remainder() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    hash ^ (hash >> 32)
}

/// Appends one pair in canonical form. The caller keeps names rising and values not empty.
pub fn push_pair(bytes: &mut Vec<u8>, name: &str, value: &str) {
    for text in [name, value] {
        let mut length = text.len();
        while length >= 0x80 {
            bytes.push((length & 0x7F) as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend_from_slice(text.as_bytes());
    }
}

fn take_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (text, rest) = take_bytes(bytes)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

#[inline]
fn take_bytes(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut length, mut shift, mut at) = (0usize, 0u32, 0usize);
    loop {
        let byte = *bytes.get(at)?;
        length |= usize::from(byte & 0x7F) << shift;
        at += 1;
        if byte < 0x80 {
            break;
        }
        shift += 7;
        if shift > 28 {
            return None;
        }
    }
    bytes.get(at..)?.split_at_checked(length)
}

impl fmt::Display for Labels {
    /// Prometheus form: `name{a="b"}`, or `{a="b"}` without a metric name; values are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metric = self.metric();
        f.write_str(metric.unwrap_or(""))?;
        let rest = self.iter().filter(|(name, _)| *name != METRIC_NAME);
        let mut first = true;
        for (name, value) in rest {
            f.write_str(if first { "{" } else { ", " })?;
            first = false;
            write!(f, "{name}={value:?}")?;
        }
        match (first, metric) {
            (true, Some(_)) => Ok(()),
            (true, None) => f.write_str("{}"),
            (false, _) => f.write_str("}"),
        }
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Builds a [`Labels`]; keeps pairs sorted as they come.
#[derive(Debug, Clone, Default)]
pub struct LabelsBuilder {
    pairs: Vec<(String, String)>,
}

impl LabelsBuilder {
    /// Sets a label; an empty value removes it.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        let (name, value) = (name.into(), value.into());
        let found = self.pairs.binary_search_by(|(n, _)| n.as_str().cmp(&name));
        match (found, value.is_empty()) {
            (Ok(at), true) => drop(self.pairs.remove(at)),
            (Ok(at), false) => self.pairs[at].1 = value,
            (Err(_), true) => {}
            (Err(at), false) => self.pairs.insert(at, (name, value)),
        }
        self
    }

    /// Removes a label.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.pairs.retain(|(n, _)| n != name);
        self
    }

    /// The value of a label set so far.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.pairs.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok()?;
        self.pairs.get(at).map(|(_, value)| value.as_str())
    }

    /// The pairs set so far, in name order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// The finished set.
    #[must_use]
    pub fn build(&self) -> Labels {
        let size = self.pairs.iter().map(|(n, v)| n.len() + v.len() + 4).sum();
        let mut bytes = Vec::with_capacity(size);
        for (name, value) in &self.pairs {
            push_pair(&mut bytes, name, value);
        }
        Labels(Arc::from(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sets_are_equal_bytes() {
        let a = Labels::from_pairs([("b", "2"), ("a", "1"), ("empty", "")]);
        let b = Labels::from_pairs([("a", "0"), ("b", "2"), ("a", "1")]);
        assert_eq!(a, b);
        assert_eq!(a.hash64(), b.hash64());
        assert_eq!(a.len(), 2);
        assert_eq!(Labels::from_bytes(a.as_bytes()), Ok(a.clone()));
        assert_eq!(a.without(|n| n == "a").to_string(), r#"{b="2"}"#);
    }

    #[test]
    fn long_values_and_hostile_bytes() {
        let long = "x".repeat(300);
        let labels = Labels::from_pairs([(METRIC_NAME, "up"), ("long", &long)]);
        assert_eq!(labels.get("long"), Some(long.as_str()));
        for bytes in [
            &[0xFFu8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF][..],
            &[1, b'a'],
            &[1, b'a', 0],
            &[1, b'b', 1, b'x', 1, b'a', 1, b'y'],
            &[1, 0xFF, 1, b'a'],
        ] {
            assert_eq!(Labels::from_bytes(bytes), Err(NotCanonical), "{bytes:?}");
        }
    }

    #[test]
    fn raw_pairs_are_the_pairs() {
        let long = "é".repeat(300);
        let labels = Labels::from_pairs([(METRIC_NAME, "up"), ("long", &long), ("z", "1")]);
        let raw: Vec<(&[u8], &[u8])> = pairs(labels.as_bytes()).map(|pair| (pair.name, pair.value)).collect();
        let texts: Vec<(&[u8], &[u8])> = labels.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        assert_eq!(raw, texts);
        let bytes: Vec<u8> = pairs(labels.as_bytes()).flat_map(|pair| pair.bytes).copied().collect();
        assert_eq!(bytes, labels.as_bytes());
        for malformed in [&[0xFFu8; 9][..], &[1, b'a'], &[1, b'a', 2, b'b']] {
            assert_eq!(pairs(malformed).next(), None);
        }
    }

    #[test]
    fn display_is_prometheus_form() {
        assert_eq!(Labels::from_pairs([(METRIC_NAME, "up"), ("job", "a\"b")]).to_string(), r#"up{job="a\"b"}"#);
        assert_eq!(Labels::empty().to_string(), "{}");
        assert_eq!(Labels::from_pairs([(METRIC_NAME, "up")]).to_string(), "up");
    }
}

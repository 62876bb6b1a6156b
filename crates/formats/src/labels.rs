//! Label pairs to canonical bytes without building strings: the hot path of every metrics and logs decoder.

use gw_base::labels::push_pair;

/// A label name that stands twice in one set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("label name {0:?} is not unique")]
pub struct DuplicateLabel(pub String);

/// Sorts `pairs` and writes them to `bytes` (cleared first) in the canonical form of [`gw_base::Labels`]; pairs with empty
/// values are left out.
///
/// # Errors
/// [`DuplicateLabel`] when two pairs have one name; `bytes` is then unfinished.
pub fn canonical<T: AsRef<str>>(pairs: &mut [(T, T)], bytes: &mut Vec<u8>) -> Result<(), DuplicateLabel> {
    match sort(pairs) {
        Some(twice) => Err(DuplicateLabel(twice.to_owned())),
        None => {
            write(pairs, bytes);
            Ok(())
        }
    }
}

/// As [`canonical`], but of pairs with one name the last of those written wins.
pub fn canonical_last_wins<T: AsRef<str>>(pairs: &mut Vec<(T, T)>, bytes: &mut Vec<u8>) {
    if !pairs.is_sorted_by(|a, b| a.0.as_ref() < b.0.as_ref()) {
        pairs.reverse();
        pairs.sort_by(|a, b| a.0.as_ref().cmp(b.0.as_ref()));
        pairs.dedup_by(|later, kept| later.0.as_ref() == kept.0.as_ref());
    }
    write(pairs, bytes);
}

/// Sorts by name; gives a name that stands twice.
fn sort<T: AsRef<str>>(pairs: &mut [(T, T)]) -> Option<&str> {
    if pairs.is_sorted_by(|a, b| a.0.as_ref() < b.0.as_ref()) {
        return None;
    }
    pairs.sort_unstable_by(|a, b| a.0.as_ref().cmp(b.0.as_ref()));
    let twice = pairs.windows(2).find(|pair| pair[0].0.as_ref() == pair[1].0.as_ref())?;
    Some(twice[0].0.as_ref())
}

fn write<T: AsRef<str>>(pairs: &[(T, T)], bytes: &mut Vec<u8>) {
    bytes.clear();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.as_ref().is_empty()) {
        push_pair(bytes, name.as_ref(), value.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::Labels;

    #[test]
    fn bytes_are_those_of_labels() {
        let mut bytes = vec![1, 2, 3];
        canonical(&mut [("b", "2"), ("e", ""), ("a", "1")], &mut bytes).unwrap();
        assert_eq!(bytes, Labels::from_pairs([("a", "1"), ("b", "2")]).as_bytes());
        let error = canonical(&mut [("b", "2"), ("a", "1"), ("b", "2")], &mut bytes).unwrap_err();
        assert_eq!(error.to_string(), "label name \"b\" is not unique");
        canonical_last_wins(&mut vec![("b", "1"), ("a", "1"), ("b", "2")], &mut bytes);
        assert_eq!(bytes, Labels::from_pairs([("a", "1"), ("b", "2")]).as_bytes());
    }
}

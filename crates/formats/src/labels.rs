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
pub fn canonical(pairs: &mut [(&str, &str)], bytes: &mut Vec<u8>) -> Result<(), DuplicateLabel> {
    bytes.clear();
    if !pairs.is_sorted_by(|a, b| a.0 < b.0) {
        pairs.sort_unstable_by(|a, b| a.0.cmp(b.0));
        if let Some(twice) = pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(DuplicateLabel(twice[0].0.to_owned()));
        }
    }
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        push_pair(bytes, name, value);
    }
    Ok(())
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
    }
}

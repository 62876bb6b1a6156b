//! The label bytes of one series after the other, made of interned pairs.

/// Label bytes. Neighbours in label order begin alike, so only the pairs that differ are written.
#[derive(Debug, Default)]
pub(crate) struct Key {
    bytes: Vec<u8>,
    pairs: Vec<u32>,
    /// Where the text of each pair ends.
    ends: Vec<usize>,
}

impl Key {
    /// Becomes the label bytes of these pairs; `text` gives the canonical bytes of each, the same ones at every call.
    pub(crate) fn become_of<'a>(&mut self, pairs: &[u32], text: impl Fn(u32) -> &'a [u8]) {
        let same = self.pairs.iter().zip(pairs).take_while(|(a, b)| a == b).count();
        self.pairs.truncate(same);
        self.ends.truncate(same);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
        for pair in &pairs[same..] {
            self.bytes.extend_from_slice(text(*pair));
            self.pairs.push(*pair);
            self.ends.push(self.bytes.len());
        }
    }

    /// The canonical label bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn keys_follow_each_other() {
        let texts = ["a", "bb", "ccc", ""];
        let mut key = Key::default();
        for pairs in [&[0, 1, 2][..], &[0, 1], &[0, 2, 1], &[], &[3], &[3, 0, 0, 0], &[0, 0]] {
            key.become_of(pairs, |pair| texts[pair as usize].as_bytes());
            let expected: Vec<u8> = pairs.iter().flat_map(|pair| texts[*pair as usize].bytes()).collect();
            assert_eq!(key.bytes(), expected);
        }
    }
}

//! Name-value pairs of labels, each kept once and known by a number.

use std::collections::BTreeMap;

use gw_base::labels::{Iter, Pair, hash_bytes};

/// Interned pairs in canonical form.
#[derive(Debug)]
pub(crate) struct Symbols {
    bytes: Vec<u8>,
    /// Where each pair ends, behind a leading zero.
    ends: Vec<u32>,
    /// Open addressing: number of a pair + 1, zero where free.
    slots: Vec<u32>,
    /// Pairs of each label name.
    names: BTreeMap<Box<str>, Vec<u32>>,
}

impl Default for Symbols {
    fn default() -> Self {
        Self { bytes: Vec::new(), ends: vec![0], slots: vec![0; 64], names: BTreeMap::new() }
    }
}

impl Symbols {
    /// Number of pairs.
    pub(crate) fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// Bytes of all pairs.
    pub(crate) const fn text_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The canonical bytes of a pair.
    #[inline]
    pub(crate) fn pair(&self, symbol: u32) -> &[u8] {
        let symbol = symbol as usize;
        &self.bytes[self.ends[symbol] as usize..self.ends[symbol + 1] as usize]
    }

    /// The value of a pair.
    pub(crate) fn value(&self, symbol: u32) -> &[u8] {
        Pair::split(self.pair(symbol)).map_or(&[], |(pair, _)| pair.value)
    }

    /// The number of a pair that is known.
    pub(crate) fn find(&self, pair: &[u8]) -> Option<u32> {
        self.slots[self.slot(pair)].checked_sub(1)
    }

    /// The number of a pair, which is added when new. The pair is canonical.
    pub(crate) fn find_or_push(&mut self, pair: &[u8]) -> u32 {
        let mut at = self.slot(pair);
        if let Some(symbol) = self.slots[at].checked_sub(1) {
            return symbol;
        }
        if self.len() * 2 >= self.slots.len() {
            self.grow();
            at = self.slot(pair);
        }
        let symbol = self.len() as u32;
        self.bytes.extend_from_slice(pair);
        self.ends.push(u32::try_from(self.bytes.len()).expect("a head is bounded far below 4 GiB"));
        self.slots[at] = symbol + 1;
        if let Some((name, _)) = Iter::over(pair).next() {
            match self.names.get_mut(name) {
                Some(symbols) => symbols.push(symbol),
                None => drop(self.names.insert(name.into(), vec![symbol])),
            }
        }
        symbol
    }

    /// The pairs of a label name, in order of first sight.
    pub(crate) fn named(&self, name: &str) -> &[u32] {
        self.names.get(name).map_or(&[], Vec::as_slice)
    }

    /// The names of labels, each with its pairs.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &[u32])> {
        self.names.iter().map(|(name, pairs)| (&**name, pairs.as_slice()))
    }

    /// Of each pair its place in the order of bytes.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.pair(*a).cmp(self.pair(*b)));
        let mut ranks = vec![0; order.len()];
        order.iter().enumerate().for_each(|(rank, symbol)| ranks[*symbol as usize] = rank as u32);
        ranks
    }

    /// The slot of a pair: where it is, or the free one where it belongs.
    fn slot(&self, pair: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash_bytes(pair) as usize & mask;
        while let Some(symbol) = self.slots[at].checked_sub(1) {
            if self.pair(symbol) == pair {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        let mut slots = vec![0; mask + 1];
        for symbol in 0..self.len() as u32 {
            let mut at = hash_bytes(self.pair(symbol)) as usize & mask;
            while slots[at] > 0 {
                at = (at + 1) & mask;
            }
            slots[at] = symbol + 1;
        }
        self.slots = slots;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::Labels;

    #[test]
    fn pairs_are_kept_once_and_found_again() {
        let mut symbols = Symbols::default();
        let pair = |i: u32| Labels::from_pairs([("pod", format!("pod-{i}"))]);
        let numbers: Vec<u32> = (0..5000).map(|i| symbols.find_or_push(pair(i).as_bytes())).collect();
        assert_eq!(numbers, (0..5000).collect::<Vec<_>>());
        assert_eq!((symbols.find(pair(4321).as_bytes()), symbols.value(7)), (Some(4321), &b"pod-7"[..]));
        assert_eq!((symbols.find(pair(5000).as_bytes()), symbols.named("pod").len()), (None, 5000));
        let ranks = symbols.ranks();
        let mut order: Vec<u32> = (0..5000).collect();
        order.sort_by_key(|symbol| ranks[*symbol as usize]);
        assert!(order.windows(2).all(|two| symbols.pair(two[0]) < symbols.pair(two[1])));
    }
}

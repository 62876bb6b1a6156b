//! From label bytes to series, and from conditions to series.
//!
//! A series is found by the hash of its canonical label bytes and verified against the interned pairs it is made of, so a
//! known series costs no parsing and no allocation. A sender repeats its series in one order; the series behind the one
//! just found is therefore tried first, which spares even the hash.

use gw_base::METRIC_NAME;
use gw_base::labels::{Iter, Pair, hash_bytes};
use roaring::RoaringBitmap;

use super::postings::Posting;
use super::symbols::Symbols;
use crate::matching::{Condition, Conditions};

/// No series.
pub(crate) const UNKNOWN: u32 = u32::MAX;

/// More than most label sets have.
const USUAL_BYTES: usize = 512;

/// The series of one tenant in a head, by the order of their first sample.
#[derive(Debug)]
pub(crate) struct HeadIndex {
    symbols: Symbols,
    /// Pairs of all series end to end.
    pairs: Vec<u32>,
    /// Where the pairs of each series end, behind a leading zero.
    ends: Vec<u32>,
    /// Open addressing: a tag, which says the place to begin at, and number of the series + 1; zero where free.
    slots: Vec<u64>,
    postings: Vec<Posting>,
}

/// How many series there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeriesLimits {
    /// Of the tenant.
    pub(crate) all: usize,
    /// Of one metric name.
    pub(crate) metric: usize,
}

/// Why a series was not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Full {
    /// The tenant has too many.
    All,
    /// The metric has too many.
    Metric(String),
    /// The bytes are no label set.
    Malformed,
}

impl Default for HeadIndex {
    fn default() -> Self {
        Self { symbols: Symbols::default(), pairs: Vec::new(), ends: vec![0], slots: vec![0; 64], postings: Vec::new() }
    }
}

impl HeadIndex {
    /// Number of series.
    pub(crate) fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// The interned pairs.
    pub(crate) const fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// The pairs of a series.
    #[inline]
    pub(crate) fn pairs(&self, series: u32) -> &[u32] {
        let series = series as usize;
        &self.pairs[self.ends[series] as usize..self.ends[series + 1] as usize]
    }

    /// The series of these label bytes. `guess` is tried first.
    #[inline]
    pub(crate) fn find(&self, canonical: &[u8], guess: u32) -> Option<u32> {
        if (guess as usize) < self.len() && self.is(guess, canonical) {
            return Some(guess);
        }
        let tag = tag_of(canonical);
        let mask = self.slots.len() - 1;
        let mut at = tag as usize & mask;
        loop {
            let slot = self.slots[at];
            let series = (slot as u32).checked_sub(1)?;
            if (slot >> 32) as u32 == tag && self.is(series, canonical) {
                return Some(series);
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    fn is(&self, series: u32, canonical: &[u8]) -> bool {
        let mut rest = canonical;
        for pair in self.pairs(series) {
            match rest.strip_prefix(self.symbols.pair(*pair)) {
                Some(tail) => rest = tail,
                None => return false,
            }
        }
        rest.is_empty()
    }

    /// Takes in a series that [`HeadIndex::find`] does not know.
    pub(crate) fn insert(&mut self, canonical: &[u8], limits: SeriesLimits) -> Result<u32, Full> {
        if self.len() >= limits.all {
            return Err(Full::All);
        }
        if !gw_base::labels::is_canonical(canonical) {
            return Err(Full::Malformed);
        }
        if let Some((name, value)) = Iter::over(canonical).next().filter(|(name, _)| *name == METRIC_NAME) {
            let mut pair = Vec::new();
            gw_base::labels::push_pair(&mut pair, name, value);
            let held = self.symbols.find(&pair).map_or(0, |symbol| self.postings[symbol as usize].len());
            if held >= limits.metric as u64 {
                return Err(Full::Metric(value.to_owned()));
            }
        }
        let first = self.pairs.len();
        let mut rest = canonical;
        while let Some((pair, tail)) = Pair::split(rest) {
            self.pairs.push(self.symbols.find_or_push(pair.bytes));
            rest = tail;
        }
        Ok(self.finish(first, tag_of(canonical)))
    }

    /// The number of a pair, which is canonical; it is added when new.
    pub(crate) fn symbol(&mut self, pair: &[u8]) -> u32 {
        let symbol = self.symbols.find_or_push(pair);
        self.postings.resize(self.symbols.len(), Posting::None);
        symbol
    }

    /// The series of these pairs, which passed the limits when it first came; it is taken in when new. `None` when they do
    /// not make a label set.
    pub(crate) fn define(&mut self, pairs: &[u32]) -> Option<u32> {
        let (mut canonical, mut before) = (Vec::with_capacity(USUAL_BYTES), None);
        for pair in pairs {
            let bytes = self.symbols.pair(*pair);
            let name = Pair::split(bytes)?.0.name;
            if before.replace(name).is_some_and(|before| before >= name) {
                return None;
            }
            canonical.extend_from_slice(bytes);
        }
        if let Some(known) = self.find(&canonical, UNKNOWN) {
            return Some(known);
        }
        let first = self.pairs.len();
        self.pairs.extend_from_slice(pairs);
        Some(self.finish(first, tag_of(&canonical)))
    }

    /// Files the series whose pairs have been appended from `first` on.
    fn finish(&mut self, first: usize, tag: u32) -> u32 {
        let series = self.len() as u32;
        self.ends.push(u32::try_from(self.pairs.len()).expect("a head is bounded far below 2^32 pairs"));
        self.postings.resize(self.symbols.len(), Posting::None);
        for pair in &self.pairs[first..] {
            self.postings[*pair as usize].push(series);
        }
        if self.len() * 2 > self.slots.len() {
            self.grow();
        }
        place(&mut self.slots, u64::from(tag) << 32 | u64::from(series + 1));
        series
    }

    fn grow(&mut self) {
        let mut slots = vec![0; self.slots.len() * 2];
        self.slots.iter().filter(|slot| **slot != 0).for_each(|slot| place(&mut slots, *slot));
        self.slots = slots;
    }

    /// Appends the canonical label bytes of a series.
    pub(crate) fn labels_into(&self, series: u32, out: &mut Vec<u8>) {
        self.pairs(series).iter().for_each(|pair| out.extend_from_slice(self.symbols.pair(*pair)));
    }

    /// Of each series its place in label order.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let ranks = self.symbols.ranks();
        let ranked: Vec<u32> = self.pairs.iter().map(|pair| ranks[*pair as usize]).collect();
        let of = |series: u32| &ranked[self.ends[series as usize] as usize..self.ends[series as usize + 1] as usize];
        // As many pairs as fit make a number, so that most comparisons need not look at lists. None is less than any.
        let bits = (u32::BITS - (self.symbols.len() as u32).leading_zeros()).max(1);
        let fitting = (u128::BITS / bits) as usize;
        let key = |series: u32| {
            let of = of(series);
            let at = |place: usize| of.get(place).map_or(0, |rank| u128::from(*rank) + 1);
            (0..fitting).fold(0u128, |key, place| key << bits | at(place))
        };
        let mut order: Vec<(u128, u32)> = (0..self.len() as u32).map(|series| (key(series), series)).collect();
        // Pairs are encoded so that none is the beginning of another: comparing them one by one is comparing the bytes.
        order.sort_unstable_by(|(a, one), (b, two)| a.cmp(b).then_with(|| of(*one).cmp(of(*two))));
        let mut places = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, (_, series))| places[*series as usize] = place as u32);
        places
    }

    /// Compares two series by their labels.
    pub(crate) fn compare(&self, a: u32, b: u32) -> std::cmp::Ordering {
        let bytes = |series: u32| self.pairs(series).iter().map(|pair| self.symbols.pair(*pair));
        bytes(a).cmp(bytes(b))
    }

    /// The series that have a pair.
    pub(crate) fn series_of(&self, pair: u32) -> impl Iterator<Item = u32> + '_ {
        self.postings[pair as usize].iter()
    }

    /// The series that fulfil all conditions.
    pub(crate) fn select(&self, conditions: &Conditions) -> RoaringBitmap {
        let mut selected: Option<RoaringBitmap> = None;
        for condition in conditions.iter() {
            let hits = self.hits(condition);
            match &mut selected {
                Some(selected) => *selected &= hits,
                None => selected = Some(hits),
            }
            if selected.as_ref().is_some_and(RoaringBitmap::is_empty) {
                break;
            }
        }
        selected.unwrap_or_else(|| self.all())
    }

    fn hits(&self, condition: &Condition) -> RoaringBitmap {
        let mut hits = RoaringBitmap::new();
        let mut add = |symbol: u32| self.postings[symbol as usize].add_to(&mut hits);
        let named = self.symbols.named(&condition.name).iter().copied();
        if !condition.accepts("") {
            if let Some(texts) = condition.candidates() {
                let mut pair = Vec::new();
                for text in texts {
                    pair.clear();
                    gw_base::labels::push_pair(&mut pair, &condition.name, text);
                    self.symbols.find(&pair).into_iter().for_each(&mut add);
                }
            } else {
                named.filter(|symbol| condition.accepts_bytes(self.symbols.value(*symbol))).for_each(add);
            }
            return hits;
        }
        // An absent label has the empty value, which is accepted: all series but those whose value is not.
        named.filter(|symbol| !condition.accepts_bytes(self.symbols.value(*symbol))).for_each(add);
        self.all() - hits
    }

    fn all(&self) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..self.len() as u32);
        all
    }
}

fn tag_of(canonical: &[u8]) -> u32 {
    (hash_bytes(canonical) >> 32) as u32
}

/// Puts what a slot holds where it belongs.
fn place(slots: &mut [u64], slot: u64) {
    let mask = slots.len() - 1;
    let mut at = (slot >> 32) as usize & mask;
    while slots[at] != 0 {
        at = (at + 1) & mask;
    }
    slots[at] = slot;
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::Labels;

    fn labels(i: usize) -> Labels {
        Labels::from_pairs([(METRIC_NAME, format!("m{}", i % 7)), ("pod", format!("pod-{}", i / 7))])
    }

    const LIMITS: SeriesLimits = SeriesLimits { all: 5000, metric: 1000 };

    #[test]
    fn series_are_found_by_their_bytes_alone() {
        let mut index = HeadIndex::default();
        for i in 0..3000 {
            assert_eq!(index.find(labels(i).as_bytes(), i as u32), None);
            assert_eq!(index.insert(labels(i).as_bytes(), LIMITS), Ok(i as u32));
        }
        for i in 0..3000 {
            for guess in [i as u32, 17, UNKNOWN] {
                assert_eq!(index.find(labels(i).as_bytes(), guess), Some(i as u32));
            }
        }
        assert_eq!(index.find(labels(3000).as_bytes(), 5), None);
        assert_eq!(index.find(&labels(2).as_bytes()[..5], 2), None);
        let ranks = index.ranks();
        let mut order: Vec<usize> = (0..3000).collect();
        order.sort_by_key(|i| ranks[*i]);
        assert!(order.windows(2).all(|two| labels(two[0]) < labels(two[1])));
        assert!(order.windows(2).all(|two| index.compare(two[0] as u32, two[1] as u32).is_lt()));
    }

    #[test]
    fn budgets_name_the_offender() {
        let mut index = HeadIndex::default();
        let limits = SeriesLimits { all: 5, metric: 2 };
        let of = |metric: &str, i: u32| Labels::from_pairs([(METRIC_NAME, metric), ("i", &i.to_string())]);
        assert!((0..2).all(|i| index.insert(of("loud", i).as_bytes(), limits).is_ok()));
        assert_eq!(index.insert(of("loud", 2).as_bytes(), limits), Err(Full::Metric("loud".to_owned())));
        assert!((0..2).all(|i| index.insert(of("calm", i).as_bytes(), limits).is_ok()));
        assert!(index.insert(of("third", 0).as_bytes(), limits).is_ok());
        assert_eq!(index.insert(of("fourth", 0).as_bytes(), limits), Err(Full::All));
        assert_eq!(HeadIndex::default().insert(&[1, b'a', 0], limits), Err(Full::Malformed));
    }
}

//! From conditions to the series of a part.
//!
//! Pairs are sorted by their canonical bytes, so those of one label name lie together, and a pair is found by bisection. A
//! condition becomes numbers of pairs once; a series is judged by comparing numbers.

use std::ops::Range;

use gw_base::TimeRange;
use gw_base::labels::{Iter, push_pair};

use super::index::SeriesIndex;
use crate::matching::{Condition, Conditions};
use crate::selection::Texts;

/// A condition in numbers of pairs.
struct Verdict {
    /// The pairs of the label.
    named: Range<u32>,
    accepted: Accepted,
    /// Whether a series without the label fulfils it.
    absent: bool,
}

/// Which pairs of the label fulfil a condition.
enum Accepted {
    /// This one.
    One(u32),
    /// These, by their place among those of the label.
    Some(Vec<bool>),
}

impl Verdict {
    #[inline]
    fn accepts(&self, pairs: &[u32]) -> bool {
        match &self.accepted {
            Accepted::One(pair) if !self.absent => pairs.contains(pair),
            Accepted::One(accepted) => self.pair_in(pairs).is_none_or(|pair| pair == *accepted),
            Accepted::Some(accepted) => {
                self.pair_in(pairs).map_or(self.absent, |pair| accepted[(pair - self.named.start) as usize])
            }
        }
    }

    #[inline]
    fn pair_in(&self, pairs: &[u32]) -> Option<u32> {
        pairs.iter().copied().find(|pair| self.named.contains(pair))
    }

    /// The first and the last accepted pair.
    fn bounds(&self) -> Option<(u32, u32)> {
        match &self.accepted {
            Accepted::One(pair) => Some((*pair, *pair)),
            Accepted::Some(accepted) => {
                let first = accepted.iter().position(|accepted| *accepted)?;
                let last = accepted.iter().rposition(|accepted| *accepted)?;
                Some((self.named.start + first as u32, self.named.start + last as u32))
            }
        }
    }
}

impl SeriesIndex {
    /// The series that match and may have samples in the range, in label order, which is that of their numbers.
    pub(crate) fn select(&self, conditions: &Conditions, range: TimeRange) -> Vec<u32> {
        let (start, end) = (range.start.nanos(), range.end.nanos());
        let mut candidates = 0..self.len() as u32;
        let mut verdicts = Vec::new();
        for condition in conditions.iter() {
            let verdict = self.verdict(condition);
            candidates = self.narrow(candidates, &verdict);
            if candidates.is_empty() {
                return Vec::new();
            }
            verdicts.push(verdict);
        }
        let matches = |series: &u32| {
            let pairs = self.pairs(*series);
            verdicts.iter().all(|verdict| verdict.accepts(pairs))
        };
        let overlaps = |series: &u32| {
            let (min, max) = self.bounds(*series);
            min <= end && start <= max
        };
        candidates.filter(matches).filter(overlaps).collect()
    }

    /// Calls `found` with the names of labels, or the values of one, among the pairs that are used.
    pub(crate) fn texts(&self, wanted: &Texts, used: impl Fn(u32) -> bool, mut found: impl FnMut(&str)) {
        match wanted {
            Texts::Values(name) => {
                self.named(name).filter(|pair| used(*pair)).for_each(|pair| found(self.value(pair)));
            }
            Texts::Names => {
                let mut next = 0;
                while (next as usize) < self.symbol_count() {
                    let name = Iter::over(self.symbol(next)).next().map_or("", |(name, _)| name);
                    let named = self.named(name);
                    if named.clone().any(&used) {
                        found(name);
                    }
                    next = named.end.max(next + 1);
                }
            }
        }
    }

    /// Which pairs these series have.
    pub(crate) fn used(&self, series: &[u32]) -> Vec<bool> {
        let mut used = vec![false; self.symbol_count()];
        series.iter().flat_map(|series| self.pairs(*series)).for_each(|pair| used[*pair as usize] = true);
        used
    }

    fn verdict(&self, condition: &Condition) -> Verdict {
        let (named, absent) = (self.named(&condition.name), condition.accepts(""));
        let accepted = match condition.candidates() {
            Some(texts) => {
                let mut found: Vec<u32> = texts.iter().filter_map(|text| self.find(&condition.name, text)).collect();
                match (found.pop(), found.is_empty()) {
                    (Some(only), true) => Accepted::One(only),
                    (last, _) => {
                        let mut accepted = vec![false; named.len()];
                        found.iter().chain(&last).for_each(|pair| accepted[(pair - named.start) as usize] = true);
                        Accepted::Some(accepted)
                    }
                }
            }
            None => Accepted::Some(named.clone().map(|pair| condition.accepts(self.value(pair))).collect()),
        };
        Verdict { named, accepted, absent }
    }

    /// The pairs of a label name.
    fn named(&self, name: &str) -> Range<u32> {
        let mut prefix = Vec::new();
        push_pair(&mut prefix, name, "");
        // Without the length of the empty value.
        prefix.pop();
        let begin = |symbol: u32| {
            let pair = self.symbol(symbol);
            &pair[..pair.len().min(prefix.len())]
        };
        self.point(|symbol| begin(symbol) < prefix.as_slice())..self.point(|symbol| begin(symbol) <= prefix.as_slice())
    }

    fn find(&self, name: &str, value: &str) -> Option<u32> {
        let mut pair = Vec::new();
        push_pair(&mut pair, name, value);
        let symbol = self.point(|symbol| self.symbol(symbol) < pair.as_slice());
        ((symbol as usize) < self.symbol_count() && self.symbol(symbol) == pair).then_some(symbol)
    }

    /// The first pair of which `before` does not hold.
    fn point(&self, before: impl Fn(u32) -> bool) -> u32 {
        first_not(0..self.symbol_count() as u32, before)
    }

    fn value(&self, symbol: u32) -> &str {
        Iter::over(self.symbol(symbol)).next().map_or("", |(_, value)| value)
    }

    /// The series between the first and the last whose first pair is accepted; those of one metric lie together.
    fn narrow(&self, candidates: Range<u32>, verdict: &Verdict) -> Range<u32> {
        if verdict.absent || candidates.is_empty() {
            return candidates;
        }
        let Some((first, last)) = verdict.bounds() else { return 0..0 };
        let lead = |series: u32| self.pairs(series).first().copied();
        // Only where every series begins with this label are those with other values all outside.
        let leads = |series: u32| lead(series).is_some_and(|pair| verdict.named.contains(&pair));
        if !leads(candidates.start) || !leads(candidates.end - 1) {
            return candidates;
        }
        first_not(candidates.clone(), |series| lead(series) < Some(first))..first_not(candidates, |series| {
            lead(series) <= Some(last)
        })
    }
}

/// The first number of a range of which `before` does not hold; it holds of all numbers up to there.
fn first_not(range: Range<u32>, before: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

//! From conditions to the series of a part.
//!
//! Pairs are sorted by their canonical bytes, so those of one label name lie together, and a pair is found by bisection. A
//! condition becomes numbers of pairs once; a series is judged by comparing numbers.

use std::ops::Range;

use gw_base::TimeRange;
use gw_base::labels::{Iter, Pair, push_pair};

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

    /// The pair that a series must have.
    const fn required(&self) -> Option<u32> {
        match self.accepted {
            Accepted::One(pair) if !self.absent => Some(pair),
            _ => None,
        }
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
            let is_told = self.narrow(&mut candidates, &verdict);
            if candidates.is_empty() {
                return Vec::new();
            }
            if !is_told {
                verdicts.push(verdict);
            }
        }
        // Most reads of a part want all times that it has.
        let all_overlap = self.all_overlap(start, end);
        if all_overlap && verdicts.is_empty() {
            return candidates.collect();
        }
        let matches = |series: &u32| {
            let overlaps = all_overlap || {
                let (min, max) = self.bounds(*series);
                min <= end && start <= max
            };
            overlaps && verdicts.iter().all(|verdict| verdict.accepts(self.pairs(*series)))
        };
        // Of several pairs that a series must have, one of a label with many values is on the fewest series.
        let required = verdicts.iter().filter_map(|verdict| Some((verdict.named.len(), verdict.required()?)));
        match required.max() {
            Some((_, pair)) => self.having(pair, candidates).into_iter().filter(matches).collect(),
            None => candidates.filter(matches).collect(),
        }
    }

    /// The series that have a pair.
    fn having(&self, pair: u32, series: Range<u32>) -> Vec<u32> {
        // The pairs of all series lie end to end; a block without the pair is passed over in a few instructions.
        const BLOCK: usize = 64;
        let (pairs, ends) = self.pair_runs();
        let end_of = |series: u32| ends[series as usize];
        let from = series.start.checked_sub(1).map_or(0, end_of);
        let to = series.end.checked_sub(1).map_or(0, end_of);
        let (mut found, mut owner) = (Vec::new(), series.start);
        for (block, within) in pairs[from as usize..to as usize].chunks(BLOCK).enumerate() {
            if !within.iter().fold(false, |any, other| any | (*other == pair)) {
                continue;
            }
            for (at, _) in within.iter().enumerate().filter(|(_, other)| **other == pair) {
                let place = from + (block * BLOCK + at) as u32;
                owner = first_not(owner..series.end, |series| end_of(series) <= place);
                found.push(owner);
            }
        }
        found
    }

    /// Calls `found` with the names of labels, or the values of one, among the pairs that are used.
    pub(crate) fn texts<'own>(
        &'own self,
        wanted: &Texts,
        used: impl Fn(u32) -> bool,
        mut found: impl FnMut(&'own str),
    ) {
        match wanted {
            Texts::Values(name) => {
                self.named(name).filter(|pair| used(*pair)).for_each(|pair| found(self.text(pair)));
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
            None => Accepted::Some(self.judged(condition, named.clone())),
        };
        Verdict { named, accepted, absent }
    }

    /// Of each of these pairs, which are those of a label name, whether its value fulfils a condition.
    fn judged(&self, condition: &Condition, named: Range<u32>) -> Vec<bool> {
        let judge = |pair: u32| condition.accepts_bytes(self.value(pair));
        let Some(beginnings) = condition.beginnings() else { return named.map(judge).collect() };
        let mut accepted = vec![condition.otherwise(); named.len()];
        let mut rest = named.clone();
        // Pairs of one name lie in groups of equal length, each sorted.
        while let Some(value) = (!rest.is_empty()).then(|| self.value(rest.start)) {
            let first = self.symbol(rest.start);
            let head = &first[..first.len() - value.len()];
            let group = self.beginning_with(head, rest.clone());
            for beginning in beginnings.iter().filter(|beginning| beginning.len() <= value.len()) {
                let pairs = self.beginning_with(&[head, beginning].concat(), group.clone());
                pairs.for_each(|pair| accepted[(pair - named.start) as usize] = judge(pair));
            }
            rest.start = group.end;
        }
        accepted
    }

    /// The pairs among sorted ones whose bytes begin so.
    fn beginning_with(&self, prefix: &[u8], among: Range<u32>) -> Range<u32> {
        let begin = |symbol: u32| {
            let pair = self.symbol(symbol);
            &pair[..pair.len().min(prefix.len())]
        };
        first_not(among.clone(), |symbol| begin(symbol) < prefix)..first_not(among, |symbol| begin(symbol) <= prefix)
    }

    /// The pairs of a label name.
    fn named(&self, name: &str) -> Range<u32> {
        let mut prefix = Vec::new();
        push_pair(&mut prefix, name, "");
        // Without the length of the empty value.
        prefix.pop();
        self.beginning_with(&prefix, 0..self.symbol_count() as u32)
    }

    fn find(&self, name: &str, value: &str) -> Option<u32> {
        let mut pair = Vec::new();
        push_pair(&mut pair, name, value);
        let symbol = first_not(0..self.symbol_count() as u32, |symbol| self.symbol(symbol) < pair.as_slice());
        ((symbol as usize) < self.symbol_count() && self.symbol(symbol) == pair).then_some(symbol)
    }

    fn text(&self, symbol: u32) -> &str {
        std::str::from_utf8(self.value(symbol)).unwrap_or("")
    }

    fn value(&self, symbol: u32) -> &[u8] {
        Pair::split(self.symbol(symbol)).map_or(&[], |(pair, _)| pair.value)
    }

    /// Leaves the series between the first and the last whose first pair is accepted; those of one metric lie together. `true`
    /// when all that are left fulfil the condition.
    fn narrow(&self, candidates: &mut Range<u32>, verdict: &Verdict) -> bool {
        if verdict.absent || candidates.start >= candidates.end {
            return false;
        }
        let Some((first, last)) = verdict.bounds() else {
            candidates.end = candidates.start;
            return true;
        };
        let lead = |series: u32| self.pairs(series).first().copied();
        // Only where every series begins with this label are those with other values all outside.
        let leads = |series: u32| lead(series).is_some_and(|pair| verdict.named.contains(&pair));
        if !leads(candidates.start) || !leads(candidates.end - 1) {
            return false;
        }
        *candidates = first_not(candidates.clone(), |series| lead(series) < Some(first))
            ..first_not(candidates.clone(), |series| lead(series) <= Some(last));
        first == last
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

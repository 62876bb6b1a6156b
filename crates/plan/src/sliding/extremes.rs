//! `min_over_time`, `max_over_time` by a queue of candidates; `quantile_over_time` by a sorted window.

use std::collections::VecDeque;

use super::{Row, Window};

/// Windows of so few samples are looked at one by one.
const FEW: usize = 8;

#[inline]
fn better<const GREATEST: bool>(value: f64, best: f64) -> bool {
    if GREATEST { value > best } else { value < best }
}

pub(super) fn slide<const GREATEST: bool>(
    values: &[f64],
    windows: &[Window],
    candidates: &mut VecDeque<usize>,
    row: &mut Row<'_>,
) {
    // Candidates rise in position and get no better: the best of the window is at the front.
    candidates.clear();
    let mut seen = 0;
    for window in windows {
        let inside = &values[window.from..window.to];
        if inside.len() <= FEW {
            let best = inside[1..].iter().fold(inside[0], |best, value| {
                if better::<GREATEST>(*value, best) || best.is_nan() { *value } else { best }
            });
            row.set(window.step, best);
            continue;
        }
        for at in seen.max(window.from)..window.to {
            let value = values[at];
            if value.is_nan() {
                continue;
            }
            // Of equal values the first one stays in front.
            while candidates.back().is_some_and(|last| better::<GREATEST>(value, values[*last])) {
                candidates.pop_back();
            }
            candidates.push_back(at);
        }
        seen = window.to;
        while candidates.front().is_some_and(|first| *first < window.from) {
            candidates.pop_front();
        }
        // Where all are NaN, the last of them.
        row.set(window.step, candidates.front().map_or(values[window.to - 1], |best| values[*best]));
    }
}

/// The order of the quantile: NaN first.
#[inline]
fn order(a: f64, b: f64) -> std::cmp::Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, true) => std::cmp::Ordering::Equal,
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        (false, false) => a.total_cmp(&b),
    }
}

/// `q` lies between 0 and 1. The window is kept sorted: samples that come and go find their place by bisection.
pub(super) fn quantile(q: f64, values: &[f64], windows: &[Window], sorted: &mut Vec<f64>, row: &mut Row<'_>) {
    sorted.clear();
    let (mut from, mut to) = (0, 0);
    for window in windows {
        if window.from >= to || (window.to - to) * 2 > window.to - window.from {
            // Little is left of the window before.
            sorted.clear();
            sorted.extend_from_slice(&values[window.from..window.to]);
            sorted.sort_unstable_by(|a, b| order(*a, *b));
        } else {
            for gone in &values[from..window.from] {
                let at = sorted.partition_point(|other| order(*other, *gone).is_lt());
                sorted.remove(at);
            }
            for new in &values[to..window.to] {
                let at = sorted.partition_point(|other| order(*other, *new).is_lt());
                sorted.insert(at, *new);
            }
        }
        (from, to) = (window.from, window.to);
        let rank = q * (sorted.len() - 1) as f64;
        let lower = rank.floor().max(0.0) as usize;
        let upper = (lower + 1).min(sorted.len() - 1);
        let weight = rank - rank.floor();
        row.set(window.step, sorted[lower] * (1.0 - weight) + sorted[upper] * weight);
    }
}

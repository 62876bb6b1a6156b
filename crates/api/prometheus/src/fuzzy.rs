//! How well a name fits what somebody typed: substrings, subsequences, Jaro-Winkler. Scores are 0 to 1.

/// The ways of comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Algorithm {
    /// The characters stand in the name in their order.
    #[default]
    Subsequence,
    /// Jaro-Winkler similarity.
    JaroWinkler,
}

/// Longest texts that are compared character by character, as both measures cost the product of the lengths.
const LONGEST: usize = 512;

impl Algorithm {
    /// The score of a name; `None` when it does not fit at all. A name that holds the text fits best.
    pub(crate) fn score(self, wanted: &str, name: &str) -> Option<f64> {
        if wanted.is_empty() || wanted == name {
            return Some(1.0);
        }
        if wanted.len() > LONGEST || name.len() > LONGEST {
            return name.contains(wanted).then_some(0.5);
        }
        match self {
            Self::Subsequence => subsequence(wanted, name),
            Self::JaroWinkler => {
                let similar = jaro_winkler(wanted, name);
                if name.contains(wanted) {
                    return Some(similar.max(0.9));
                }
                (similar > 0.0).then_some(similar)
            }
        }
    }
}

/// Rewards characters that stand together and the beginning, and names that are not much longer.
fn subsequence(wanted: &str, name: &str) -> Option<f64> {
    let name: Vec<char> = name.chars().collect();
    let wanted: Vec<char> = wanted.chars().collect();
    // The tightest match counts, so every place where the first character stands is tried.
    let starts = name.iter().enumerate().filter(|(_, c)| **c == wanted[0]).map(|(at, _)| at);
    let best = starts.filter_map(|start| runs(&wanted, &name[start..]).map(|runs| (start, runs)));
    let (start, runs) = best.min_by_key(|(start, runs)| (*runs, *start))?;
    let (matched, length) = (wanted.len() as f64, name.len() as f64);
    let together = 1.0 / runs as f64;
    let early = 1.0 - start as f64 / length;
    Some((0.6 * together + 0.25 * matched / length + 0.15 * early).min(1.0))
}

/// Number of runs of neighbours in the first match; `None` when there is none.
fn runs(wanted: &[char], name: &[char]) -> Option<usize> {
    let (mut runs, mut last, mut at) = (0, None, 0);
    for c in wanted {
        let found = at + name.get(at..)?.iter().position(|other| other == c)?;
        if last.is_none_or(|last| last + 1 != found) {
            runs += 1;
        }
        last = Some(found);
        at = found + 1;
    }
    Some(runs)
}

fn jaro_winkler(a: &str, b: &str) -> f64 {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let jaro = jaro(&a, &b);
    let prefix = a.iter().zip(&b).take(4).take_while(|(x, y)| x == y).count() as f64;
    jaro + prefix * 0.1 * (1.0 - jaro)
}

fn jaro(a: &[char], b: &[char]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let mut taken = vec![false; b.len()];
    let mut matched_a = Vec::new();
    for (i, c) in a.iter().enumerate() {
        let (low, high) = (i.saturating_sub(window), (i + window + 1).min(b.len()));
        let found = (low..high).find(|j| !taken[*j] && b[*j] == *c);
        if let Some(j) = found {
            taken[j] = true;
            matched_a.push(*c);
        }
    }
    if matched_a.is_empty() {
        return 0.0;
    }
    let matched_b = b.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(c, _)| c);
    let transposed = matched_a.iter().zip(matched_b).filter(|(x, y)| x != y).count() as f64 / 2.0;
    let matched = matched_a.len() as f64;
    (matched / a.len() as f64 + matched / b.len() as f64 + (matched - transposed) / matched) / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_fits_score_higher() {
        let score = |name| Algorithm::Subsequence.score("http_req", name).unwrap_or(0.0);
        assert!(score("http_req") > score("http_requests_total"));
        assert!(score("http_requests_total") > score("my_http_requests_total"));
        assert!(score("http_requests_total") > score("hot_tub_pre_quota"));
        assert_eq!(Algorithm::Subsequence.score("xyz", "http_requests_total"), None);
        // Values from Winkler's paper.
        assert!((jaro_winkler("MARTHA", "MARHTA") - 0.9611).abs() < 1e-4);
        assert!((jaro_winkler("DIXON", "DICKSONX") - 0.8133).abs() < 1e-4);
    }
}

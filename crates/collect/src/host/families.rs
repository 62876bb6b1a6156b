//! Types and help texts of the families whose names are fixed. They are part of the wire contract: `families.tsv` holds them
//! as data (name, type, help; sorted by name), so that collectors speak of names and values only.

use gw_batch::MetricType;

static TABLE: &str = include_str!("families.tsv");

/// Type and help of a family; `None` for one that the table does not name.
pub(crate) fn find(name: &str) -> Option<(MetricType, &'static str)> {
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        let line = line_at(low + (high - low) / 2);
        let text = TABLE.get(line.clone())?;
        let (found, rest) = text.split_once('\t')?;
        match found.cmp(name) {
            std::cmp::Ordering::Less => low = line.end + 1,
            std::cmp::Ordering::Greater => high = line.start,
            std::cmp::Ordering::Equal => {
                let (kind, help) = rest.split_once('\t')?;
                return Some((kind_of(kind)?, help));
            }
        }
    }
    None
}

/// The line around a byte of the table, without its line end.
fn line_at(middle: usize) -> std::ops::Range<usize> {
    let bytes = TABLE.as_bytes();
    let start = bytes[..middle].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = bytes[start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| start + at);
    start..end
}

fn kind_of(word: &str) -> Option<MetricType> {
    match word {
        "counter" => Some(MetricType::Counter),
        "gauge" => Some(MetricType::Gauge),
        "untyped" => Some(MetricType::Unknown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_and_none_else() {
        let names: Vec<&str> = TABLE.lines().map(|line| line.split('\t').next().unwrap()).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "rows are sorted by name, each once");
        assert!(TABLE.lines().all(|line| line.split('\t').count() == 3));
        assert!(names.iter().all(|name| find(name).is_some()));
        for absent in ["", "a", "node_load", "node_load16", "zzz"] {
            assert!(find(absent).is_none(), "{absent}");
        }
    }
}

//! The labels of a series as nearly every sender writes them: sorted, not empty, plain text, the metric name first.
//!
//! Such labels become canonical bytes by leaving out the wire's tags, without looking at a pair twice. Anything else goes the
//! long way, which can also say what is wrong.

use gw_base::METRIC_NAME;

/// A label's field on the wire: number 1, length-delimited.
const LABEL: u8 = 0x0A;
const NAME: u8 = 0x0A;
const VALUE: u8 = 0x12;

/// Writes the labels at the beginning of a series to `canonical` and gives what follows them; `None` when they need the
/// long way. Labels may come again in what follows.
pub(super) fn plain<'a>(series: &'a [u8], canonical: &mut Vec<u8>) -> Option<&'a [u8]> {
    canonical.clear();
    let mut rest = series;
    let mut last: &[u8] = &[];
    while let [LABEL, length, tail @ ..] = rest {
        // One byte of length: longer labels are rare.
        let (label, tail) = tail.split_at_checked(usize::from(*length)).filter(|_| *length < 0x80)?;
        rest = tail;
        let [NAME, length, label @ ..] = label else { return None };
        let (name, label) = label.split_at_checked(usize::from(*length)).filter(|_| *length < 0x80)?;
        let [VALUE, length, value @ ..] = label else { return None };
        if usize::from(*length) != value.len() || value.is_empty() || name <= last {
            return None;
        }
        if last.is_empty() && name != METRIC_NAME.as_bytes() {
            return None;
        }
        last = name;
        canonical.push(name.len() as u8);
        canonical.extend_from_slice(name);
        canonical.push(value.len() as u8);
        canonical.extend_from_slice(value);
    }
    // Lengths are below 0x80 here, so this says that the texts are.
    (!last.is_empty() && canonical.is_ascii()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::MessageWriter;
    use gw_base::Labels;

    fn wire(pairs: &[(&str, &str)]) -> Vec<u8> {
        let mut message = MessageWriter::default();
        for (name, value) in pairs {
            let mut label = MessageWriter::default();
            label.text(1, name).text(2, value);
            message.bytes(1, label.as_bytes());
        }
        message.varint(9, 1);
        message.finish()
    }

    #[test]
    fn plain_labels_are_canonical_and_others_are_left() {
        let mut canonical = Vec::new();
        let pairs = [(METRIC_NAME, "up"), ("instance", "a:1"), ("job", "shop")];
        assert_eq!(plain(&wire(&pairs), &mut canonical), Some(&[0x48, 1][..]));
        assert_eq!(canonical, Labels::from_pairs(pairs).as_bytes());
        let long = "v".repeat(200);
        for odd in [
            &[("job", "a"), (METRIC_NAME, "up")][..],
            &[(METRIC_NAME, "up"), ("job", "")],
            &[(METRIC_NAME, "up"), ("job", "a"), ("job", "a")],
            &[(METRIC_NAME, "up"), ("job", "상점")],
            &[(METRIC_NAME, "up"), ("job", &long)],
            &[("job", "a")],
            &[],
        ] {
            assert_eq!(plain(&wire(odd), &mut canonical), None, "{odd:?}");
        }
        let whole = wire(&pairs);
        for cut in 0..whole.len() {
            // No cut panics; those inside of a label go the long way, which refuses them.
            assert!(plain(&whole[..cut], &mut canonical).is_none_or(|rest| rest.len() < cut));
        }
    }
}

//! Reading the kernel's texts byte by byte, without allocation. What is not in the form expected is passed over: files of a
//! group that is being removed are cut at any place.

/// Lines, without their ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

/// Words between blanks.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// The first fields between separators.
pub(super) fn fields<const N: usize>(text: &[u8], separator: u8) -> [Option<&[u8]>; N] {
    let mut parts = text.split(|byte| *byte == separator);
    std::array::from_fn(|_| parts.next())
}

/// A number of digits alone; `None` where it is none or too large.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then_some(())?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// The number that a file holds alone; `max` is [`u64::MAX`], and so is what is too large for the kernel to mean it.
pub(super) fn single(text: &[u8]) -> Option<u64> {
    let word = words(text).next()?;
    if word == b"max" || word == b"-1" {
        return Some(u64::MAX);
    }
    number(word)
}

/// Lines of a name and a number.
pub(super) fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], u64)> {
    lines(text).filter_map(|line| {
        let [name, value] = fields(line, b' ');
        Some((name?, number(value?)?))
    })
}

/// Words of a name, `=` and a number.
pub(super) fn assignments(line: &[u8]) -> impl Iterator<Item = (&[u8], u64)> {
    words(line).filter_map(|word| {
        let [name, value] = fields(word, b'=');
        Some((name?, number(value?)?))
    })
}

/// The value behind a name in a line of assignments, as text.
pub(super) fn assigned<'a>(line: &'a str, name: &str, separator: char) -> Option<&'a str> {
    line.split(separator).find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

/// `major:minor`.
pub(super) fn device_numbers(text: &[u8]) -> Option<(u32, u32)> {
    let [major, minor] = fields(text, b':');
    Some((u32::try_from(number(major?)?).ok()?, u32::try_from(number(minor?)?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_nothing() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for bad in ["", "18446744073709551616", "-1", "1x", " 1"] {
            assert_eq!(number(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(
            (single(b"max\n"), single(b"-1\n"), single(b"12\n"), single(b"")),
            (Some(u64::MAX), Some(u64::MAX), Some(12), None)
        );
    }

    #[test]
    fn cut_lines_are_passed_over() {
        let text = b"usage_usec 5\nuser_usec\nsystem_usec x\nnr 7";
        assert_eq!(pairs(text).collect::<Vec<_>>(), [(&b"usage_usec"[..], 5), (&b"nr"[..], 7)]);
        assert_eq!(device_numbers(b"8:16"), Some((8, 16)));
        assert_eq!(device_numbers(b"8:"), None);
    }
}

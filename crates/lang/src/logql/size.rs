//! Sizes such as `10MB` and `1KiB`.

/// Decimal units and what they are worth.
const DECIMAL: [(&str, u64); 7] = [
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("pb", 1_000_000_000_000_000),
    ("eb", 1_000_000_000_000_000_000),
];

/// Parses a size: a decimal number and a unit in any case, decimal (`KB`, `K`) or binary (`KiB`, `Ki`).
pub(super) fn parse(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(at);
    let count: f64 = number.parse().ok()?;
    let unit = unit.to_ascii_lowercase();
    let factor = DECIMAL.iter().enumerate().find_map(|(index, (name, size))| {
        let letter = name.strip_suffix('b').unwrap_or(name);
        if unit == *name || (index > 0 && unit == letter) {
            return Some(*size as f64);
        }
        let binary = unit.strip_suffix("ib").or_else(|| unit.strip_suffix('i'));
        (index > 0 && binary == Some(letter)).then(|| 1024f64.powi(i32::try_from(index).unwrap_or(0)))
    })?;
    let bytes = count * factor;
    (bytes < u64::MAX as f64).then_some(bytes as u64)
}

/// Prints a size as Loki does (`10GB`, `3.0MB`) where that is exact, otherwise in bytes.
pub(super) fn print(bytes: u64) -> String {
    let (name, size) = DECIMAL.iter().rev().find(|(_, size)| bytes >= *size).copied().unwrap_or(DECIMAL[0]);
    let unit = match name {
        "b" => "B".to_owned(),
        "kb" => "kB".to_owned(),
        other => other.to_ascii_uppercase(),
    };
    let value = bytes as f64 / size as f64;
    let text = if size == 1 || value >= 10.0 { format!("{value:.0}{unit}") } else { format!("{value:.1}{unit}") };
    if parse(&text) == Some(bytes) { text } else { format!("{bytes}B") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("10GB", 10_000_000_000),
            ("2KiB", 2048),
            ("500kb", 500_000),
            ("1b", 1),
            ("1.5M", 1_500_000),
            ("3ki", 3072),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for text in ["", "5", "MB", "5x", "5bi", "1.2.3MB", "99999EB"] {
            assert_eq!(parse(text), None, "{text}");
        }
        for (bytes, text) in [(10_000_000_000, "10GB"), (3_000_000, "3.0MB"), (2048, "2048B"), (0, "0B"), (7, "7B")] {
            assert_eq!(print(bytes), text);
        }
    }
}

//! Names of OpenTelemetry metrics and attributes in Prometheus: the translation `UnderscoreEscapingWithSuffixes`, which
//! Prometheus applies by default (prometheus/otlptranslator), so that dashboards find the names they expect.

use std::borrow::Cow;

/// What a metric is to the naming rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// A monotonic sum: gets `_total`.
    Counter,
    /// A gauge: gets `_ratio` when its unit is `1`.
    Gauge,
    /// Anything else.
    Other,
}

const UNITS: [(&str, &str); 27] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("1", ""),
    ("%", "percent"),
    ("KHz", "kilohertz"),
];

const PER_UNITS: [(&str, &str); 7] =
    [("s", "second"), ("m", "minute"), ("h", "hour"), ("d", "day"), ("w", "week"), ("mo", "month"), ("y", "year")];

/// The Prometheus name of a metric.
pub(super) fn metric_name(name: &str, unit: &str, naming: Naming) -> String {
    let mut tokens: Vec<Cow<'_, str>> = words(name).map(Cow::Borrowed).collect();
    let mut parts = unit.splitn(2, '/').map(str::trim);
    let main = unit_word(parts.next().unwrap_or_default(), &UNITS);
    push_new(&mut tokens, None, main);
    push_new(&mut tokens, Some("per"), unit_word(parts.next().unwrap_or_default(), &PER_UNITS));
    let suffix = match naming {
        Naming::Counter => Some("total"),
        Naming::Gauge if unit == "1" => Some("ratio"),
        _ => None,
    };
    if let Some(suffix) = suffix {
        tokens.retain(|token| token != suffix);
        tokens.push(Cow::Borrowed(suffix));
    }
    let joined = tokens.join("_");
    if joined.starts_with(|c: char| c.is_ascii_digit()) { format!("_{joined}") } else { joined }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == ':')).filter(|word| !word.is_empty())
}

/// The word of a unit, empty when it gives none. Annotations in braces are no unit.
fn unit_word(unit: &str, table: &[(&str, &str)]) -> String {
    if unit.contains(['{', '}']) {
        return String::new();
    }
    match table.iter().find(|(short, _)| *short == unit) {
        Some((_, word)) => (*word).to_owned(),
        None => words(unit).collect::<Vec<_>>().join("_"),
    }
}

fn push_new<'a>(tokens: &mut Vec<Cow<'a, str>>, before: Option<&'a str>, word: String) {
    if !word.is_empty() && !tokens.iter().any(|token| *token == word) {
        tokens.extend(before.map(Cow::Borrowed));
        tokens.push(Cow::Owned(word));
    }
}

/// The Prometheus (and Loki) name of an attribute: other characters than letters, digits and `_` become `_`.
pub(super) fn label_name(key: &str) -> Cow<'_, str> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let first = key.bytes().next().unwrap_or(b'_');
    let single_underscore = first == b'_' && !key.starts_with("__");
    if !first.is_ascii_digit() && !single_underscore && key.bytes().all(good) {
        return Cow::Borrowed(key);
    }
    let plain: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let prefix = match plain.bytes().next() {
        Some(digit) if digit.is_ascii_digit() => "key_",
        Some(b'_') if !plain.starts_with("__") => "key",
        _ => "",
    };
    Cow::Owned(format!("{prefix}{plain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_get_units_and_suffixes() {
        for (name, unit, naming, expected) in [
            ("http.server.request.duration", "s", Naming::Other, "http_server_request_duration_seconds"),
            ("http.server.requests", "{request}", Naming::Counter, "http_server_requests_total"),
            ("requests_total", "1", Naming::Counter, "requests_total"),
            ("system.cpu.utilization", "1", Naming::Gauge, "system_cpu_utilization_ratio"),
            ("system.io", "By", Naming::Counter, "system_io_bytes_total"),
            ("bytes.read", "By", Naming::Gauge, "bytes_read"),
            ("speed", "m/s", Naming::Gauge, "speed_meters_per_second"),
            ("fans", "{fan}/s", Naming::Gauge, "fans_per_second"),
            ("2xx", "", Naming::Other, "_2xx"),
            ("a__b..c", "unknown.unit", Naming::Other, "a_b_c_unknown_unit"),
            ("job:rate", "%", Naming::Gauge, "job:rate_percent"),
        ] {
            assert_eq!(metric_name(name, unit, naming), expected);
        }
    }

    #[test]
    fn labels_are_sanitised() {
        for (key, name) in [
            ("http.method", "http_method"),
            ("plain", "plain"),
            ("1st", "key_1st"),
            ("_x", "key_x"),
            ("__x", "__x"),
            ("naïve", "na_ve"),
        ] {
            assert_eq!(label_name(key), name);
        }
    }
}

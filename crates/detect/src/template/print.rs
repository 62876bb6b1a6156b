//! Go's `fmt`: how values print, and `printf`.

use gw_base::{Timestamp, duration};

use super::value::Value;

/// Widest field and longest precision of `printf`; Go's own bound is a million.
const MAX_WIDTH: usize = 4096;

/// `%v`.
pub(super) fn print(value: &Value) -> String {
    match value {
        Value::Nil => "<nil>".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => float_shortest(*number),
        Value::Text(text) => text.to_string(),
        Value::Labels(labels) => print_map(labels.iter().map(|(name, value)| (name, value.to_owned()))),
        Value::Map(pairs) => print_map(pairs.iter().map(|(name, value)| (name.as_str(), print(value)))),
        Value::List(items) => format!("[{}]", items.iter().map(print).collect::<Vec<_>>().join(" ")),
        Value::Sample(sample) => {
            format!("&{{{} {}}}", print(&Value::Labels(sample.labels.clone())), float_shortest(sample.value))
        }
        Value::Data(data) => format!(
            "{{{} {} {} {}}}",
            print(&Value::Labels(data.labels.clone())),
            print(&Value::Labels(data.external_labels.clone())),
            data.external_url,
            float_shortest(data.value)
        ),
        Value::Time(time) => print_time(*time),
        Value::Duration(nanos) => duration::print_go(*nanos),
    }
}

fn print_map<'a>(pairs: impl Iterator<Item = (&'a str, String)>) -> String {
    format!("map[{}]", pairs.map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join(" "))
}

/// `time.Time.String` in UTC: `2006-01-02 15:04:05.999 +0000 UTC`.
pub(super) fn print_time(time: Timestamp) -> String {
    let text = time.to_string().replace('T', " ");
    let seconds = text.trim_end_matches('Z');
    let trimmed = if seconds.contains('.') { seconds.trim_end_matches('0') } else { seconds };
    format!("{trimmed} +0000 UTC")
}

/// `fmt.Sprint`: a space between two operands when neither is a text.
pub(super) fn sprint(values: &[Value]) -> String {
    let mut out = String::new();
    let mut previous_is_text = true;
    for value in values {
        let is_text = matches!(value, Value::Text(_));
        if !(previous_is_text || is_text) {
            out.push(' ');
        }
        out.push_str(&print(value));
        previous_is_text = is_text;
    }
    out
}

/// The shortest `%g`: as few digits as bring the number back.
pub(super) fn float_shortest(number: f64) -> String {
    float(number, &Spec { verb: 'g', ..Spec::default() })
}

/// `%.{precision}g`.
pub(super) fn float_significant(number: f64, precision: usize) -> String {
    float(number, &Spec { verb: 'g', precision: Some(precision), ..Spec::default() })
}

/// One `%` directive.
#[derive(Debug, Default)]
struct Spec {
    plus: bool,
    minus: bool,
    space: bool,
    zero: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
    verb: char,
}

/// `fmt.Sprintf`, with Go's marks for missing, superfluous and wrong operands.
pub(super) fn sprintf(format: &str, values: &[Value]) -> String {
    let mut out = String::new();
    let mut operands = values.iter();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let spec = read_spec(&mut chars, &mut operands);
        match spec.verb {
            '\0' => out.push_str("%!(NOVERB)"),
            '%' => out.push('%'),
            verb => match operands.next() {
                Some(value) => out.push_str(&directive(&spec, value)),
                None => out.extend(["%!", verb.encode_utf8(&mut [0; 4]), "(MISSING)"]),
            },
        }
    }
    let extra: Vec<String> = operands.map(|v| format!("{}={}", v.type_name(), print(v))).collect();
    if !extra.is_empty() {
        out.extend(["%!(EXTRA ", extra.join(", ").as_str(), ")"]);
    }
    out
}

fn read_spec<'a>(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    operands: &mut impl Iterator<Item = &'a Value>,
) -> Spec {
    let mut spec = Spec::default();
    while let Some(flag) = chars.next_if(|c| "+- 0#".contains(*c)) {
        match flag {
            '+' => spec.plus = true,
            '-' => spec.minus = true,
            ' ' => spec.space = true,
            '0' => spec.zero = true,
            _ => spec.sharp = true,
        }
    }
    spec.width = read_number(chars, operands).unwrap_or(0);
    if chars.next_if_eq(&'.').is_some() {
        spec.precision = Some(read_number(chars, operands).unwrap_or(0));
    }
    spec.verb = chars.next().unwrap_or('\0');
    spec
}

fn read_number<'a>(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    operands: &mut impl Iterator<Item = &'a Value>,
) -> Option<usize> {
    if chars.next_if_eq(&'*').is_some() {
        return match operands.next() {
            Some(Value::Integer(number)) => usize::try_from(*number).ok().map(|n| n.min(MAX_WIDTH)),
            _ => None,
        };
    }
    let mut number = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        number = Some((number.unwrap_or(0) * 10 + digit as usize).min(MAX_WIDTH));
    }
    number
}

fn directive(spec: &Spec, value: &Value) -> String {
    let body = match (spec.verb, value) {
        ('v', Value::Float(number)) => float(*number, &Spec { verb: 'g', ..copy(spec) }),
        ('v', Value::Integer(number)) => signed(*number, spec, number.unsigned_abs().to_string()),
        ('v', _) => print(value),
        ('T', _) => value.type_name().to_owned(),
        ('t', Value::Bool(truth)) => truth.to_string(),
        ('s', Value::Text(text)) => truncate(text, spec.precision),
        ('s', Value::Labels(_) | Value::List(_) | Value::Map(_) | Value::Time(_) | Value::Duration(_)) => print(value),
        ('q', Value::Text(text)) => quote(&truncate(text, spec.precision)),
        ('x', Value::Text(text)) => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        ('X', Value::Text(text)) => text.bytes().map(|byte| format!("{byte:02X}")).collect(),
        ('d' | 'b' | 'o' | 'x' | 'X' | 'c' | 'q' | 'U', Value::Integer(number)) => integer(*number, spec),
        ('d', Value::Duration(nanos)) => integer(*nanos, spec),
        ('e' | 'E' | 'f' | 'F' | 'g' | 'G', Value::Float(number)) => float(*number, spec),
        (verb, _) => return format!("%!{verb}({}={})", value.type_name(), print(value)),
    };
    pad(&body, spec, matches!(value, Value::Integer(_) | Value::Float(_)))
}

const fn copy(spec: &Spec) -> Spec {
    Spec { ..*spec }
}

fn truncate(text: &str, precision: Option<usize>) -> String {
    text.chars().take(precision.unwrap_or(usize::MAX)).collect()
}

/// Go's quoting; it differs from Rust's in the escapes of control characters.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let code = u32::from(c);
                let escape = if code < 0x80 { format!("\\x{code:02x}") } else { format!("\\u{code:04x}") };
                out.push_str(&escape);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn signed(number: i64, spec: &Spec, digits: String) -> String {
    let sign = match () {
        () if number < 0 => "-",
        () if spec.plus => "+",
        () if spec.space => " ",
        () => "",
    };
    format!("{sign}{digits}")
}

fn integer(number: i64, spec: &Spec) -> String {
    let magnitude = number.unsigned_abs();
    let character = u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
    let digits = match spec.verb {
        'b' => format!("{magnitude:b}"),
        'o' if spec.sharp => format!("0{magnitude:o}"),
        'o' => format!("{magnitude:o}"),
        'x' if spec.sharp => format!("0x{magnitude:x}"),
        'x' => format!("{magnitude:x}"),
        'X' if spec.sharp => format!("0X{magnitude:X}"),
        'X' => format!("{magnitude:X}"),
        'c' => return character.to_string(),
        'q' => return format!("'{character}'"),
        'U' => return format!("U+{magnitude:04X}"),
        _ => magnitude.to_string(),
    };
    let wanted = spec.precision.unwrap_or(0);
    signed(number, spec, format!("{digits:0>wanted$}"))
}

fn float(number: f64, spec: &Spec) -> String {
    if !number.is_finite() {
        return match () {
            () if number.is_nan() => "NaN".to_owned(),
            () if number < 0.0 => "-Inf".to_owned(),
            () => "+Inf".to_owned(),
        };
    }
    let magnitude = number.abs();
    let digits = match spec.verb {
        'f' | 'F' => match spec.precision.or(Some(6)) {
            Some(precision) => format!("{magnitude:.precision$}"),
            None => magnitude.to_string(),
        },
        'e' | 'E' => go_exponent(&format!("{magnitude:.*e}", spec.precision.unwrap_or(6))),
        _ => general(magnitude, spec.precision),
    };
    let digits = if spec.verb.is_ascii_uppercase() { digits.to_uppercase() } else { digits };
    let sign = match () {
        () if number.is_sign_negative() => "-",
        () if spec.plus => "+",
        () if spec.space => " ",
        () => "",
    };
    format!("{sign}{digits}")
}

/// `%g` of a number that is not negative: fixed for exponents from -4 to below the precision (below 6 for the shortest
/// form), else scientific; no trailing zeros.
fn general(magnitude: f64, precision: Option<usize>) -> String {
    let scientific = match precision {
        Some(precision) => format!("{magnitude:.*e}", precision.max(1) - 1),
        None => format!("{magnitude:e}"),
    };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    // Wire: strconv takes a precision of 6 for this choice when it prints the shortest form.
    let limit = precision.map_or(6, |precision| i32::try_from(precision.max(1)).unwrap_or(i32::MAX));
    if exponent < -4 || exponent >= limit {
        return go_exponent(&format!("{mantissa}e{exponent}"));
    }
    let digits = mantissa.replace('.', "");
    let point = exponent + 1;
    match usize::try_from(point) {
        Err(_negative) => format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
        Ok(0) => format!("0.{digits}"),
        Ok(point) if point >= digits.len() => format!("{digits}{}", "0".repeat(point - digits.len())),
        Ok(point) => {
            let (whole, fraction) = digits.split_at(point);
            format!("{whole}.{fraction}")
        }
    }
}

/// Rust writes `1.5e6`, Go `1.5e+06`.
fn go_exponent(scientific: &str) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn pad(body: &str, spec: &Spec, numeric: bool) -> String {
    let missing = spec.width.saturating_sub(body.chars().count());
    match () {
        () if missing == 0 => body.to_owned(),
        () if spec.minus => format!("{body}{}", " ".repeat(missing)),
        () if spec.zero => {
            let signed = numeric && body.starts_with(['+', '-', ' ']);
            let (sign, digits) = body.split_at(usize::from(signed));
            format!("{sign}{}{digits}", "0".repeat(missing))
        }
        () => format!("{}{body}", " ".repeat(missing)),
    }
}

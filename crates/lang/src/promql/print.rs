//! The tree as text, in upstream's canonical form (`Expr.String()`): one line, parsed again it gives the same tree.

use std::fmt;
use std::time::Duration;

use gw_base::{METRIC_NAME, Matcher, duration};

use super::ast::{
    Aggregate, At, Binary, Boundary, Cardinality, Expr, MatrixSelector, NumberLiteral, Subquery, VectorMatching,
    VectorSelector,
};
use super::duration::{DurationExpr, DurationOp};
use crate::quote::{go_quote, go_quote_bytes};

/// A float as Go's `FormatFloat(v, 'f', -1, 64)` writes it.
pub(crate) fn float(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        _ => format!("{value}"),
    }
}

/// A float as Go's `%v` writes it: with an exponent when very large or very small.
fn short_float(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() || value == 0.0 || (1e-4..1e21).contains(&magnitude) {
        return float(value);
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
    format!("{digits}e{sign}{exponent:0>2}")
}

/// Seconds as a Prometheus duration, negative ones too.
fn seconds(value: f64) -> String {
    let magnitude = Duration::try_from_secs_f64(value.abs()).unwrap_or(Duration::MAX);
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", duration::print_prometheus(magnitude))
}

/// Whether a label name needs no quotes.
fn is_plain_label(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn label(name: &str) -> String {
    if is_plain_label(name) { name.to_owned() } else { go_quote(name) }
}

fn labels(names: &[String]) -> String {
    names.iter().map(|name| label(name)).collect::<Vec<_>>().join(", ")
}

fn matcher(matcher: &Matcher) -> String {
    format!("{}{}{}", label(&matcher.name), matcher.op.as_str(), go_quote(&matcher.value))
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(node) => node.fmt(f),
            Self::String(node) => match &node.not_utf8 {
                None => f.write_str(&go_quote(&node.value)),
                Some(bytes) => f.write_str(&go_quote_bytes(bytes)),
            },
            Self::Vector(node) => node.fmt(f),
            Self::Matrix(node) => node.fmt(f),
            Self::Subquery(node) => write!(f, "{}{}", node.expr, node.suffix()),
            Self::Call(node) => {
                write!(f, "{}(", node.function.name)?;
                for (index, arg) in node.args.iter().enumerate() {
                    write!(f, "{}{arg}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            Self::Aggregate(node) => {
                write!(f, "{}(", node.head())?;
                if let Some(param) = &node.param {
                    write!(f, "{param}, ")?;
                }
                write!(f, "{})", node.expr)
            }
            Self::Binary(node) => write!(f, "{} {} {}", node.lhs, node.operator(), node.rhs),
            Self::Unary(node) => write!(f, "{}{}", if node.negative { "-" } else { "+" }, node.expr),
            Self::Paren(node) => write!(f, "({})", node.expr),
        }
    }
}

impl fmt::Display for NumberLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&if self.is_duration { seconds(self.value) } else { float(self.value) })
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Millis(millis) => write!(f, "@ {:.3}", *millis as f64 / 1000.0),
            Self::Start => f.write_str("@ start()"),
            Self::End => f.write_str("@ end()"),
        }
    }
}

impl Boundary {
    /// The modifier as it is written, nothing for the default.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::Anchored => "anchored",
            Self::Smoothed => "smoothed",
        }
    }
}

impl VectorSelector {
    /// Name and matchers, sorted as upstream does, without modifiers.
    fn head(&self) -> String {
        let stands_for_name = |matcher: &&Matcher| {
            self.name.as_ref().is_some_and(|name| **matcher == Matcher::equal(METRIC_NAME, name) && !name.is_empty())
        };
        let mut matchers: Vec<String> =
            self.matchers.iter().filter(|matcher| !stands_for_name(matcher)).map(matcher).collect();
        matchers.sort_unstable();
        let name = self.name.as_deref().unwrap_or("");
        match (matchers.is_empty(), name.is_empty()) {
            (true, false) => name.to_owned(),
            _ => format!("{name}{{{}}}", matchers.join(",")),
        }
    }

    fn modifier(&self) -> String {
        match self.boundary {
            Boundary::Default => String::new(),
            other => format!(" {}", other.as_str()),
        }
    }
}

impl fmt::Display for VectorSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}{}", self.head(), at(self.at), self.modifier(), offset(self.offset.as_ref()))
    }
}

impl fmt::Display for MatrixSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (selector, range) = (&self.selector, as_duration(&self.range));
        let (at, offset) = (at(selector.at), offset(selector.offset.as_ref()));
        write!(f, "{}[{range}]{}{at}{offset}", selector.head(), selector.modifier())
    }
}

impl Subquery {
    /// `[range:step] @ t offset d`.
    pub(super) fn suffix(&self) -> String {
        let (range, step) = (as_duration(&self.range), self.step.as_ref().map(as_duration).unwrap_or_default());
        format!("[{range}:{step}]{}{}", at(self.at), offset(self.offset.as_ref()))
    }
}

fn at(at: Option<At>) -> String {
    at.map(|at| format!(" {at}")).unwrap_or_default()
}

/// Wire: an offset of zero is left out, as upstream does.
fn offset(offset: Option<&DurationExpr>) -> String {
    match offset {
        None => String::new(),
        Some(offset) if offset.literal_nanos() == Some(0) => String::new(),
        Some(offset) => format!(" offset {}", as_duration(offset)),
    }
}

/// A range, step or offset: a plain literal is always shown as a duration.
fn as_duration(duration: &DurationExpr) -> String {
    match duration {
        DurationExpr::Literal(number) => seconds(number.value),
        other => other.to_string(),
    }
}

impl fmt::Display for DurationExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(number) => number.fmt(f),
            Self::Step(_) => f.write_str("step()"),
            Self::Range(_) => f.write_str("range()"),
            Self::Negate(inner, _) => write!(f, "-{inner}"),
            Self::Paren(inner, _) => write!(f, "({inner})"),
            Self::Binary { op: op @ (DurationOp::Min | DurationOp::Max), lhs, rhs, .. } => {
                write!(f, "{}({lhs}, {rhs})", op.as_str())
            }
            Self::Binary { op, lhs, rhs, .. } => write!(f, "{lhs} {} {rhs}", op.as_str()),
        }
    }
}

impl Aggregate {
    /// The operation with its grouping, up to the parenthesis.
    pub(super) fn head(&self) -> String {
        let op = self.op.as_str();
        match (self.without, self.grouping.is_empty()) {
            (true, _) => format!("{op} without ({}) ", labels(&self.grouping)),
            (false, false) => format!("{op} by ({}) ", labels(&self.grouping)),
            (false, true) => op.to_owned(),
        }
    }
}

impl Binary {
    /// The operator with its modifiers.
    pub(super) fn operator(&self) -> String {
        let mut text = self.op.as_str().to_owned();
        if self.return_bool {
            text.push_str(" bool");
        }
        if let Some(matching) = &self.matching {
            text.push_str(&matching_text(matching));
        }
        text
    }
}

fn matching_text(matching: &VectorMatching) -> String {
    let group = match matching.cardinality {
        Cardinality::ManyToOne => Some("left"),
        Cardinality::OneToMany => Some("right"),
        Cardinality::OneToOne | Cardinality::ManyToMany => None,
    };
    let mut parts = Vec::new();
    if !matching.labels.is_empty() || matching.on || group.is_some() {
        let word = if matching.on { "on" } else { "ignoring" };
        parts.push(format!(" {word} ({})", labels(&matching.labels)));
    }
    if let Some(side) = group {
        parts.push(format!(" group_{side} ({})", labels(&matching.include)));
    }
    let fills = match (matching.fill_left, matching.fill_right) {
        (Some(left), Some(right)) if left == right => vec![("fill", left)],
        (left, right) => {
            let sides = [("fill_left", left), ("fill_right", right)];
            sides.into_iter().filter_map(|(word, value)| Some((word, value?))).collect()
        }
    };
    parts.extend(fills.into_iter().map(|(word, value)| format!(" {word} ({})", short_float(value))));
    parts.concat()
}

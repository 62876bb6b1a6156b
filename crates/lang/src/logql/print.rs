//! The tree as text, in Loki's canonical form: one line, parsed again it gives the same tree.

use std::fmt;
use std::time::Duration;

use gw_base::{Matcher, duration};

use super::ast::{
    Binary, Conversion, Expr, Extraction, Grouping, LabelChoice, LabelFilter, LabelFormat, LabelFormatSource,
    LineFilter, LinePattern, LogExpr, LogRange, MetricExpr, Stage, StageKind, Unwrap,
};
use super::size;
use crate::promql::ast::{Cardinality, VectorMatching};
use crate::promql::float;
use crate::quote::go_quote;

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(log) => log.fmt(f),
            Self::Metric(metric) => metric.fmt(f),
        }
    }
}

impl fmt::Display for LogExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.selector())?;
        self.stages.iter().try_for_each(|stage| write!(f, " {stage}"))
    }
}

impl LogExpr {
    /// The stream selector alone.
    #[must_use]
    pub fn selector(&self) -> String {
        format!("{{{}}}", join(self.matchers.iter().map(matcher), ", "))
    }
}

fn join(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}

fn matcher(matcher: &Matcher) -> String {
    format!("{}{}{}", matcher.name, matcher.op.as_str(), go_quote(&matcher.value))
}

/// A duration in nanoseconds, in Prometheus' form where milliseconds suffice, else in Go's.
pub(super) fn nanos(nanos: i64) -> String {
    if nanos % 1_000_000 != 0 {
        return duration::print_go(nanos);
    }
    let sign = if nanos < 0 { "-" } else { "" };
    format!("{sign}{}", duration::print_prometheus(Duration::from_nanos(nanos.unsigned_abs())))
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            StageKind::LineFilter(filter) => filter.fmt(f),
            StageKind::Json(list) => write!(f, "| json{}", extractions(list)),
            StageKind::Logfmt { strict, keep_empty, extractions: list } => {
                let strict = if *strict { " --strict" } else { "" };
                let keep_empty = if *keep_empty { " --keep-empty" } else { "" };
                write!(f, "| logfmt{strict}{keep_empty}{}", extractions(list))
            }
            StageKind::Regexp(text) => write!(f, "| regexp {}", go_quote(text)),
            StageKind::Pattern(text) => write!(f, "| pattern {}", go_quote(text)),
            StageKind::Unpack => f.write_str("| unpack"),
            StageKind::Decolorize => f.write_str("| decolorize"),
            StageKind::LineFormat(text) => write!(f, "| line_format {}", go_quote(text)),
            StageKind::LabelFormat(list) => {
                write!(f, "| label_format {}", join(list.iter().map(ToString::to_string), ","))
            }
            StageKind::LabelFilter(filter) => write!(f, "| {filter}"),
            StageKind::Drop(list) => write!(f, "| drop {}", join(list.iter().map(ToString::to_string), ",")),
            StageKind::Keep(list) => write!(f, "| keep {}", join(list.iter().map(ToString::to_string), ",")),
        }
    }
}

fn extractions(list: &[Extraction]) -> String {
    let one = |extraction: &Extraction| format!("{}={}", extraction.label, go_quote(&extraction.expression));
    if list.is_empty() { String::new() } else { format!(" {}", join(list.iter().map(one), ",")) }
}

impl fmt::Display for LineFilter {
    /// Wire: a negative filter with alternatives is shown as so many filters, which means the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = self.op.as_str();
        let separator = if self.op.is_negative() { format!(" {op} ") } else { " or ".to_owned() };
        write!(f, "{op} {}", join(self.alternatives.iter().map(ToString::to_string), &separator))
    }
}

impl fmt::Display for LinePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&go_quote(text)),
            Self::Ip(pattern) => write!(f, "ip({})", go_quote(pattern)),
        }
    }
}

impl fmt::Display for LabelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            LabelFormatSource::Rename(source) => write!(f, "{}={source}", self.label),
            LabelFormatSource::Template(template) => write!(f, "{}={}", self.label, go_quote(template)),
        }
    }
}

impl fmt::Display for LabelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Matching(found) => f.write_str(&matcher(found)),
        }
    }
}

impl fmt::Display for LabelFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(found) => f.write_str(&matcher(found)),
            Self::Ip { name, negated, pattern } => {
                write!(f, "{name}{}ip({})", if *negated { "!=" } else { "=" }, go_quote(pattern))
            }
            Self::Number { name, op, value } => write!(f, "{name}{}{}", op.as_str(), float(*value)),
            Self::Duration { name, op, nanos } => write!(f, "{name}{}{}", op.as_str(), duration::print_go(*nanos)),
            Self::Bytes { name, op, bytes } => write!(f, "{name}{}{}", op.as_str(), size::print(*bytes)),
            Self::And(left, right) => write!(f, "( {left} , {right} )"),
            Self::Or(left, right) => write!(f, "( {left} or {right} )"),
        }
    }
}

impl fmt::Display for MetricExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => f.write_str(&float(literal.value)),
            Self::VectorLiteral(literal) => write!(f, "vector({})", float(literal.value)),
            Self::Binary(node) => write!(f, "({} {} {})", node.lhs, node.operator(), node.rhs),
            Self::Range(node) => {
                write!(f, "{}(", node.op.as_str())?;
                if let Some(param) = node.param {
                    write!(f, "{},", float(param))?;
                }
                write!(f, "{})", node.range)?;
                node.grouping.iter().try_for_each(|grouping| write!(f, " {grouping}"))
            }
            Self::Vector(node) => {
                f.write_str(node.op.as_str())?;
                if let Some(grouping) = &node.grouping {
                    write!(f, " {grouping} ")?;
                }
                match node.param {
                    Some(param) => write!(f, "({param}, {})", node.expr),
                    None => write!(f, "({})", node.expr),
                }
            }
            Self::LabelReplace(node) => {
                let texts = [&node.target, &node.replacement, &node.source, &node.regex];
                write!(f, "label_replace({},{})", node.expr, join(texts.into_iter().map(|text| go_quote(text)), ","))
            }
        }
    }
}

impl fmt::Display for LogRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.log)?;
        if let Some(unwrap) = &self.unwrap {
            write!(f, " {unwrap}")?;
        }
        f.write_str(&self.window())
    }
}

impl LogRange {
    /// `[5m] offset 1h`.
    pub(super) fn window(&self) -> String {
        let offset =
            if self.offset_nanos == 0 { String::new() } else { format!(" offset {}", nanos(self.offset_nanos)) };
        format!("[{}]{offset}", nanos(self.interval_nanos))
    }
}

impl fmt::Display for Unwrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.conversion {
            Conversion::Float => write!(f, "| unwrap {}", self.label)?,
            conversion => write!(f, "| unwrap {}({})", conversion.as_str(), self.label)?,
        }
        self.filters.iter().try_for_each(|filter| write!(f, " | {filter}"))
    }
}

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", if self.without { "without" } else { "by" }, self.labels.join(","))
    }
}

impl Binary {
    /// The operator with its modifiers.
    pub(super) fn operator(&self) -> String {
        let bool_modifier = if self.return_bool { " bool" } else { "" };
        let matching = self.matching.as_ref().map(matching_text).unwrap_or_default();
        format!("{}{bool_modifier}{matching}", self.op.as_str())
    }
}

fn matching_text(matching: &VectorMatching) -> String {
    let group = match matching.cardinality {
        Cardinality::ManyToOne => "group_left",
        Cardinality::OneToMany => "group_right",
        Cardinality::OneToOne | Cardinality::ManyToMany => "",
    };
    if !matching.on && matching.labels.is_empty() && group.is_empty() {
        return String::new();
    }
    let word = if matching.on { "on" } else { "ignoring" };
    let mut text = format!(" {word} ({})", matching.labels.join(","));
    if !group.is_empty() {
        text = format!("{text} {group} ({})", matching.include.join(","));
    }
    text
}

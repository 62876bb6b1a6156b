//! Syntax trees of LogQL to pipelines and nodes.

use gw_lang::logql::ast::{
    self, Comparison, Conversion, LabelChoice, LabelFormatSource, LineFilterOp, LinePattern, LogExpr, MetricExpr,
    RangeOp, StageKind, VectorOp,
};
use gw_lang::promql::ast as prom;

use crate::PlanError;
use crate::algebra::{
    Aggregate, AggregateOp, AggregatePositions, BinaryOp, Cardinality, Grid, Grouping, Join, Matching, Node, Order,
    Relabel, ScalarBinary, SetOp, SetOperation,
};
use crate::annotations::Position;
use crate::logs::{
    Choice, LabelFilter, LabelFormat, LineFilter, LineMatch, LogOp, LogWindow, Pipeline, Stage, Unit, Unwrap,
};

/// The lines that a log expression selects, and their stages.
pub(super) fn pipeline(log: &LogExpr) -> Pipeline {
    let stages: Vec<Stage> = log.stages.iter().map(|one| stage(&one.kind)).collect();
    // Filters are only a valid pre-filter until a stage rewrites the line.
    let untouched =
        stages.iter().take_while(|stage| !matches!(stage, Stage::LineFormat(_) | Stage::Unpack | Stage::Decolorize));
    let contains = untouched.filter_map(|stage| match stage {
        Stage::Line(LineFilter { negated: false, any }) => match &any[..] {
            [(LineMatch::Contains, text)] => Some(text.clone()),
            _ => None,
        },
        _ => None,
    });
    let contains = contains.filter(|text| !text.is_empty()).collect();
    Pipeline { matchers: log.matchers.clone(), contains, stages }
}

fn stage(kind: &StageKind) -> Stage {
    let pairs = |list: &[ast::Extraction]| {
        list.iter().map(|extraction| (extraction.label.clone(), extraction.expression.clone())).collect()
    };
    match kind {
        StageKind::LineFilter(filter) => Stage::Line(line_filter(filter)),
        StageKind::Json(list) => Stage::Json(pairs(list)),
        StageKind::Logfmt { strict, keep_empty, extractions } => {
            Stage::Logfmt { strict: *strict, keep_empty: *keep_empty, fields: pairs(extractions) }
        }
        StageKind::Regexp(regex) => Stage::Regexp(regex.clone()),
        StageKind::Pattern(pattern) => Stage::Pattern(pattern.clone()),
        StageKind::Unpack => Stage::Unpack,
        StageKind::Decolorize => Stage::Decolorize,
        StageKind::LineFormat(template) => Stage::LineFormat(template.clone()),
        StageKind::LabelFormat(list) => Stage::LabelFormat(list.iter().map(label_format).collect()),
        StageKind::LabelFilter(filter) => Stage::Labels(label_filter(filter)),
        StageKind::Drop(list) => Stage::Drop(list.iter().map(choice).collect()),
        StageKind::Keep(list) => Stage::Keep(list.iter().map(choice).collect()),
    }
}

fn line_filter(filter: &ast::LineFilter) -> LineFilter {
    let kind_of = |pattern: &LinePattern| match (pattern, filter.op) {
        (LinePattern::Ip(_), LineFilterOp::Contains | LineFilterOp::NotContains) => LineMatch::Ip,
        (LinePattern::Ip(_), _) => LineMatch::Nothing,
        (LinePattern::Text(_), LineFilterOp::Contains | LineFilterOp::NotContains) => LineMatch::Contains,
        (LinePattern::Text(_), LineFilterOp::Regex | LineFilterOp::NotRegex) => LineMatch::Regex,
        (LinePattern::Text(_), LineFilterOp::Pattern | LineFilterOp::NotPattern) => LineMatch::Pattern,
    };
    let pattern = |pattern: &LinePattern| {
        let (LinePattern::Text(text) | LinePattern::Ip(text)) = pattern;
        (kind_of(pattern), text.clone())
    };
    LineFilter { negated: filter.op.is_negative(), any: filter.alternatives.iter().map(pattern).collect() }
}

fn label_format(format: &ast::LabelFormat) -> LabelFormat {
    let (source, template) = match &format.source {
        LabelFormatSource::Rename(label) => (label.clone(), false),
        LabelFormatSource::Template(template) => (template.clone(), true),
    };
    LabelFormat { label: format.label.clone(), source, template }
}

fn choice(choice: &LabelChoice) -> Choice {
    match choice {
        LabelChoice::Name(name) => Choice { name: name.clone(), matcher: None },
        LabelChoice::Matching(matcher) => Choice { name: matcher.name.clone(), matcher: Some(matcher.clone()) },
    }
}

fn label_filter(filter: &ast::LabelFilter) -> LabelFilter {
    let number = |name: &String, op: &Comparison, unit: Unit, value: f64| {
        let op = match op {
            Comparison::Equal => BinaryOp::Equal,
            Comparison::NotEqual => BinaryOp::NotEqual,
            Comparison::Less => BinaryOp::Less,
            Comparison::LessEqual => BinaryOp::LessEqual,
            Comparison::Greater => BinaryOp::Greater,
            Comparison::GreaterEqual => BinaryOp::GreaterEqual,
        };
        LabelFilter::Number { name: name.clone(), unit, op, value }
    };
    match filter {
        ast::LabelFilter::Text(matcher) => LabelFilter::Text(matcher.clone()),
        ast::LabelFilter::Ip { name, negated, pattern } => {
            LabelFilter::Ip { name: name.clone(), negated: *negated, pattern: pattern.clone() }
        }
        ast::LabelFilter::Number { name, op, value } => number(name, op, Unit::Plain, *value),
        ast::LabelFilter::Duration { name, op, nanos } => number(name, op, Unit::Duration, *nanos as f64 / 1e9),
        ast::LabelFilter::Bytes { name, op, bytes } => number(name, op, Unit::Bytes, *bytes as f64),
        ast::LabelFilter::And(left, right) => {
            LabelFilter::And(Box::new(label_filter(left)), Box::new(label_filter(right)))
        }
        ast::LabelFilter::Or(left, right) => {
            LabelFilter::Or(Box::new(label_filter(left)), Box::new(label_filter(right)))
        }
    }
}

/// The node of a metric expression.
pub(super) fn metric(expr: &MetricExpr, grid: Grid) -> Result<Node, PlanError> {
    match expr {
        MetricExpr::Range(range) => Ok(range_aggregation(range, grid)),
        MetricExpr::Vector(vector) => vector_aggregation(vector, grid),
        MetricExpr::Binary(binary) => self::binary(binary, grid),
        MetricExpr::Literal(literal) | MetricExpr::VectorLiteral(literal) => Ok(Node::Constant(grid, literal.value)),
        MetricExpr::LabelReplace(replace) => {
            let relabel = Relabel::Replace {
                target: replace.target.clone(),
                replacement: replace.replacement.clone(),
                source: replace.source.clone(),
                regex: replace.regex.clone(),
            };
            Ok(Node::Relabel(Box::new(metric(&replace.expr, grid)?), relabel))
        }
    }
}

fn range_aggregation(range: &ast::RangeAggregation, grid: Grid) -> Node {
    let op = match range.op {
        RangeOp::CountOverTime => LogOp::Count,
        RangeOp::Rate => LogOp::Rate,
        RangeOp::RateCounter => LogOp::RateCounter,
        RangeOp::BytesOverTime => LogOp::Bytes,
        RangeOp::BytesRate => LogOp::BytesRate,
        RangeOp::AvgOverTime => LogOp::Avg,
        RangeOp::SumOverTime => LogOp::Sum,
        RangeOp::MinOverTime => LogOp::Min,
        RangeOp::MaxOverTime => LogOp::Max,
        RangeOp::StddevOverTime => LogOp::Stddev,
        RangeOp::StdvarOverTime => LogOp::Stdvar,
        RangeOp::QuantileOverTime => LogOp::Quantile,
        RangeOp::FirstOverTime => LogOp::First,
        RangeOp::LastOverTime => LogOp::Last,
        RangeOp::AbsentOverTime => LogOp::Absent,
    };
    let unwrap = range.range.unwrap.as_ref().map(|unwrap| Unwrap {
        label: unwrap.label.clone(),
        unit: match unwrap.conversion {
            Conversion::Float => Unit::Plain,
            Conversion::Bytes => Unit::Bytes,
            Conversion::DurationSeconds => Unit::Duration,
        },
        filters: unwrap.filters.iter().map(label_filter).collect(),
    });
    Node::Lines(Box::new(LogWindow {
        grid,
        pipeline: pipeline(&range.range.log),
        range: range.range.interval_nanos,
        offset: range.range.offset_nanos,
        op,
        param: range.param.unwrap_or(0.0),
        unwrap,
        grouping: range.grouping.as_ref().map(grouping),
    }))
}

fn grouping(grouping: &ast::Grouping) -> Grouping {
    let mut labels = grouping.labels.clone();
    labels.sort_unstable();
    labels.dedup();
    Grouping { labels, without: grouping.without }
}

fn vector_aggregation(vector: &ast::VectorAggregation, grid: Grid) -> Result<Node, PlanError> {
    if let (VectorOp::Sum, MetricExpr::Range(range)) = (vector.op, &*vector.expr)
        && range.grouping.is_none()
        && is_additive(range)
    {
        // Sums of sums need no series of their own for every set of parsed labels.
        let Node::Lines(mut window) = range_aggregation(range, grid) else { return metric(&vector.expr, grid) };
        window.grouping = Some(vector.grouping.as_ref().map(grouping).unwrap_or_default());
        return Ok(Node::Lines(window));
    }
    let input = metric(&vector.expr, grid)?;
    let op = match vector.op {
        VectorOp::Sum => AggregateOp::Sum,
        VectorOp::Avg => AggregateOp::Avg,
        VectorOp::Count => AggregateOp::Count,
        VectorOp::Min => AggregateOp::Min,
        VectorOp::Max => AggregateOp::Max,
        VectorOp::Stddev => AggregateOp::Stddev,
        VectorOp::Stdvar => AggregateOp::Stdvar,
        VectorOp::Topk | VectorOp::ApproxTopk => AggregateOp::Topk,
        VectorOp::Bottomk => AggregateOp::Bottomk,
        VectorOp::Sort => return Ok(Node::Sort(Box::new(input), Order::Value { descending: false })),
        VectorOp::SortDesc => return Ok(Node::Sort(Box::new(input), Order::Value { descending: true })),
    };
    let param = vector.param.map(|param| Node::Constant(grid, param as f64));
    let grouping = vector.grouping.as_ref().map(grouping).unwrap_or_default();
    Ok(Node::Aggregate(Box::new(Aggregate {
        op,
        input,
        grid,
        grouping,
        param,
        positions: AggregatePositions::default(),
    })))
}

fn binary(binary: &ast::Binary, grid: Grid) -> Result<Node, PlanError> {
    let left = metric(&binary.lhs, grid)?;
    let right = metric(&binary.rhs, grid)?;
    let (return_bool, position) = (binary.return_bool, Position::default());
    let matching = binary.matching.as_ref().map(matching);
    let op = match binary.op {
        prom::BinaryOp::And | prom::BinaryOp::Or | prom::BinaryOp::Unless => {
            let op = match binary.op {
                prom::BinaryOp::And => SetOp::And,
                prom::BinaryOp::Or => SetOp::Or,
                _ => SetOp::Unless,
            };
            let (labels, on) = matching.map_or((Vec::new(), false), |matching| (matching.labels, matching.on));
            return Ok(Node::Set(Box::new(SetOperation { op, left, right, grid, labels, on })));
        }
        op => value_operator(op)?,
    };
    if let Some(matching) = matching {
        let join = Join { op, left, right, grid, matching, return_bool, loki: true, position };
        return Ok(Node::Join(Box::new(join)));
    }
    let scalar_left = matches!(*binary.lhs, MetricExpr::Literal(_)) && !matches!(*binary.rhs, MetricExpr::Literal(_));
    let (vector, scalar) = if scalar_left { (right, left) } else { (left, right) };
    Ok(Node::ScalarBinary(Box::new(ScalarBinary { op, vector, scalar, scalar_left, return_bool, position })))
}

fn value_operator(op: prom::BinaryOp) -> Result<BinaryOp, PlanError> {
    Ok(match op {
        prom::BinaryOp::Add => BinaryOp::Add,
        prom::BinaryOp::Sub => BinaryOp::Sub,
        prom::BinaryOp::Mul => BinaryOp::Mul,
        prom::BinaryOp::Div => BinaryOp::DivOrNan,
        prom::BinaryOp::Mod => BinaryOp::Mod,
        prom::BinaryOp::Pow => BinaryOp::Pow,
        prom::BinaryOp::Equal => BinaryOp::Equal,
        prom::BinaryOp::NotEqual => BinaryOp::NotEqual,
        prom::BinaryOp::Less => BinaryOp::Less,
        prom::BinaryOp::LessEqual => BinaryOp::LessEqual,
        prom::BinaryOp::Greater => BinaryOp::Greater,
        prom::BinaryOp::GreaterEqual => BinaryOp::GreaterEqual,
        other => return Err(PlanError::Unsupported(format!("operator {} in LogQL", other.as_str()))),
    })
}

fn matching(matching: &prom::VectorMatching) -> Matching {
    let mut labels = matching.labels.clone();
    labels.sort_unstable();
    labels.dedup();
    Matching {
        cardinality: match matching.cardinality {
            prom::Cardinality::ManyToOne => Cardinality::ManyToOne,
            prom::Cardinality::OneToMany => Cardinality::OneToMany,
            prom::Cardinality::OneToOne | prom::Cardinality::ManyToMany => Cardinality::OneToOne,
        },
        labels,
        on: matching.on,
        include: matching.include.clone(),
        fill_left: None,
        fill_right: None,
    }
}

/// Whether the results of parts add up to the result of the whole.
fn is_additive(range: &ast::RangeAggregation) -> bool {
    let op = range.op;
    matches!(
        op,
        RangeOp::CountOverTime | RangeOp::Rate | RangeOp::BytesOverTime | RangeOp::BytesRate | RangeOp::SumOverTime
    )
}

/// Whether the order of the result is promised; an operation with a number keeps the order of its other operand.
pub(super) fn is_ordered(expr: &MetricExpr) -> bool {
    match expr {
        MetricExpr::Vector(vector) => matches!(
            vector.op,
            VectorOp::Sort | VectorOp::SortDesc | VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk
        ),
        MetricExpr::Binary(binary) => match (&*binary.lhs, &*binary.rhs) {
            (MetricExpr::Literal(_), other) | (other, MetricExpr::Literal(_)) => is_ordered(other),
            _ => false,
        },
        _ => false,
    }
}

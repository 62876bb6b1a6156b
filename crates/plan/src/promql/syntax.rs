//! The syntax tree of a query as JSON, in the shape that `/api/v1/parse_query` of Prometheus answers
//! (`web/api/v1/translate_ast.go`), for whoever draws it.

use gw_base::Matcher;
use gw_lang::promql::ast::{Aggregate, At, Binary, Boundary, Call, Cardinality, Subquery, VectorSelector};
use gw_lang::promql::duration::DurationExpr;
use gw_lang::promql::{Expr, parse, pretty};
use serde_json::{Map, Value, json};

use crate::PlanError;

/// A query in Prometheus' own layout.
///
/// # Errors
/// What is wrong with the text, in Prometheus' words.
pub fn formatted(text: &str) -> Result<String, PlanError> {
    parse(text).map(|expr| pretty(&expr)).map_err(|error| PlanError::Parse(error.to_string()))
}

/// A query's syntax tree as JSON.
///
/// # Errors
/// What is wrong with the text, in Prometheus' words.
pub fn syntax_tree(text: &str) -> Result<String, PlanError> {
    parse(text).map(|expr| node(&expr).to_string()).map_err(|error| PlanError::Parse(error.to_string()))
}

/// The height of a parsed tree is bounded, so is this recursion.
fn node(expr: &Expr) -> Value {
    match expr {
        Expr::Number(literal) => json!({"type": "numberLiteral", "val": number(literal.value)}),
        Expr::String(literal) => json!({"type": "stringLiteral", "val": literal.value}),
        Expr::Paren(paren) => json!({"type": "parenExpr", "expr": node(&paren.expr)}),
        Expr::Unary(unary) => {
            json!({"type": "unaryExpr", "op": if unary.negative { "-" } else { "+" }, "expr": node(&unary.expr)})
        }
        Expr::Vector(selector) => Value::Object(selection("vectorSelector", selector)),
        Expr::Matrix(matrix) => {
            let mut fields = selection("matrixSelector", &matrix.selector);
            duration(&mut fields, "range", Some(&matrix.range));
            Value::Object(fields)
        }
        Expr::Subquery(query) => subquery(query),
        Expr::Call(inner) => call(inner),
        Expr::Aggregate(inner) => aggregate(inner),
        Expr::Binary(inner) => binary(inner),
    }
}

fn aggregate(inner: &Aggregate) -> Value {
    json!({
        "type": "aggregation",
        "op": inner.op.as_str(),
        "expr": node(&inner.expr),
        "param": inner.param.as_deref().map(node),
        "grouping": inner.grouping,
        "without": inner.without,
    })
}

fn binary(inner: &Binary) -> Value {
    let matching = inner.matching.as_ref().map(|matching| {
        json!({
            "card": match matching.cardinality {
                Cardinality::OneToOne => "one-to-one",
                Cardinality::ManyToOne => "many-to-one",
                Cardinality::OneToMany => "one-to-many",
                Cardinality::ManyToMany => "many-to-many",
            },
            "labels": matching.labels,
            "on": matching.on,
            "include": matching.include,
            "fillValues": {"lhs": matching.fill_left, "rhs": matching.fill_right},
        })
    });
    json!({
        "type": "binaryExpr",
        "op": inner.op.as_str(),
        "lhs": node(&inner.lhs),
        "rhs": node(&inner.rhs),
        "matching": matching,
        "bool": inner.return_bool,
    })
}

fn call(inner: &Call) -> Value {
    let function = inner.function;
    json!({
        "type": "call",
        "func": {
            "name": function.name,
            "argTypes": function.args.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
            "variadic": function.variadic,
            "returnType": function.returns.as_str(),
        },
        "args": inner.args.iter().map(node).collect::<Vec<_>>(),
    })
}

fn subquery(inner: &Subquery) -> Value {
    let mut fields = Map::new();
    fields.insert("type".to_owned(), json!("subquery"));
    fields.insert("expr".to_owned(), node(&inner.expr));
    duration(&mut fields, "range", Some(&inner.range));
    duration(&mut fields, "step", inner.step.as_ref());
    duration(&mut fields, "offset", inner.offset.as_ref());
    fixed(&mut fields, inner.at);
    Value::Object(fields)
}

fn selection(kind: &str, selector: &VectorSelector) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("type".to_owned(), json!(kind));
    fields.insert("name".to_owned(), json!(selector.name.as_deref().unwrap_or("")));
    fields.insert("matchers".to_owned(), selector.matchers.iter().map(matcher).collect());
    fields.insert("anchored".to_owned(), json!(selector.boundary == Boundary::Anchored));
    fields.insert("smoothed".to_owned(), json!(selector.boundary == Boundary::Smoothed));
    duration(&mut fields, "offset", selector.offset.as_ref());
    fixed(&mut fields, selector.at);
    fields
}

fn matcher(matcher: &Matcher) -> Value {
    json!({"name": matcher.name, "type": matcher.op.as_str(), "value": matcher.value})
}

/// Milliseconds; a duration that has to be calculated first is shown as text under `NAMEExpr`.
fn duration(fields: &mut Map<String, Value>, name: &str, duration: Option<&DurationExpr>) {
    let millis = duration.map_or(Some(0), |duration| duration.literal_nanos().map(|nanos| nanos / 1_000_000));
    fields.insert(name.to_owned(), json!(millis.unwrap_or(0)));
    if let (None, Some(duration)) = (millis, duration) {
        fields.insert(format!("{name}Expr"), json!(duration.to_string()));
    }
}

fn fixed(fields: &mut Map<String, Value>, at: Option<At>) {
    let (timestamp, end) = match at {
        Some(At::Millis(millis)) => (json!(millis), Value::Null),
        Some(At::Start) => (Value::Null, json!("start")),
        Some(At::End) => (Value::Null, json!("end")),
        None => (Value::Null, Value::Null),
    };
    fields.insert("timestamp".to_owned(), timestamp);
    fields.insert("startOrEnd".to_owned(), end);
}

/// Wire: Go's `'f'` format, never an exponent.
fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_upstreams_fields() {
        let text = "sum by (job) (rate(up{a!=\"b\"}[5m] offset 1m)) / on (job) group_left 2 * x @ end()";
        assert!(syntax_tree(text).is_err(), "a scalar has no matching");
        let tree: Value = serde_json::from_str(
            &syntax_tree("topk(1, rate(up{a!=\"b\"}[5m] offset 1m)) / on (job) x @ end()").unwrap(),
        )
        .unwrap();
        assert_eq!(
            (&tree["type"], &tree["op"], &tree["matching"]["card"]),
            (&json!("binaryExpr"), &json!("/"), &json!("one-to-one"))
        );
        assert_eq!((&tree["lhs"]["op"], &tree["lhs"]["param"]["val"]), (&json!("topk"), &json!("1")));
        let matrix = &tree["lhs"]["expr"]["args"][0];
        assert_eq!(
            (&matrix["range"], &matrix["offset"], &matrix["name"]),
            (&json!(300_000), &json!(60_000), &json!("up"))
        );
        assert_eq!(matrix["matchers"][0], json!({"name": "a", "type": "!=", "value": "b"}));
        assert_eq!((&tree["rhs"]["startOrEnd"], &tree["rhs"]["timestamp"]), (&json!("end"), &Value::Null));
    }

    #[test]
    fn queries_are_laid_out() {
        assert_eq!(formatted("foo/bar").unwrap(), "foo / bar");
        assert!(formatted("foo/").is_err());
    }
}

//! Metric queries: operators by precedence, aggregations, literals, functions.

use gw_base::GoRegex;

use super::{Node, Parsed, Parser};
use crate::Span;
use crate::logql::ast::{
    Expr, Grouping, LabelReplace, Literal, MetricExpr, RangeAggregation, RangeOp, VectorAggregation, VectorOp,
};
use crate::logql::error::Fault;
use crate::logql::lexer::{Token, TokenKind, float};
use crate::logql::rules;
use crate::promql::ast::{BinaryOp, Cardinality, VectorMatching};

pub(super) fn range_op(word: &str) -> Option<RangeOp> {
    RangeOp::ALL.into_iter().find(|op| op.as_str() == word)
}

pub(super) fn vector_op(word: &str) -> Option<VectorOp> {
    VectorOp::ALL.into_iter().find(|op| op.as_str() == word)
}

/// The operator that a token is, with its precedence.
fn operator(text: &str) -> Option<(BinaryOp, u8)> {
    Some(match text {
        "or" => (BinaryOp::Or, 1),
        "and" => (BinaryOp::And, 2),
        "unless" => (BinaryOp::Unless, 2),
        "==" => (BinaryOp::Equal, 3),
        "!=" => (BinaryOp::NotEqual, 3),
        "<" => (BinaryOp::Less, 3),
        "<=" => (BinaryOp::LessEqual, 3),
        ">" => (BinaryOp::Greater, 3),
        ">=" => (BinaryOp::GreaterEqual, 3),
        "+" => (BinaryOp::Add, 4),
        "-" => (BinaryOp::Sub, 4),
        "*" => (BinaryOp::Mul, 5),
        "/" => (BinaryOp::Div, 5),
        "%" => (BinaryOp::Mod, 5),
        "^" => (BinaryOp::Pow, 6),
        _ => return None,
    })
}

impl Parser<'_> {
    /// An expression of operators that bind at least as tightly as `lowest`.
    pub(super) fn expression(&mut self, lowest: u8) -> Parsed<Node<Expr>> {
        let mut left = self.operand()?;
        while let Some((op, precedence)) = operator(self.text_of(self.token))
            && matches!(self.token.kind, TokenKind::Word | TokenKind::Symbol(_))
            && precedence >= lowest
        {
            self.advance();
            let (return_bool, matching) = self.modifiers()?;
            let next = if op == BinaryOp::Pow { precedence } else { precedence + 1 };
            let right = self.nested(|parser| parser.expression(next))?;
            let height = left.height.max(right.height);
            let joined = rules::binary(op, left.expr, right.expr, return_bool, matching)?;
            left = Node::metric(height, joined)?;
        }
        Ok(left)
    }

    fn modifiers(&mut self) -> Parsed<(bool, VectorMatching)> {
        let return_bool = self.accept_word("bool");
        let mut matching = VectorMatching { on: self.word() == "on", ..VectorMatching::default() };
        if matching.on || self.word() == "ignoring" {
            self.advance();
            matching.labels = self.label_list()?;
            matching.cardinality = match self.word() {
                "group_left" => Cardinality::ManyToOne,
                "group_right" => Cardinality::OneToMany,
                _ => return Ok((return_bool, matching)),
            };
            self.advance();
            if self.is_symbol("(") {
                matching.include = self.label_list()?;
            }
        }
        Ok((return_bool, matching))
    }

    fn operand(&mut self) -> Parsed<Node<Expr>> {
        match self.token.kind {
            TokenKind::Symbol("{") => Ok(Node { expr: Expr::Log(self.log()?), height: 1 }),
            TokenKind::Symbol("(") => self.nested(|parser| {
                parser.advance();
                let inner = parser.expression(0)?;
                parser.expect(")", &[])?;
                Ok(inner)
            }),
            TokenKind::Number => self.literal(1.0),
            TokenKind::Symbol(sign @ ("+" | "-")) => {
                let start = self.advance().span;
                if self.token.kind != TokenKind::Number {
                    return Err(self.unexpected(&["NUMBER"]));
                }
                let mut node = self.literal(if sign == "-" { -1.0 } else { 1.0 })?;
                if let Expr::Metric(MetricExpr::Literal(literal)) = &mut node.expr {
                    literal.span = start.to(literal.span);
                }
                Ok(node)
            }
            TokenKind::Word => self.nested(Self::call),
            _ => Err(self.unexpected(&[])),
        }
    }

    fn literal(&mut self, sign: f64) -> Parsed<Node<Expr>> {
        let span = self.token.span;
        let value = sign * self.float()?;
        Node::metric(0, MetricExpr::Literal(Literal { value, span }))
    }

    /// The value of a number token.
    pub(super) fn float(&mut self) -> Parsed<f64> {
        let token = self.advance();
        let text = self.text_of(token);
        float(text).ok_or_else(|| {
            let message =
                format!("unable to parse literal as a float: strconv.ParseFloat: parsing \"{text}\": invalid syntax");
            Fault::rule(token.span, message)
        })
    }

    fn call(&mut self) -> Parsed<Node<Expr>> {
        let word = self.word();
        let name = self.token;
        if let Some(op) = vector_op(word)
            && (matches!(self.lexer.upcoming_word(), "by" | "without") || self.is_called())
        {
            return self.vector_aggregation(op);
        }
        if !self.is_called() {
            return Err(self.unexpected(&[]));
        }
        if let Some(op) = range_op(word) {
            return self.range_aggregation(op);
        }
        match word {
            "label_replace" => self.label_replace(),
            "vector" => {
                self.advance();
                self.advance();
                if self.token.kind != TokenKind::Number {
                    return Err(self.unexpected(&["NUMBER"]));
                }
                let value = self.float()?;
                self.expect(")", &[")"])?;
                let span = self.span_from(name.span.start);
                Node::metric(0, MetricExpr::VectorLiteral(Literal { value, span }))
            }
            _ => Err(self.unexpected(&[])),
        }
    }

    /// A number before a comma: the parameter of an aggregation, whose text errors repeat.
    fn parameter(&mut self) -> Option<Token> {
        let found = self.token.kind == TokenKind::Number && self.lexer.upcoming().starts_with(',');
        found.then(|| {
            let token = self.advance();
            self.advance();
            token
        })
    }

    fn range_aggregation(&mut self, op: RangeOp) -> Parsed<Node<Expr>> {
        let start = self.advance().span.start;
        self.advance();
        let param = self.parameter();
        if param.is_none() && !self.is_symbol("{") && !self.is_symbol("(") {
            return Err(self.unexpected(&["NUMBER", "{", "("]));
        }
        let range = self.log_range()?;
        self.expect(")", &[])?;
        let grouping = self.grouping()?;
        let span = self.span_from(start);
        let param = param.map(|token| self.text_of(token));
        let param = rules::range_aggregation(op, param, &range, grouping.as_ref(), span)?;
        Node::metric(0, MetricExpr::Range(RangeAggregation { op, param, range, grouping, span }))
    }

    fn vector_aggregation(&mut self, op: VectorOp) -> Parsed<Node<Expr>> {
        let start = self.advance().span.start;
        let before = self.grouping()?;
        self.expect("(", &["("])?;
        let param = self.parameter();
        let inner = self.expression(0)?;
        self.expect(")", &[])?;
        let grouping = match before {
            Some(before) => Some(before),
            None => self.grouping()?,
        };
        let span = self.span_from(start);
        let param = rules::vector_aggregation(op, param.map(|token| self.text_of(token)), grouping.as_ref(), span)?;
        let expr = Box::new(rules::metric_operand(inner.expr, self.text)?);
        Node::metric(inner.height, MetricExpr::Vector(VectorAggregation { op, param, expr, grouping, span }))
    }

    fn grouping(&mut self) -> Parsed<Option<Grouping>> {
        let without = match self.word() {
            "by" => false,
            "without" => true,
            _ => return Ok(None),
        };
        let start = self.advance().span.start;
        let labels = self.label_list()?;
        Ok(Some(Grouping { labels, without, span: self.span_from(start) }))
    }

    /// Labels in parentheses.
    fn label_list(&mut self) -> Parsed<Vec<String>> {
        self.expect("(", &["("])?;
        let mut labels = Vec::new();
        if self.accept(")") {
            return Ok(labels);
        }
        loop {
            if self.token.kind != TokenKind::Word {
                let expected: &[&str] = if labels.is_empty() { &["IDENTIFIER", ")"] } else { &["IDENTIFIER"] };
                return Err(self.unexpected(expected));
            }
            labels.push(self.identifier()?);
            if self.accept(")") {
                return Ok(labels);
            }
            self.expect(",", &[",", ")"])?;
        }
    }

    fn label_replace(&mut self) -> Parsed<Node<Expr>> {
        let start = self.advance().span.start;
        self.advance();
        let inner = self.expression(0)?;
        let expr = Box::new(rules::metric_operand(inner.expr, self.text)?);
        let mut texts = [const { String::new() }; 4];
        let mut last = Span::default();
        for text in &mut texts {
            self.expect(",", &[","])?;
            last = self.token.span;
            *text = self.string(&["STRING"])?;
        }
        self.expect(")", &[")"])?;
        let [target, replacement, source, regex] = texts;
        if let Err(error) = GoRegex::new(&regex) {
            return Err(Fault::rule(last, format!("invalid regex in label_replace: {error}")));
        }
        let span = self.span_from(start);
        let node = LabelReplace { expr, target, replacement, source, regex, span };
        Node::metric(inner.height, MetricExpr::LabelReplace(node))
    }
}

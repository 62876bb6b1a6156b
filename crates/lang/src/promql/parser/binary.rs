//! Binary operators, their precedence and their modifiers.

use super::{Node, Parsed, Parser};
use crate::promql::ast::{Binary, BinaryOp, Cardinality, Expr, ValueType, VectorMatching};
use crate::promql::error::Fault;
use crate::promql::token::{Keyword, TokenKind};

/// The precedence of what binds tighter than `*`, which is what a sign takes.
pub(super) const ABOVE_MULTIPLICATION: u8 = 6;

const fn precedence(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And | BinaryOp::Unless => 2,
        BinaryOp::Add | BinaryOp::Sub => 4,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod | BinaryOp::Atan2 => 5,
        BinaryOp::Pow => ABOVE_MULTIPLICATION,
        _ => 3,
    }
}

/// What stands between an operator and its right operand.
#[derive(Default)]
struct Modifiers {
    return_bool: bool,
    matching: VectorMatching,
}

impl Parser<'_> {
    /// An expression of operators that bind at least as tightly as `lowest`.
    pub(super) fn binary(&mut self, lowest: u8) -> Parsed<Node> {
        let operand = self.operand()?;
        let mut left = self.modified(operand)?;
        while let TokenKind::Operator(op) = self.token.kind {
            let precedence = precedence(op);
            if precedence < lowest {
                break;
            }
            self.advance();
            let modifiers = self.modifiers()?;
            // Only `^` groups to the right.
            let next = if op == BinaryOp::Pow { precedence } else { precedence + 1 };
            let right = self.nested(|parser| parser.binary(next))?;
            let filled = modifiers.matching.fill_left.is_some() || modifiers.matching.fill_right.is_some();
            if filled && !self.syntax.fill_modifiers {
                let span = left.expr.span().to(right.expr.span());
                return Err(Fault::new(span, "binop fill modifiers are experimental and not enabled"));
            }
            left = join(op, modifiers, left, right)?;
        }
        Ok(left)
    }

    fn modifiers(&mut self) -> Parsed<Modifiers> {
        let mut modifiers = Modifiers { return_bool: self.accept_keyword(Keyword::Bool), ..Modifiers::default() };
        let on = self.token.kind == TokenKind::Keyword(Keyword::On);
        if on || self.token.kind == TokenKind::Keyword(Keyword::Ignoring) {
            self.advance();
            modifiers.matching.on = on;
            modifiers.matching.labels = self.grouping_labels()?;
            self.group_modifier(&mut modifiers.matching)?;
        }
        self.fill_modifiers(&mut modifiers.matching)?;
        Ok(modifiers)
    }

    fn group_modifier(&mut self, matching: &mut VectorMatching) -> Parsed<()> {
        matching.cardinality = match self.token.kind {
            TokenKind::Keyword(Keyword::GroupLeft) => Cardinality::ManyToOne,
            TokenKind::Keyword(Keyword::GroupRight) => Cardinality::OneToMany,
            _ => return Ok(()),
        };
        self.advance();
        if self.token.kind == TokenKind::LeftParen {
            matching.include = self.grouping_labels()?;
        }
        Ok(())
    }

    fn fill_modifiers(&mut self, matching: &mut VectorMatching) -> Parsed<()> {
        if self.accept_keyword(Keyword::Fill) {
            let value = self.fill_value()?;
            (matching.fill_left, matching.fill_right) = (Some(value), Some(value));
        } else if self.accept_keyword(Keyword::FillLeft) {
            matching.fill_left = Some(self.fill_value()?);
            if self.accept_keyword(Keyword::FillRight) {
                matching.fill_right = Some(self.fill_value()?);
            }
        } else if self.accept_keyword(Keyword::FillRight) {
            matching.fill_right = Some(self.fill_value()?);
            if self.accept_keyword(Keyword::FillLeft) {
                matching.fill_left = Some(self.fill_value()?);
            }
        }
        Ok(())
    }

    /// A number, signed or not, in parentheses; the lexer has seen the first of them.
    fn fill_value(&mut self) -> Parsed<f64> {
        self.advance();
        let value = match self.signed_number()? {
            Some(value) => value,
            None => return Err(self.unexpected("fill", "number")),
        };
        if self.accept(TokenKind::RightParen) { Ok(value) } else { Err(self.unexpected("fill", "\")\"")) }
    }

    /// A number with or without sign, or nothing where there is none.
    pub(super) fn signed_number(&mut self) -> Parsed<Option<f64>> {
        let sign = match self.token.kind {
            TokenKind::Operator(BinaryOp::Sub) => -1.0,
            TokenKind::Operator(BinaryOp::Add) => 1.0,
            TokenKind::Number | TokenKind::Duration => return Ok(Some(self.number()?.value)),
            _ => return Ok(None),
        };
        self.advance();
        match self.token.kind {
            TokenKind::Number | TokenKind::Duration => Ok(Some(sign * self.number()?.value)),
            _ => Ok(None),
        }
    }

    pub(super) fn accept_keyword(&mut self, keyword: Keyword) -> bool {
        self.accept(TokenKind::Keyword(keyword))
    }
}

fn join(op: BinaryOp, modifiers: Modifiers, left: Node, right: Node) -> Parsed<Node> {
    let height = left.height.max(right.height);
    let span = left.expr.span().to(right.expr.span());
    let mut matching = modifiers.matching;
    if op.is_set() && matching.cardinality == Cardinality::OneToOne {
        matching.cardinality = Cardinality::ManyToMany;
    }
    let is_vector = |node: &Node| node.expr.value_type() == ValueType::Vector;
    // Anything that was written is kept for the check to refuse.
    let keep = (is_vector(&left) && is_vector(&right)) || was_written(&matching);
    let expr = Expr::Binary(Binary {
        op,
        lhs: Box::new(left.expr),
        rhs: Box::new(right.expr),
        return_bool: modifiers.return_bool,
        matching: keep.then_some(matching),
        span,
    });
    Node::above(height, expr)
}

fn was_written(matching: &VectorMatching) -> bool {
    !matching.labels.is_empty() || matching.fill_left.is_some() || matching.fill_right.is_some()
}

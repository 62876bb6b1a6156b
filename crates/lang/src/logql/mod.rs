//! LogQL: text to a syntax tree with source positions, and back to Loki's canonical text.

pub mod ast;
mod error;
mod lexer;
mod operators;
mod parser;
mod pretty;
mod print;
mod rules;
mod size;

pub use ast::Expr;
pub use error::{ParseError, Place};
pub use parser::{parse, parse_log, parse_selector};
pub use pretty::{LINE_WIDTH, pretty};

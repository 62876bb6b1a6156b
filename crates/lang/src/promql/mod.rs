//! PromQL 3.x: text to a type-checked syntax tree with source positions, and back to upstream's canonical text.

pub mod ast;
mod check;
pub mod duration;
mod error;
pub mod functions;
mod lexer;
mod operators;
mod parser;
mod pretty;
mod print;
mod syntax;
mod token;

pub use ast::Expr;
pub use error::ParseError;
pub(crate) use lexer::check_escape;
pub use parser::{parse, parse_selector, parse_with};
pub use pretty::pretty;
pub(crate) use print::float;
pub use syntax::Syntax;

//! Query languages to syntax trees with source spans.
//!
//! Own lexers and parsers: editor completion, annotations and error answers need positions, and languages are our core.
//! Nothing is evaluated here, and no language knows how it will be lowered.
//!
//! *Invariants.* No input makes a parser panic; text over [`QUERY_LIMIT_BYTES`] and nesting over [`NESTING_LIMIT`] are
//! refused, and no returned tree is higher than [`HEIGHT_LIMIT`], so that recursion over it is bounded.

mod error;
mod layout;
mod literal;
pub mod logql;
pub mod promql;
pub mod quote;
mod span;

pub use error::Error;
pub use span::Span;

/// The longest query text that is parsed.
pub const QUERY_LIMIT_BYTES: usize = 256 << 10;

/// How deep parentheses, calls, signs and right operands may nest.
pub const NESTING_LIMIT: usize = 200;

/// How high a tree may be; a chain of operators (`a or b or ..`) is as high as it is long.
pub const HEIGHT_LIMIT: usize = 500;

//! Query languages to syntax trees with source spans.
//!
//! Own lexers and parsers: editor completion, annotations and error answers need positions, and languages are our core.
//! Nothing is evaluated here, and no language knows how it will be lowered.
//!
//! *Invariants.* No input makes a parser panic; text over [`QUERY_LIMIT_BYTES`] and nesting over [`NESTING_LIMIT`] are
//! refused, so that recursion over any returned tree is bounded.

pub mod logql;
pub mod promql;
mod span;

pub use span::Span;

/// The longest query text that is parsed.
pub const QUERY_LIMIT_BYTES: usize = 256 << 10;

/// How deep expressions may nest.
pub const NESTING_LIMIT: usize = 200;

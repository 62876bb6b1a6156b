//! PromQL 3.x: text to a type-checked syntax tree with source positions, and back to upstream's canonical text.

pub mod ast;
pub mod duration;
pub mod functions;

//! LogQL: text to a syntax tree with source positions, and back to Loki's canonical text.

pub mod ast;

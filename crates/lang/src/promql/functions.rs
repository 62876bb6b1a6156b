//! The signatures of PromQL functions, as data.

use super::ast::ValueType;

/// The signature of a function.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// The name as it is written.
    pub name: &'static str,
    /// Types of the arguments, the optional ones included.
    pub args: &'static [ValueType],
    /// Zero: exactly `args`. Positive: the last argument is optional and may come up to so many times. Negative: the last
    /// argument may come any number of times, none included.
    pub variadic: i8,
    /// What it returns.
    pub returns: ValueType,
    /// Whether upstream hides it behind `--enable-feature=promql-experimental-functions`.
    pub experimental: bool,
}

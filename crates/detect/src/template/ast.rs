//! The syntax tree of a template.

/// A list of nodes with the line each starts on.
pub(super) type Block = Vec<Node>;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: NodeKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum NodeKind {
    /// Text as it is.
    Text(String),
    /// `{{ pipeline }}`: printed, unless it only sets a variable.
    Print(Pipeline),
    /// `{{ if }} .. {{ else }} .. {{ end }}`
    If(Branch),
    /// `{{ with }}`: the dot is the value inside.
    With(Branch),
    /// `{{ range }}`: the dot is each item inside.
    Range(Branch),
    /// `{{ template "name" pipeline }}`
    Template {
        name: String,
        argument: Option<Pipeline>,
    },
    Break,
    Continue,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Branch {
    pub(super) pipeline: Pipeline,
    pub(super) then: Block,
    pub(super) otherwise: Block,
}

/// Commands, each given the result of the one before as its last argument.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pipeline {
    /// Variables that take the result: one, or in `range` index and item.
    pub(super) variables: Vec<String>,
    /// Whether the variables are made here (`:=`) or were made before (`=`).
    pub(super) declares: bool,
    pub(super) commands: Vec<Command>,
}

/// A function or value, and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    pub(super) operands: Vec<Operand>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operand {
    pub(super) base: Base,
    /// Fields taken of it, left to right.
    pub(super) fields: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Base {
    Dot,
    Nil,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Variable(String),
    Function(String),
    Parenthesis(Box<Pipeline>),
}

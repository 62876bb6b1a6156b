//! Runs a parsed template.

use gw_base::{Map, Timestamp};

use super::ast::{Base, Block, Branch, Command, NodeKind, Operand, Pipeline};
use super::functions;
use super::parser::Tree;
use super::print;
use super::value::{Data, Sample, Value};

/// Nodes and calls of one run.
const MAX_STEPS: usize = 200_000;
/// Bytes that one run prints.
const MAX_OUTPUT: usize = 256 << 10;
/// Templates that call templates.
const MAX_CALLS: usize = 16;

/// Answers to the queries that a template asked so far.
pub(super) type Answers = Map<String, Result<Vec<Sample>, String>>;

/// What a run may look at besides its own text.
pub(super) struct Context<'a> {
    pub(super) data: &'a Data,
    pub(super) now: Timestamp,
    pub(super) answers: &'a Answers,
}

/// Why a run stopped before its end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stop {
    /// It cannot go on.
    Failed(String),
    /// It asks a query that nobody has answered yet; with the answer it is to be run again.
    Needs(String),
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

impl Context<'_> {
    pub(super) fn query(&self, text: &str) -> Result<Value, Stop> {
        match self.answers.get(text) {
            Some(Ok(samples)) => Ok(Value::samples(samples)),
            Some(Err(message)) => Err(Stop::Failed(message.clone())),
            None => Err(Stop::Needs(text.to_owned())),
        }
    }
}

/// Runs a template to its text, or to where it stops and the line of that place. `variables` are set beforehand.
pub(super) fn run(tree: &Tree, context: &Context<'_>, variables: Vec<(&str, Value)>) -> Result<String, (Stop, usize)> {
    let mut run = Run {
        tree,
        context,
        out: String::new(),
        variables: variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        steps: 0,
        calls: 0,
        line: 1,
    };
    let dot = run.variables.first().map_or(Value::Nil, |(_, value)| value.clone());
    match run.block(&tree.main, &dot) {
        Ok(_) => Ok(run.out),
        Err(stop) => Err((stop, run.line)),
    }
}

/// How a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

struct Run<'a> {
    tree: &'a Tree,
    context: &'a Context<'a>,
    out: String,
    variables: Vec<(String, Value)>,
    steps: usize,
    calls: usize,
    line: usize,
}

impl Run<'_> {
    fn block(&mut self, block: &Block, dot: &Value) -> Result<Flow, Stop> {
        let scope = self.variables.len();
        for node in block {
            self.line = node.line;
            self.step()?;
            let flow = match &node.kind {
                NodeKind::Text(text) => {
                    self.print(text)?;
                    Flow::On
                }
                NodeKind::Print(pipeline) => {
                    let value = self.pipeline(pipeline, dot)?;
                    if pipeline.variables.is_empty() {
                        // Wire: text/template prints nothing-at-all differently from fmt's nil.
                        let text = if value == Value::Nil { "<no value>".to_owned() } else { print::print(&value) };
                        self.print(&text)?;
                    }
                    Flow::On
                }
                NodeKind::If(branch) => self.choose(branch, dot, false)?,
                NodeKind::With(branch) => self.choose(branch, dot, true)?,
                NodeKind::Range(branch) => self.range(branch, dot)?,
                NodeKind::Template { name, argument } => self.template(name, argument.as_ref(), dot)?,
                NodeKind::Break => Flow::Break,
                NodeKind::Continue => Flow::Continue,
            };
            if flow != Flow::On {
                self.variables.truncate(scope);
                return Ok(flow);
            }
        }
        self.variables.truncate(scope);
        Ok(Flow::On)
    }

    fn choose(&mut self, branch: &Branch, dot: &Value, rebinds: bool) -> Result<Flow, Stop> {
        let scope = self.variables.len();
        let value = self.pipeline(&branch.pipeline, dot)?;
        let flow = match value.is_true() {
            true => self.block(&branch.then, if rebinds { &value } else { dot }),
            false => self.block(&branch.otherwise, dot),
        };
        self.variables.truncate(scope);
        flow
    }

    fn range(&mut self, branch: &Branch, dot: &Value) -> Result<Flow, Stop> {
        let scope = self.variables.len();
        let plain = Pipeline { variables: Vec::new(), declares: false, commands: branch.pipeline.commands.clone() };
        let walked = self.pipeline(&plain, dot)?;
        // Items are made before the first turn, so they are paid for before they are made.
        self.pay(length_of(&walked))?;
        let items = items_of(&walked)?;
        if items.is_empty() {
            return self.block(&branch.otherwise, dot);
        }
        for (key, item) in items {
            let names = &branch.pipeline.variables;
            let values = if names.len() == 2 { vec![key, item.clone()] } else { vec![item.clone()] };
            for (name, value) in names.iter().zip(values) {
                self.set(name, value, branch.pipeline.declares);
            }
            let flow = self.block(&branch.then, &item)?;
            if branch.pipeline.declares {
                self.variables.truncate(scope);
            }
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    fn template(&mut self, name: &str, argument: Option<&Pipeline>, dot: &Value) -> Result<Flow, Stop> {
        let argument = argument.map(|pipeline| self.pipeline(pipeline, dot)).transpose()?.unwrap_or(Value::Nil);
        let tree = self.tree;
        let block = tree.defined.get(name).ok_or_else(|| format!("template {name:?} not defined"))?;
        self.calls += 1;
        if self.calls > MAX_CALLS {
            return Err(Stop::Failed("exceeded maximum template depth (16)".to_owned()));
        }
        let outer = std::mem::replace(&mut self.variables, vec![("$".to_owned(), argument.clone())]);
        let flow = self.block(block, &argument);
        self.variables = outer;
        self.calls -= 1;
        flow.map(|_| Flow::On)
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Value, Stop> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, dot, value)?);
        }
        let value = value.unwrap_or(Value::Nil);
        for name in &pipeline.variables {
            self.set(name, value.clone(), pipeline.declares);
        }
        Ok(value)
    }

    fn command(&mut self, command: &Command, dot: &Value, last: Option<Value>) -> Result<Value, Stop> {
        self.step()?;
        let Some((head, rest)) = command.operands.split_first() else {
            return Err(Stop::Failed("empty command".to_owned()));
        };
        let (Base::Function(name), true) = (&head.base, head.fields.is_empty()) else {
            if rest.is_empty() && last.is_none() {
                return self.operand(head, dot);
            }
            return Err(Stop::Failed("can't give argument to non-function".to_owned()));
        };
        if let "and" | "or" = name.as_str() {
            return self.short_circuit(name == "or", rest, dot, last);
        }
        let mut arguments = Vec::with_capacity(rest.len() + 1);
        for operand in rest {
            arguments.push(self.operand(operand, dot)?);
        }
        arguments.extend(last);
        functions::call(name, self.context, &arguments)
    }

    /// `or` stops at the first true argument, `and` at the first false one; the last decides otherwise.
    fn short_circuit(
        &mut self,
        stop_at: bool,
        rest: &[Operand],
        dot: &Value,
        last: Option<Value>,
    ) -> Result<Value, Stop> {
        let mut value = None;
        for operand in rest {
            let current = self.operand(operand, dot)?;
            if current.is_true() == stop_at {
                return Ok(current);
            }
            value = Some(current);
        }
        let name = if stop_at { "or" } else { "and" };
        last.or(value).ok_or_else(|| Stop::Failed(format!("wrong number of args for {name}: want at least 1 got 0")))
    }

    fn operand(&mut self, operand: &Operand, dot: &Value) -> Result<Value, Stop> {
        let base = match &operand.base {
            Base::Dot => dot.clone(),
            Base::Nil => Value::Nil,
            Base::Bool(truth) => Value::Bool(*truth),
            Base::Integer(number) => Value::Integer(*number),
            Base::Float(number) => Value::Float(*number),
            Base::Text(text) => Value::text(text.as_str()),
            Base::Variable(name) => self.get(name)?,
            Base::Function(name) => functions::call(name, self.context, &[])?,
            Base::Parenthesis(inner) => self.pipeline(inner, dot)?,
        };
        let value = operand.fields.iter().try_fold(base, |value, field| value.field(field));
        Ok(value?)
    }

    fn get(&self, name: &str) -> Result<Value, Stop> {
        let found = self.variables.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).ok_or_else(|| Stop::Failed(format!("undefined variable: {name}")))
    }

    fn set(&mut self, name: &str, value: Value, declares: bool) {
        match self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            Some((_, old)) if !declares => *old = value,
            _ => self.variables.push((name.to_owned(), value)),
        }
    }

    fn print(&mut self, text: &str) -> Result<(), Stop> {
        if self.out.len() + text.len() > MAX_OUTPUT {
            return Err(Stop::Failed(format!("prints more than {MAX_OUTPUT} bytes")));
        }
        self.out.push_str(text);
        Ok(())
    }

    fn step(&mut self) -> Result<(), Stop> {
        self.pay(1)
    }

    fn pay(&mut self, steps: usize) -> Result<(), Stop> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS {
            return Err(Stop::Failed(format!("takes more than {MAX_STEPS} steps")));
        }
        Ok(())
    }
}

fn length_of(value: &Value) -> usize {
    match value {
        Value::List(items) => items.len(),
        Value::Integer(count) => usize::try_from(*count).unwrap_or(0),
        _ => 0,
    }
}

/// What `range` walks over: keys and items.
fn items_of(value: &Value) -> Result<Vec<(Value, Value)>, Stop> {
    match value {
        Value::List(items) => Ok((0i64..).map(Value::Integer).zip(items.iter().cloned()).collect()),
        Value::Labels(labels) => {
            Ok(labels.iter().map(|(name, value)| (Value::text(name), Value::text(value))).collect())
        }
        Value::Map(pairs) => Ok(pairs.iter().map(|(key, item)| (Value::text(key.as_str()), item.clone())).collect()),
        Value::Integer(count) => Ok((0..*count).map(|i| (Value::Integer(i), Value::Integer(i))).collect()),
        Value::Nil => Ok(Vec::new()),
        other => Err(Stop::Failed(format!("range can't iterate over {}", print::print(other)))),
    }
}

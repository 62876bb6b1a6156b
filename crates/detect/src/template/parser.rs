//! Tokens to a syntax tree; names of functions and variables are checked here, as upstream does.

use gw_base::Map;

use super::TemplateError;
use super::ast::{Base, Block, Branch, Command, Node, NodeKind, Operand, Pipeline};
use super::functions;
use super::lexer::{Token, TokenKind, tokens};

/// Deepest nesting of blocks and parentheses.
const MAX_DEPTH: usize = 64;
/// Longest template.
const MAX_BYTES: usize = 256 << 10;

/// A parsed template: its own text, and those it defines by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Tree {
    pub(super) main: Block,
    pub(super) defined: Map<String, Block>,
}

/// Parses; `variables` are those that the caller will set.
pub(super) fn parse(text: &str, variables: &[&str]) -> Result<Tree, TemplateError> {
    if text.len() > MAX_BYTES {
        return Err(TemplateError::parse(1, format!("longer than {MAX_BYTES} bytes")));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        loops: 0,
        variables: variables.iter().map(|name| (*name).to_owned()).collect(),
        defined: Map::default(),
    };
    let (main, end) = parser.block(true)?;
    if let Some((word, line)) = end {
        return Err(TemplateError::parse(line, format!("unexpected {{{{{word}}}}}")));
    }
    Ok(Tree { main, defined: parser.defined })
}

/// The keyword that ended a block, and its line.
type End = Option<(String, usize)>;

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    loops: usize,
    variables: Vec<String>,
    defined: Map<String, Block>,
}

impl Parser {
    /// Reads nodes until `{{end}}`, `{{else}}` or the end of the text. After `{{else` the tokens that follow are left.
    fn block(&mut self, top: bool) -> Result<(Block, End), TemplateError> {
        self.enter()?;
        let mut nodes = Block::new();
        let mut seen_end = None;
        while let Some(token) = self.next() {
            let line = token.line;
            if let TokenKind::Text(text) = token.kind {
                nodes.push(Node { line, kind: NodeKind::Text(text) });
                continue;
            }
            self.skip_spaces();
            let word = self.word();
            if matches!(word.as_deref(), Some("end" | "else")) {
                self.at += 1;
                seen_end = word.map(|word| (word, line));
                break;
            }
            if word.as_deref() == Some("define") {
                self.define(top, line)?;
                continue;
            }
            let kind = self.action(word.as_deref(), line)?;
            nodes.push(Node { line, kind });
        }
        self.depth -= 1;
        if seen_end.is_none() && !top {
            return Err(self.error("unexpected EOF"));
        }
        if let Some(("end", _)) = seen_end.as_ref().map(|(word, line)| (word.as_str(), line)) {
            self.close("end")?;
        }
        Ok((nodes, seen_end))
    }

    fn action(&mut self, word: Option<&str>, line: usize) -> Result<NodeKind, TemplateError> {
        let keyword = matches!(word, Some("if" | "with" | "range" | "template" | "break" | "continue"));
        if keyword {
            self.at += 1;
        }
        match word {
            Some("if") => self.branch("if").map(NodeKind::If),
            Some("with") => self.branch("with").map(NodeKind::With),
            Some("range") => {
                self.loops += 1;
                let branch = self.branch("range");
                self.loops -= 1;
                branch.map(NodeKind::Range)
            }
            Some("template") => self.template(),
            Some(word @ ("break" | "continue")) => {
                self.close(word)?;
                if self.loops == 0 {
                    return Err(TemplateError::parse(line, format!("{{{{{word}}}}} outside {{{{range}}}}")));
                }
                Ok(if word == "break" { NodeKind::Break } else { NodeKind::Continue })
            }
            _ => {
                let pipeline = self.pipeline("command", false)?;
                self.close("command")?;
                Ok(NodeKind::Print(pipeline))
            }
        }
    }

    fn branch(&mut self, context: &'static str) -> Result<Branch, TemplateError> {
        let scope = self.variables.len();
        let pipeline = self.pipeline(context, context == "range")?;
        self.close(context)?;
        let (then, end) = self.block(false)?;
        let mut otherwise = Block::new();
        if end.is_some_and(|(word, _)| word == "else") {
            self.skip_spaces();
            let line = self.line();
            // `{{else if x}}` is `{{else}}{{if x}}` whose one `{{end}}` ends both.
            match self.word() {
                Some(word) if word == context && context != "range" => {
                    self.at += 1;
                    self.enter()?;
                    let inner = self.branch(context)?;
                    self.depth -= 1;
                    let kind = if context == "if" { NodeKind::If(inner) } else { NodeKind::With(inner) };
                    otherwise.push(Node { line, kind });
                }
                _ => {
                    self.close("else")?;
                    let (block, end) = self.block(false)?;
                    if let Some((_, line)) = end.filter(|(word, _)| word == "else") {
                        return Err(TemplateError::parse(line, "expected end; found {{else}}"));
                    }
                    otherwise = block;
                }
            }
        }
        self.variables.truncate(scope);
        Ok(Branch { pipeline, then, otherwise })
    }

    fn template(&mut self) -> Result<NodeKind, TemplateError> {
        let name = self.quoted_name("template clause")?;
        self.skip_spaces();
        let argument = match self.peek() {
            Some(TokenKind::Close) => None,
            _ => Some(self.pipeline("template clause", false)?),
        };
        self.close("template clause")?;
        Ok(NodeKind::Template { name, argument })
    }

    fn define(&mut self, top: bool, line: usize) -> Result<(), TemplateError> {
        self.at += 1;
        if !top {
            return Err(TemplateError::parse(line, "unexpected {{define}}"));
        }
        let name = self.quoted_name("define clause")?;
        self.close("define clause")?;
        // A defined template sees none of the variables around it.
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let (block, end) = self.block(false)?;
        self.variables = outer;
        if let Some((_, line)) = end.filter(|(word, _)| word == "else") {
            return Err(TemplateError::parse(line, "unexpected {{else}} in define clause"));
        }
        self.defined.insert(name, block);
        Ok(())
    }

    fn quoted_name(&mut self, context: &str) -> Result<String, TemplateError> {
        self.skip_spaces();
        match self.next().map(|token| token.kind) {
            Some(TokenKind::Literal(name)) => Ok(name),
            _ => Err(self.error(format!("expected a quoted name in {context}"))),
        }
    }

    fn pipeline(&mut self, context: &str, is_range: bool) -> Result<Pipeline, TemplateError> {
        let (variables, declares) = self.declaration(is_range)?;
        let mut commands = Vec::new();
        loop {
            commands.push(self.command(context)?);
            self.skip_spaces();
            if !self.take_sign("|") {
                break;
            }
        }
        for command in commands.iter().skip(1) {
            // Wire: upstream refuses a literal that is given an argument when it parses, not when it runs.
            if matches!(command.operands.first().map(|o| &o.base), Some(Base::Bool(_) | Base::Integer(_) | Base::Float(_) | Base::Text(_) | Base::Dot | Base::Nil) if command.operands[0].fields.is_empty())
            {
                return Err(self.error("non executable command in pipeline stage 2"));
            }
        }
        if declares {
            self.variables.extend(variables.iter().cloned());
        } else if let Some(unknown) = variables.iter().find(|name| !self.variables.contains(name)) {
            return Err(self.error(format!("undefined variable {unknown:?}")));
        }
        Ok(Pipeline { variables, declares, commands })
    }

    /// `$x :=`, `$x =`, and in `range` also `$i, $x :=`.
    fn declaration(&mut self, is_range: bool) -> Result<(Vec<String>, bool), TemplateError> {
        let start = self.at;
        let mut variables = Vec::new();
        loop {
            self.skip_spaces();
            let Some(TokenKind::Variable(name)) = self.peek().cloned() else { break };
            self.at += 1;
            variables.push(name);
            self.skip_spaces();
            if !(is_range && variables.len() == 1 && self.take_sign(",")) {
                break;
            }
        }
        if !variables.is_empty() {
            for (sign, declares) in [(":=", true), ("=", false)] {
                if self.take_sign(sign) {
                    return Ok((variables, declares));
                }
            }
        }
        if variables.len() > 1 {
            return Err(self.error("range can only initialize variables"));
        }
        self.at = start;
        Ok((Vec::new(), false))
    }

    fn command(&mut self, context: &str) -> Result<Command, TemplateError> {
        let mut operands = Vec::new();
        loop {
            self.skip_spaces();
            match self.peek() {
                None | Some(TokenKind::Close | TokenKind::Sign(")" | "|")) => break,
                Some(_) => operands.push(self.operand(context)?),
            }
            let ended = matches!(self.peek(), None | Some(TokenKind::Space | TokenKind::Close | TokenKind::Sign(_)));
            if !ended {
                return Err(self.error(format!("unexpected operand without a space before it in {context}")));
            }
        }
        if operands.is_empty() {
            return Err(self.error(format!("missing value for {context}")));
        }
        Ok(Command { operands })
    }

    fn operand(&mut self, context: &str) -> Result<Operand, TemplateError> {
        let line = self.line();
        let token = self.next().map(|token| token.kind);
        let mut fields = Vec::new();
        let base = match token {
            Some(TokenKind::Dot) => Base::Dot,
            Some(TokenKind::Field(name)) => {
                fields.push(name);
                Base::Dot
            }
            Some(TokenKind::Variable(name)) if self.variables.contains(&name) => Base::Variable(name),
            Some(TokenKind::Variable(name)) => {
                return Err(TemplateError::parse(line, format!("undefined variable {name:?}")));
            }
            Some(TokenKind::Word(name)) => word_operand(name, line)?,
            Some(TokenKind::Literal(text)) => Base::Text(text),
            Some(TokenKind::Integer(number)) => Base::Integer(number),
            Some(TokenKind::Float(number)) => Base::Float(number),
            Some(TokenKind::Sign("(")) => {
                self.enter()?;
                let inner = self.pipeline("parenthesized pipeline", false)?;
                self.depth -= 1;
                if !self.take_sign(")") {
                    return Err(self.error("unclosed left paren"));
                }
                Base::Parenthesis(Box::new(inner))
            }
            Some(TokenKind::Sign(sign)) => {
                return Err(TemplateError::parse(line, format!("unexpected {sign:?} in {context}")));
            }
            _ => return Err(TemplateError::parse(line, format!("unexpected end of {context}"))),
        };
        while let Some(TokenKind::Field(name)) = self.peek().cloned() {
            self.at += 1;
            fields.push(name);
        }
        Ok(Operand { base, fields })
    }

    fn close(&mut self, context: &str) -> Result<(), TemplateError> {
        self.skip_spaces();
        match self.next().map(|token| token.kind) {
            Some(TokenKind::Close) => Ok(()),
            Some(TokenKind::Sign(")")) => Err(self.error("unexpected right paren")),
            _ => Err(self.error(format!("unexpected operand in {context}"))),
        }
    }

    fn word(&self) -> Option<String> {
        match self.peek() {
            Some(TokenKind::Word(word)) => Some(word.clone()),
            _ => None,
        }
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let there = matches!(self.peek(), Some(TokenKind::Sign(s)) if *s == sign);
        self.at += usize::from(there);
        there
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(TokenKind::Space)) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |token| token.line)
    }

    fn enter(&mut self) -> Result<(), TemplateError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.error(format!("nested deeper than {MAX_DEPTH}"))) } else { Ok(()) }
    }

    fn error(&self, message: impl Into<String>) -> TemplateError {
        TemplateError::parse(self.line(), message)
    }
}

fn word_operand(name: String, line: usize) -> Result<Base, TemplateError> {
    match name.as_str() {
        "true" => Ok(Base::Bool(true)),
        "false" => Ok(Base::Bool(false)),
        "nil" => Ok(Base::Nil),
        _ if functions::exists(&name) => Ok(Base::Function(name)),
        _ => Err(TemplateError::parse(line, format!("function {name:?} not defined"))),
    }
}

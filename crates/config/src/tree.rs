//! A YAML document as a tree that remembers where each value stands and how it was written.
//!
//! Scalars stay text until the wanted type is known, so that a label value `1.0` is not turned into a number and back.
//! Sizes are bounded before anything is copied: depth, and the number of nodes after aliases are expanded.

use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use gw_base::Map;

use crate::error::Fault;

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 64;
/// Most nodes of one document, counting what aliases repeat.
const MAX_NODES: usize = 2_000_000;
/// Largest document.
const MAX_BYTES: usize = 64 << 20;

/// A place in a file, both counted from 1; zeros mean "not from a file".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Who gave a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// The file that is read.
    #[default]
    File,
    /// A flag or an environment variable of this name.
    Override(Arc<str>),
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) origin: Origin,
    pub(crate) value: Value,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Text; `plain` when written without quotes, so that it may also be a number, a truth value or null.
    Scalar { text: String, plain: bool },
    /// Items in order.
    Sequence(Vec<Node>),
    /// Pairs in order, keys distinct.
    Mapping(Vec<(Key, Node)>),
}

/// The key of a pair and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) at: Position,
}

impl Node {
    pub(crate) fn scalar(text: &str, plain: bool, origin: Origin) -> Self {
        Self { at: Position::default(), origin, value: Value::Scalar { text: text.to_owned(), plain } }
    }

    pub(crate) fn null() -> Self {
        Self::scalar("", true, Origin::File)
    }

    pub(crate) fn is_null(&self) -> bool {
        match &self.value {
            Value::Scalar { text, plain: true } => matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"),
            _ => false,
        }
    }

    /// How the value reads in an error message.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            _ if self.is_null() => "nothing".to_owned(),
            Value::Scalar { text, .. } if text.chars().count() > 80 => {
                format!("\"{}...\"", text.chars().take(80).collect::<String>())
            }
            Value::Scalar { text, .. } => format!("\"{text}\""),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
        }
    }

    fn size(&self) -> usize {
        match &self.value {
            Value::Scalar { .. } => 1,
            Value::Sequence(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Value::Mapping(pairs) => 1 + pairs.iter().map(|(_, node)| node.size()).sum::<usize>(),
        }
    }
}

/// Reads one document; an empty one is null.
pub(crate) fn read(text: &str) -> Result<Node, Fault> {
    if text.len() > MAX_BYTES {
        return Err(Fault::new(format!("the file has {} bytes, at most {MAX_BYTES} are read", text.len())));
    }
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: Map::default(), nodes: 0 };
    let mut root = None;
    while let Some((event, span)) = reader.next()? {
        match event {
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            Event::StreamEnd => break,
            _ if root.is_some() => {
                return Err(fault_at("only one document a file is read, remove the second", &span));
            }
            event => root = Some(reader.node(event, &span, 0)?),
        }
    }
    Ok(root.unwrap_or_else(Node::null))
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: Map<usize, Node>,
    nodes: usize,
}

fn position(span: &Span) -> Position {
    Position { line: span.start.line(), column: span.start.col() + 1 }
}

fn fault_at(message: impl Into<String>, span: &Span) -> Fault {
    Fault::new(message).at(position(span), &Origin::File, "")
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Fault> {
        self.parser.next_event().transpose().map_err(|error| {
            let at = Position { line: error.marker().line(), column: error.marker().col() + 1 };
            Fault::new(format!("not valid YAML: {}", error.info())).at(at, &Origin::File, "")
        })
    }

    fn expect_next(&mut self) -> Result<(Event<'a>, Span), Fault> {
        self.next()?.ok_or_else(|| Fault::new("the document ends too early"))
    }

    fn count(&mut self, nodes: usize, span: &Span) -> Result<(), Fault> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(fault_at(format!("the document holds more than {MAX_NODES} values"), span));
        }
        Ok(())
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Node, Fault> {
        if depth > MAX_DEPTH {
            return Err(fault_at(format!("nested deeper than {MAX_DEPTH} levels"), span));
        }
        let (anchor, value) = match event {
            Event::Alias(id) => {
                let node = self.anchors.get(&id).cloned();
                let node = node.ok_or_else(|| fault_at("this alias stands inside what it refers to", span))?;
                self.count(node.size(), span)?;
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let as_text = known_tag(tag.as_deref(), span)? == Some("str");
                let plain = style == ScalarStyle::Plain && !as_text;
                (anchor, Value::Scalar { text: text.into_owned(), plain })
            }
            Event::SequenceStart(_, anchor, tag) => {
                known_tag(tag.as_deref(), span)?;
                (anchor, self.sequence(depth)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                known_tag(tag.as_deref(), span)?;
                (anchor, self.mapping(depth)?)
            }
            _ => return Err(fault_at("a value is expected here", span)),
        };
        self.count(1, span)?;
        let node = Node { at: position(span), origin: Origin::File, value };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        loop {
            match self.expect_next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Sequence(items)),
                (event, span) => items.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut pairs: Vec<(Key, Node)> = Vec::new();
        let mut seen: Map<String, Position> = Map::default();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.expect_next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key = self.key(event, &span)?;
            let (event, value_span) = self.expect_next()?;
            let mut node = self.node(event, &value_span, depth + 1)?;
            if key.text == "<<" {
                merged.push((node, value_span));
                continue;
            }
            if node.is_null() {
                // An absent value has no place of its own: the parser reports the next token.
                node.at = key.at;
            }
            if let Some(first) = seen.insert(key.text.clone(), key.at) {
                let message = format!("field \"{}\" is given twice, first in line {}", key.text, first.line);
                return Err(fault_at(message, &span));
            }
            pairs.push((key, node));
        }
        for (node, span) in merged {
            self.merge(&mut pairs, node, &span)?;
        }
        Ok(Value::Mapping(pairs))
    }

    fn key(&mut self, event: Event<'a>, span: &Span) -> Result<Key, Fault> {
        match event {
            Event::Scalar(text, _, _, tag) => {
                known_tag(tag.as_deref(), span)?;
                Ok(Key { text: text.into_owned(), at: position(span) })
            }
            Event::Alias(id) => match self.anchors.get(&id).map(|node| &node.value) {
                Some(Value::Scalar { text, .. }) => Ok(Key { text: text.clone(), at: position(span) }),
                _ => Err(fault_at("a key must be a text", span)),
            },
            _ => Err(fault_at("a key must be a text", span)),
        }
    }

    /// `<<`: pairs of other mappings, where the mapping itself and earlier ones win.
    fn merge(&mut self, pairs: &mut Vec<(Key, Node)>, node: Node, span: &Span) -> Result<(), Fault> {
        let sources = match node.value {
            Value::Mapping(_) => vec![node],
            Value::Sequence(items) => items,
            Value::Scalar { .. } => return Err(fault_at("\"<<\" takes a mapping or a list of mappings", span)),
        };
        for source in sources {
            let Value::Mapping(more) = source.value else {
                return Err(fault_at("\"<<\" takes a mapping or a list of mappings", span));
            };
            let known: gw_base::Set<String> = pairs.iter().map(|(key, _)| key.text.clone()).collect();
            pairs.extend(more.into_iter().filter(|(key, _)| !known.contains(&key.text)));
        }
        Ok(())
    }
}

/// The tags of YAML's core schema.
const KNOWN_TAGS: [&str; 7] = ["bool", "float", "int", "map", "null", "seq", "str"];

/// The suffix of a tag of YAML's own; tags of others would change meaning silently, so they are refused.
fn known_tag<'t>(tag: Option<&'t Tag>, span: &Span) -> Result<Option<&'t str>, Fault> {
    match tag {
        None => Ok(None),
        Some(tag) if tag.original() == "!" => Ok(Some("str")),
        Some(tag) => match tag.core_suffix().filter(|suffix| KNOWN_TAGS.contains(suffix)) {
            Some(suffix) => Ok(Some(suffix)),
            None => Err(fault_at(format!("tag {} is not known, remove it", tag.original()), span)),
        },
    }
}

//! Values that win over the file: flags, then environment variables `GW_SECTION_KEY`.
//!
//! Which variables mean something is decided by the structs themselves while they are filled, so there is no second list
//! of settings: `GW_STORE_DIR` sets field `dir` of field `store`. List items cannot be reached; a list or mapping is given
//! whole, in YAML's flow form (`GW_LISTEN_PORTS='[1002, 1003]'`).

use std::cell::RefCell;
use std::sync::Arc;

use crate::de::Path;
use crate::environment::Environment;
use crate::error::Fault;
use crate::tree::{self, Node, Origin, Value};

/// What every variable of the product starts with.
const PREFIX: &str = "GW_";

/// Values that win over the file, strongest first.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    overrides: Vec<Override>,
    empty: Option<Node>,
    used: RefCell<Vec<(usize, String)>>,
}

#[derive(Debug)]
struct Override {
    /// Path in capitals, joined by `_`.
    key: String,
    name: Arc<str>,
    node: Node,
}

impl Layers {
    /// Adds a value set by a flag, such as path `listen.address` by `--listen`.
    pub(crate) fn flag(&mut self, path: &str, value: &str, name: &str) -> Result<(), Fault> {
        self.add(path.replace('.', "_").to_uppercase(), value, name)
    }

    /// Adds every `GW_` variable except `reserved` ones, which mean something else.
    pub(crate) fn environment(&mut self, environment: &Environment, reserved: &[&str]) -> Result<(), Fault> {
        for (name, value) in environment.starting_with(PREFIX) {
            if !reserved.contains(&name) {
                let key = name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
                self.add(key, value, name)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, key: String, value: &str, name: &str) -> Result<(), Fault> {
        let name: Arc<str> = Arc::from(name);
        let origin = Origin::Override(Arc::clone(&name));
        let node = if value.starts_with(['[', '{']) {
            let mut node = tree::read(value).map_err(|fault| Fault::new(fault.message).at(fault.at, &origin, ""))?;
            set_origin(&mut node, &origin);
            node
        } else {
            Node::scalar(value, true, origin)
        };
        self.empty.get_or_insert_with(Node::null);
        self.overrides.push(Override { key, name, node });
        Ok(())
    }

    /// The fields of the struct at `path` that a layer sets, or under which a layer sets something and the file nothing.
    pub(crate) fn overrides<'a>(
        &'a self,
        path: &Path<'_>,
        fields: &'static [&'static str],
        given: impl Fn(&str) -> bool,
    ) -> Vec<(&'static str, &'a Node)> {
        let Some(prefix) = self.prefix(path) else { return Vec::new() };
        let mut found: Vec<(&'static str, &'a Node)> = Vec::new();
        for (index, layer) in self.overrides.iter().enumerate() {
            let Some(rest) = layer.key.strip_prefix(&prefix) else { continue };
            // The longest field wins: with fields `retention` and `retention_time`, `RETENTION_TIME` is the second.
            let field = fields.iter().filter(|field| covers(field, rest)).max_by_key(|field| field.len());
            let Some(field) = field else { continue };
            if found.iter().any(|(name, _)| name == field) {
                continue;
            }
            if rest.len() == field.len() {
                let place = match path {
                    Path::Root => (*field).to_owned(),
                    _ => format!("{path}.{field}"),
                };
                self.used.borrow_mut().push((index, place));
                found.push((field, &layer.node));
            } else if let (false, Some(empty)) = (given(field), &self.empty) {
                found.push((field, empty));
            }
        }
        found
    }

    /// Path and name of every value that a layer set.
    pub(crate) fn provenance(&self) -> Vec<(String, String)> {
        let mut list: Vec<_> =
            self.used.borrow().iter().map(|(i, path)| (path.clone(), self.overrides[*i].name.to_string())).collect();
        list.sort();
        list.dedup();
        list
    }

    /// Names of layers' values that met no field.
    pub(crate) fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let keys: Vec<&str> = used.iter().map(|(i, _)| self.overrides[*i].key.as_str()).collect();
        let unused = self.overrides.iter().filter(|layer| !keys.contains(&layer.key.as_str()));
        unused.map(|layer| layer.name.to_string()).collect()
    }

    fn prefix(&self, path: &Path<'_>) -> Option<String> {
        match path {
            _ if self.overrides.is_empty() => None,
            Path::Root => Some(String::new()),
            Path::Field(parent, name) => Some(format!("{}{}_", self.prefix(parent)?, name.to_uppercase())),
            Path::Item(..) => None,
        }
    }
}

/// Whether `rest` names the field itself or something below it.
fn covers(field: &str, rest: &str) -> bool {
    let (head, tail) = rest.split_at_checked(field.len()).unwrap_or((rest, ""));
    head.eq_ignore_ascii_case(field) && (tail.is_empty() || tail.starts_with('_')) && rest.len() >= field.len()
}

fn set_origin(node: &mut Node, origin: &Origin) {
    node.origin = origin.clone();
    match &mut node.value {
        Value::Scalar { .. } => {}
        Value::Sequence(items) => items.iter_mut().for_each(|item| set_origin(item, origin)),
        Value::Mapping(pairs) => pairs.iter_mut().for_each(|(_, node)| set_origin(node, origin)),
    }
}

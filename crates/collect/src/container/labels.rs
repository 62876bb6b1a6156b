//! The labels that all samples of a container carry, rendered once for as long as they stay what they are.
//!
//! A sample's own labels stand among them in name order. They are few and known, and so are the places where they can stand:
//! first, before `id`, before `job`, before `name`, or behind it. The container's labels are therefore kept as the pieces between these
//! places, once as text for pages and once as canonical bytes for the store.

use std::collections::BTreeSet;

use gw_base::{METRIC_NAME, labels::push_pair};

use super::config::ContainerConfig;
use super::model::Container;

/// Which labels of a container become labels of its metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelPolicy {
    /// All labels and variables, or only what `listed` names.
    pub all: bool,
    /// Labels that are wanted where `all` is off.
    pub listed: Vec<String>,
    /// Labels that every series gets.
    pub fixed: Vec<(String, String)>,
}

impl LabelPolicy {
    /// As configured.
    #[must_use]
    pub fn of(config: &ContainerConfig) -> Self {
        let listed = config.whitelisted_container_labels.iter().filter(|label| !label.is_empty());
        Self { all: config.store_container_labels, listed: listed.cloned().collect(), fixed: Vec::new() }
    }

    /// Labels of a container, by name; the first of two that are written alike counts.
    pub(super) fn labels(&self, container: &Container) -> Vec<(String, String)> {
        let mut labels = vec![("id".to_owned(), container.path.clone())];
        let mut add = |name: String, value: &str| labels.push((name, value.to_owned()));
        for (name, value) in &container.spec.labels {
            if self.all || self.listed.iter().any(|listed| listed == name) {
                add(sanitised("container_label_", name), value);
            }
        }
        if self.all {
            container.spec.envs.iter().for_each(|(name, value)| add(sanitised("container_env_", name), value));
        }
        if let Some(alias) = container.aliases.first() {
            add("name".to_owned(), alias);
        }
        if !container.spec.image.is_empty() {
            add("image".to_owned(), &container.spec.image);
        }
        self.fixed.iter().for_each(|(name, value)| add(name.clone(), value));
        labels.sort_by(|a, b| a.0.cmp(&b.0));
        labels.dedup_by(|b, a| a.0 == b.0);
        labels
    }
}

/// Wire: whatever no label name may hold becomes `_`.
fn sanitised(prefix: &str, name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    prefix.chars().chain(name.chars().map(letter)).collect()
}

/// Names of labels before which a sample's own labels may stand.
const PLACES: [&str; 5] = ["container_", "id", "job", "name", "v"];
/// Pieces between them.
const PIECES: usize = PLACES.len() + 1;

/// Which piece a label belongs to.
fn piece_of(name: &str) -> usize {
    PLACES.iter().filter(|place| name >= **place).count()
}

/// The pieces, end to end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Pieces<T> {
    bytes: T,
    ends: [u32; PIECES],
    closed: usize,
}

impl<T> Pieces<T> {
    fn close(&mut self, piece: usize, end: usize) {
        for ends in self.ends.iter_mut().take(piece).skip(self.closed) {
            *ends = u32::try_from(end).unwrap_or(u32::MAX);
        }
        self.closed = self.closed.max(piece);
    }
}

/// A container's labels, rendered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rendered {
    text: Pieces<String>,
    canonical: Pieces<Vec<u8>>,
}

impl Rendered {
    /// As text for a page, where every series of a family has the same names, empty where a container has no such label.
    pub(super) fn for_page(labels: &[(String, String)], names: &BTreeSet<String>) -> Self {
        let mut rendered = Self::default();
        let mut rest = labels.iter().peekable();
        for name in names {
            let value = rest.next_if(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
            rendered.close(piece_of(name));
            push_label(&mut rendered.text.bytes, name, value);
        }
        rendered.close(PIECES);
        rendered
    }

    /// As canonical bytes for the store, where an empty label is none, with `job` and `instance`.
    pub(super) fn for_store(labels: &[(String, String)], job: &str, instance: &str) -> Self {
        let mut all: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        all.retain(|(name, _)| !matches!(*name, "job" | "instance"));
        all.extend([("job", job), ("instance", instance)]);
        all.sort_unstable();
        let mut rendered = Self::default();
        for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
            rendered.close(piece_of(name));
            push_pair(&mut rendered.canonical.bytes, name, value);
        }
        rendered.close(PIECES);
        rendered
    }

    /// Ends every piece before this one where the bytes end now.
    fn close(&mut self, piece: usize) {
        self.text.close(piece, self.text.bytes.len());
        self.canonical.close(piece, self.canonical.bytes.len());
    }

    fn text_piece(&self, piece: usize) -> &str {
        let start = piece.checked_sub(1).map_or(0, |before| self.text.ends[before] as usize);
        self.text.bytes.get(start..self.text.ends[piece] as usize).unwrap_or_default()
    }

    fn canonical_piece(&self, piece: usize) -> &[u8] {
        let start = piece.checked_sub(1).map_or(0, |before| self.canonical.ends[before] as usize);
        self.canonical.bytes.get(start..self.canonical.ends[piece] as usize).unwrap_or_default()
    }

    /// Writes `{...}` with a sample's own labels among the container's; those are in name order.
    pub(super) fn write_text(&self, out: &mut String, own: &[(&str, &str)]) {
        out.push('{');
        let mut rest = own.iter().peekable();
        for piece in 0..PIECES {
            out.push_str(self.text_piece(piece));
            while let Some((name, value)) = rest.next_if(|(name, _)| piece_of(name) <= piece) {
                push_label(out, name, value);
            }
        }
        out.pop();
        out.push('}');
    }

    /// Writes the canonical bytes of a series.
    pub(super) fn write_canonical(&self, out: &mut Vec<u8>, metric: &str, own: &[(&str, &str)]) {
        out.clear();
        push_pair(out, METRIC_NAME, metric);
        let mut rest = own.iter().filter(|(_, value)| !value.is_empty()).peekable();
        for piece in 0..PIECES {
            out.extend_from_slice(self.canonical_piece(piece));
            while let Some((name, value)) = rest.next_if(|(name, _)| piece_of(name) <= piece) {
                push_pair(out, name, value);
            }
        }
    }
}

/// `name="value",`; the last comma becomes the closing brace.
fn push_label(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("=\"");
    for (part, c) in value.split_inclusive(['\\', '"', '\n']).map(|part| (part, part.chars().next_back())) {
        let plain = part.strip_suffix(['\\', '"', '\n']).unwrap_or(part);
        out.push_str(plain);
        match c {
            Some('\\') => out.push_str("\\\\"),
            Some('"') => out.push_str("\\\""),
            Some('\n') => out.push_str("\\n"),
            _ => {}
        }
    }
    out.push_str("\",");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container() -> Container {
        let mut container =
            Container { path: "/a".to_owned(), aliases: vec!["n\"1".to_owned()], ..Container::default() };
        container.spec.image = "img".to_owned();
        container.spec.labels.insert("my.label".to_owned(), "x".to_owned());
        container
    }

    #[test]
    fn own_labels_stand_in_name_order() {
        let policy = LabelPolicy { all: true, listed: Vec::new(), fixed: vec![("zone".to_owned(), "z".to_owned())] };
        let labels = policy.labels(&container());
        let names: BTreeSet<String> =
            labels.iter().map(|(name, _)| name.clone()).chain(["container_label_b".to_owned()]).collect();
        let mut out = String::new();
        let page = Rendered::for_page(&labels, &names);
        page.write_text(&mut out, &[("device", "d"), ("major", "8"), ("operation", "o")]);
        assert_eq!(
            out,
            "{container_label_b=\"\",container_label_my_label=\"x\",device=\"d\",id=\"/a\",image=\"img\",\
             major=\"8\",name=\"n\\\"1\",operation=\"o\",zone=\"z\"}"
        );
    }

    #[test]
    fn the_store_gets_canonical_series() {
        let policy = LabelPolicy { all: false, listed: Vec::new(), fixed: Vec::new() };
        let rendered = Rendered::for_store(&policy.labels(&container()), "cadvisor", "host");
        let mut bytes = Vec::new();
        for own in
            [&[][..], &[("cpu", "total")], &[("interface", "eth0")], &[("node", "0"), ("scope", "s"), ("type", "t")]]
        {
            rendered.write_canonical(&mut bytes, "container_x", own);
            let labels = gw_base::Labels::from_bytes(&bytes).unwrap();
            let pairs = [
                ("__name__", "container_x"),
                ("id", "/a"),
                ("image", "img"),
                ("instance", "host"),
                ("job", "cadvisor"),
                ("name", "n\"1"),
            ];
            let expected = gw_base::Labels::from_pairs(pairs.into_iter().chain(own.iter().copied()));
            assert_eq!(labels, expected);
        }
    }
}

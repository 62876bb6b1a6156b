//! A log line on its way through a pipeline, with its labels in three layers.

use std::borrow::Cow;

use gw_base::Labels;
use gw_base::labels::Iter;

/// The label that names what went wrong with a line.
pub(crate) const ERROR: &str = "__error__";
/// The label that says more about it.
const ERROR_DETAILS: &str = "__error_details__";
/// The label that Loki makes of a line's severity.
const LEVEL: &str = "detected_level";

/// A line with the labels of its stream, its structured metadata, and what stages have added.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    /// Nanoseconds.
    pub(crate) time: i64,
    pub(crate) line: Cow<'a, str>,
    /// Canonical bytes of the stream's labels.
    pub(crate) stream: &'a [u8],
    /// Canonical bytes of the structured metadata.
    pub(crate) metadata: Cow<'a, [u8]>,
    /// Labels that stages added or changed.
    pub(crate) parsed: Vec<(String, String)>,
    /// Labels of stream and metadata that stages removed.
    pub(crate) removed: Vec<String>,
    /// Word for the line's severity, seen as the label [`LEVEL`] unless the line brings one of its own.
    level: Option<&'static str>,
    error: Option<(&'static str, String)>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(time: i64, line: &'a str, stream: &'a [u8], metadata: &'a [u8], severity: Option<u8>) -> Self {
        let line = Cow::Borrowed(line);
        let metadata = without_clashes(stream, metadata);
        let brings_own = find(stream, LEVEL).or_else(|| find(&metadata, LEVEL)).is_some();
        let level = severity.filter(|_| !brings_own).map(gw_batch::logs::level_of);
        Self { time, line, stream, metadata, parsed: Vec::new(), removed: Vec::new(), level, error: None }
    }

    /// Marks the line; the first fault stays.
    pub(crate) fn fail(&mut self, kind: &'static str, details: impl Into<String>) {
        if self.error.is_none() {
            self.error = Some((kind, details.into()));
        }
    }

    pub(crate) const fn has_error(&self) -> bool {
        self.error.is_some()
    }

    /// What went wrong, if something did.
    pub(crate) fn error(&self) -> Option<&str> {
        self.error.as_ref().map(|(kind, _)| *kind)
    }

    /// The value of a label; what stages set hides what came with the line.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        if let Some((kind, details)) = &self.error {
            match name {
                ERROR => return Some(kind),
                ERROR_DETAILS => return Some(details),
                _ => {}
            }
        }
        if let Some((_, value)) = self.parsed.iter().find(|(other, _)| other == name) {
            return Some(value);
        }
        if self.removed.iter().any(|removed| removed == name) {
            return None;
        }
        self.own(name)
    }

    /// The value of a label that came with the line.
    fn own(&self, name: &str) -> Option<&str> {
        let level = self.level.filter(|_| name == LEVEL);
        level.or_else(|| find(self.stream, name)).or_else(|| find(&self.metadata, name))
    }

    /// The severity as a label.
    fn level_label(&self) -> Option<(&str, &str)> {
        self.level.map(|level| (LEVEL, level))
    }

    /// Adds a label that a parser found. One that came with the line is not hidden: the found one is renamed. The first
    /// of several of one name stays.
    pub(crate) fn extract(&mut self, name: &str, value: &str) {
        let name = if self.own(name).is_some() { format!("{name}_extracted") } else { name.to_owned() };
        if !self.parsed.iter().any(|(other, _)| *other == name) {
            self.parsed.push((name, value.to_owned()));
        }
    }

    /// Sets a label, hiding what came with the line.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        match self.parsed.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => *old = value,
            None => self.parsed.push((name.to_owned(), value)),
        }
    }

    /// Removes a label from every layer.
    pub(crate) fn remove(&mut self, name: &str) {
        if name == ERROR || name == ERROR_DETAILS {
            self.error = None;
        }
        self.parsed.retain(|(other, _)| other != name);
        if !self.removed.iter().any(|removed| removed == name) {
            self.removed.push(name.to_owned());
        }
    }

    /// The names of all labels there are.
    pub(crate) fn names(&self) -> Vec<String> {
        let own = Iter::over(self.stream).chain(Iter::over(&self.metadata)).chain(self.level_label());
        let own = own.map(|(name, _)| name.to_owned());
        let own = own.filter(|name| !self.removed.contains(name));
        own.chain(self.parsed.iter().map(|(name, _)| name.clone())).collect()
    }

    /// The labels of the stream that are left.
    pub(crate) fn stream_labels(&self) -> Cow<'_, [u8]> {
        self.left_of(self.stream)
    }

    /// The structured metadata that is left.
    pub(crate) fn metadata_labels(&self) -> Cow<'_, [u8]> {
        match self.level_label() {
            None => self.left_of(&self.metadata),
            Some(level) => {
                let all = Labels::from_pairs(Iter::over(&self.metadata).chain([level]));
                Cow::Owned(self.left_of(all.as_bytes()).into_owned())
            }
        }
    }

    fn left_of<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let hidden = |name: &str| {
            self.removed.iter().any(|removed| removed == name) || self.parsed.iter().any(|(other, _)| other == name)
        };
        if !Iter::over(bytes).any(|(name, _)| hidden(name)) {
            return Cow::Borrowed(bytes);
        }
        let left = Labels::from_pairs(Iter::over(bytes).filter(|(name, _)| !hidden(name)));
        Cow::Owned(left.as_bytes().to_vec())
    }

    /// What stages added or changed, the mark of a fault among it.
    pub(crate) fn parsed_labels(&self) -> Labels {
        let error = self.error.as_ref().map(|(kind, details)| [(ERROR, *kind), (ERROR_DETAILS, details.as_str())]);
        let parsed = self.parsed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Labels::from_pairs(parsed.chain(error.into_iter().flatten()))
    }

    /// All labels as one set, the mark of a fault among them.
    pub(crate) fn labels_with_error(&self) -> Labels {
        let labels = self.labels(None);
        let marked = self.parsed_labels();
        Labels::from_pairs(labels.iter().chain(marked.iter()))
    }

    /// All labels as one set, without `except`.
    pub(crate) fn labels(&self, except: Option<&str>) -> Labels {
        let own = Iter::over(&self.metadata).chain(self.level_label()).chain(Iter::over(self.stream));
        let own = own.filter(|(name, _)| !self.removed.iter().any(|removed| removed == name));
        let parsed = self.parsed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Labels::from_pairs(own.chain(parsed).filter(|(name, _)| Some(*name) != except))
    }
}

fn find<'b>(bytes: &'b [u8], name: &str) -> Option<&'b str> {
    Iter::over(bytes).find(|(other, _)| *other == name).map(|(_, value)| value)
}

/// Structured metadata whose names do not hide behind those of the stream.
fn without_clashes<'b>(stream: &[u8], metadata: &'b [u8]) -> Cow<'b, [u8]> {
    let clashes = |name: &str| find(stream, name).is_some();
    if !Iter::over(metadata).any(|(name, _)| clashes(name)) {
        return Cow::Borrowed(metadata);
    }
    let renamed = Iter::over(metadata).map(|(name, value)| {
        let name = if clashes(name) { format!("{name}_extracted") } else { name.to_owned() };
        (name, value)
    });
    Cow::Owned(Labels::from_pairs(renamed).as_bytes().to_vec())
}

//! Relabelling: rules that rewrite, keep or drop label sets, with Prometheus' actions and defaults.
//!
//! Compiled once (regular expressions anchored, templates split), then applied to every target and every sample. A rule
//! that changes nothing allocates nothing beyond its joined source value.

use gw_base::{Labels, LabelsBuilder};
use md5::{Digest, Md5};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

/// One rule as configuration files write it.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct RelabelConfig {
    /// Labels whose values are joined.
    pub source_labels: Vec<String>,
    /// What joins them.
    pub separator: String,
    /// What the joined value must match, whole.
    pub regex: String,
    /// Divisor of `hashmod`.
    pub modulus: u64,
    /// The label written.
    pub target_label: String,
    /// The value written; `$1` stands for a group.
    pub replacement: String,
    /// What is done.
    pub action: RelabelAction,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, PartialEq, Eq, Default)]
#[serde(rename_all = "lowercase")]
pub enum RelabelAction {
    /// Writes the target label when the value matches.
    #[default]
    Replace,
    /// Drops what does not match.
    Keep,
    /// Drops what matches.
    Drop,
    /// Drops when the joined value differs from the target label's.
    KeepEqual,
    /// Drops when the joined value equals the target label's.
    DropEqual,
    /// Writes the hash of the joined value modulo `modulus`.
    HashMod,
    /// Copies labels whose name matches to the name that `replacement` gives.
    LabelMap,
    /// Removes labels whose name matches.
    LabelDrop,
    /// Removes labels whose name does not match.
    LabelKeep,
    /// Writes the joined value in lower case.
    Lowercase,
    /// Writes the joined value in upper case.
    Uppercase,
}

const DEFAULT_REGEX: &str = "(.*)";
const DEFAULT_REPLACEMENT: &str = "$1";

impl Default for RelabelConfig {
    fn default() -> Self {
        Self {
            source_labels: Vec::new(),
            separator: ";".to_owned(),
            regex: DEFAULT_REGEX.to_owned(),
            modulus: 0,
            target_label: String::new(),
            replacement: DEFAULT_REPLACEMENT.to_owned(),
            action: RelabelAction::Replace,
        }
    }
}

/// What one rule made of a label set.
#[derive(Debug, Clone, PartialEq)]
pub struct RelabelStep {
    /// The rule.
    pub rule: RelabelConfig,
    /// The labels behind it.
    pub output: Labels,
    /// Whether it kept them.
    pub keep: bool,
}

/// A compiled rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    config: RelabelConfig,
    regex: Regex,
    /// Whether `target_label` holds a template.
    target_is_template: bool,
}

/// Compiled rules, applied in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules(Vec<Rule>);

impl Rules {
    /// Compiles rules, checking them as Prometheus does.
    ///
    /// # Errors
    /// What is wrong with the first bad rule, with its index.
    pub(crate) fn compile(configs: &[RelabelConfig]) -> Result<Self, String> {
        let compiled = configs
            .iter()
            .enumerate()
            .map(|(index, config)| compile(config).map_err(|message| format!("relabel rule {index}: {message}")));
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// What each rule makes of the labels, up to the one that drops them.
    pub(crate) fn steps(&self, labels: &mut LabelsBuilder) -> Vec<RelabelStep> {
        let mut steps = Vec::with_capacity(self.0.len());
        for rule in &self.0 {
            let keep = rule.apply(labels);
            steps.push(RelabelStep { rule: rule.config.clone(), output: labels.build(), keep });
            if !keep {
                break;
            }
        }
        steps
    }

    /// Applies all rules; `false` says that the label set is dropped.
    #[must_use]
    pub(crate) fn apply(&self, labels: &mut LabelsBuilder) -> bool {
        self.0.iter().all(|rule| rule.apply(labels))
    }
}

fn compile(config: &RelabelConfig) -> Result<Rule, String> {
    check(config)?;
    let anchored = format!("^(?s:{})$", config.regex);
    let regex = regex::RegexBuilder::new(&anchored)
        .size_limit(4 << 20)
        .build()
        .map_err(|error| format!("regex \"{}\" does not compile: {error}", config.regex))?;
    let target_is_template = config.target_label.contains('$');
    Ok(Rule { config: config.clone(), regex, target_is_template })
}

fn check(config: &RelabelConfig) -> Result<(), String> {
    use RelabelAction as A;
    let action = config.action;
    let needs_target =
        matches!(action, A::Replace | A::HashMod | A::Lowercase | A::Uppercase | A::KeepEqual | A::DropEqual);
    if needs_target && config.target_label.is_empty() {
        return Err(format!("action {} needs a target_label", action.name()));
    }
    if action == A::HashMod && config.modulus == 0 {
        return Err("action hashmod needs a modulus above 0".to_owned());
    }
    if matches!(action, A::HashMod | A::Lowercase | A::Uppercase | A::KeepEqual | A::DropEqual)
        && !is_label_name(&config.target_label)
    {
        return Err(format!("\"{}\" is not a label name", config.target_label));
    }
    if matches!(action, A::Lowercase | A::Uppercase | A::KeepEqual | A::DropEqual)
        && config.replacement != DEFAULT_REPLACEMENT
    {
        return Err(format!("action {} takes no replacement", action.name()));
    }
    if action == A::LabelMap && !is_label_template(&config.replacement) {
        return Err(format!("replacement \"{}\" gives no label name", config.replacement));
    }
    if action == A::Replace && !is_label_template(&config.target_label) {
        return Err(format!("\"{}\" is not a label name", config.target_label));
    }
    let defaults = RelabelConfig::default();
    let only_source_and_target = config.regex == defaults.regex
        && config.modulus == 0
        && config.separator == defaults.separator
        && config.replacement == defaults.replacement;
    if matches!(action, A::KeepEqual | A::DropEqual) && !only_source_and_target {
        return Err(format!("action {} takes only source_labels and target_label", action.name()));
    }
    let only_regex = config.source_labels.is_empty()
        && config.target_label.is_empty()
        && config.modulus == 0
        && config.separator == defaults.separator
        && config.replacement == defaults.replacement;
    if matches!(action, A::LabelDrop | A::LabelKeep) && !only_regex {
        return Err(format!("action {} takes only a regex", action.name()));
    }
    Ok(())
}

impl RelabelAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::KeepEqual => "keepequal",
            Self::DropEqual => "dropequal",
            Self::HashMod => "hashmod",
            Self::LabelMap => "labelmap",
            Self::LabelDrop => "labeldrop",
            Self::LabelKeep => "labelkeep",
            Self::Lowercase => "lowercase",
            Self::Uppercase => "uppercase",
        }
    }
}

/// Whether a text may be a label's name: any UTF-8 text but the empty one, as in Prometheus 3.
fn is_label_name(text: &str) -> bool {
    !text.is_empty()
}

/// Whether a text is a label name once its `$` groups are filled in.
fn is_label_template(text: &str) -> bool {
    !text.is_empty()
}

impl Rule {
    fn apply(&self, labels: &mut LabelsBuilder) -> bool {
        let config = &self.config;
        match config.action {
            RelabelAction::LabelMap => self.map_names(labels),
            RelabelAction::LabelDrop => self.retain_names(labels, false),
            RelabelAction::LabelKeep => self.retain_names(labels, true),
            _ => {
                let value = join(labels, &config.source_labels, &config.separator);
                return self.apply_to_value(labels, &value);
            }
        }
        true
    }

    fn apply_to_value(&self, labels: &mut LabelsBuilder, value: &str) -> bool {
        let config = &self.config;
        let target = || labels.get(&config.target_label).unwrap_or_default();
        match config.action {
            RelabelAction::Keep => return self.regex.is_match(value),
            RelabelAction::Drop => return !self.regex.is_match(value),
            RelabelAction::KeepEqual => return target() == value,
            RelabelAction::DropEqual => return target() != value,
            RelabelAction::Replace => self.replace(labels, value),
            RelabelAction::Lowercase => set(labels, &config.target_label, &value.to_lowercase()),
            RelabelAction::Uppercase => set(labels, &config.target_label, &value.to_uppercase()),
            RelabelAction::HashMod => {
                // Wire: the last 8 bytes of the MD5 digest, big endian, as in relabel.go `sum64`.
                let hash = u64::from_be_bytes(Md5::digest(value.as_bytes())[8..].try_into().unwrap_or_default());
                set(labels, &config.target_label, &(hash % config.modulus).to_string());
            }
            RelabelAction::LabelMap | RelabelAction::LabelDrop | RelabelAction::LabelKeep => {}
        }
        true
    }

    fn replace(&self, labels: &mut LabelsBuilder, value: &str) {
        let Some(captures) = self.regex.captures(value) else { return };
        let target = match self.target_is_template {
            true => expand(&self.config.target_label, &captures),
            false => self.config.target_label.clone(),
        };
        if is_label_name(&target) {
            set(labels, &target, &expand(&self.config.replacement, &captures));
        }
    }

    fn map_names(&self, labels: &mut LabelsBuilder) {
        let found: Vec<(String, String)> = labels
            .iter()
            .filter_map(|(name, value)| {
                let captures = self.regex.captures(name)?;
                Some((expand(&self.config.replacement, &captures), value.to_owned()))
            })
            .collect();
        for (name, value) in found {
            set(labels, &name, &value);
        }
    }

    fn retain_names(&self, labels: &mut LabelsBuilder, keep: bool) {
        let gone: Vec<String> = labels
            .iter()
            .filter(|(name, _)| self.regex.is_match(name) != keep)
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in gone {
            labels.remove(&name);
        }
    }
}

fn set(labels: &mut LabelsBuilder, name: &str, value: &str) {
    if value.is_empty() {
        labels.remove(name);
    } else {
        labels.set(name, value);
    }
}

fn join(labels: &LabelsBuilder, names: &[String], separator: &str) -> String {
    let mut joined = String::new();
    for (i, name) in names.iter().enumerate() {
        if i > 0 {
            joined.push_str(separator);
        }
        joined.push_str(labels.get(name).unwrap_or_default());
    }
    joined
}

/// Fills `$1`, `${1}`, `$name`, `${name}` and `$$` as Go's `Regexp.Expand` does: an unknown group is empty.
#[must_use]
pub(crate) fn expand(template: &str, captures: &Captures<'_>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = group_name(after) else {
            out.push('$');
            rest = after;
            continue;
        };
        let found = match name.parse::<usize>() {
            Ok(index) => captures.get(index),
            Err(_not_a_number) => captures.name(name),
        };
        out.push_str(found.map_or("", |found| found.as_str()));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Wire: without braces Go takes the longest run of letters, digits and `_` as the name.
fn group_name(text: &str) -> Option<(&str, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if let Some(inside) = text.strip_prefix('{') {
        let (name, after) = inside.split_once('}')?;
        return (!name.is_empty() && name.chars().all(is_word)).then_some((name, after));
    }
    let (name, after) = text.split_at(text.find(|c| !is_word(c)).unwrap_or(text.len()));
    (!name.is_empty()).then_some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        rules: Vec<RelabelConfig>,
        #[serde(rename = "in", default)]
        given: BTreeMap<String, String>,
        #[serde(default)]
        out: BTreeMap<String, String>,
        #[serde(default)]
        dropped: bool,
        error: Option<String>,
    }

    #[test]
    fn corpus() {
        let path = "../../corpus/collect/relabel.yaml";
        let cases: Vec<Case> = gw_config::yaml(path, &std::fs::read_to_string(path).unwrap()).unwrap();
        for case in cases {
            let rules = match (Rules::compile(&case.rules), &case.error) {
                (Ok(rules), None) => rules,
                (Err(message), Some(error)) if message.starts_with(error) => continue,
                (outcome, _) => panic!("{}: {:?}", case.name, outcome.map(|_| "compiles")),
            };
            let mut labels = LabelsBuilder::default();
            for (name, value) in &case.given {
                labels.set(name, value);
            }
            let kept = rules.apply(&mut labels);
            assert_eq!(kept, !case.dropped, "{}", case.name);
            let left: BTreeMap<String, String> =
                labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            if kept {
                assert_eq!(left, case.out, "{}", case.name);
            }
        }
    }
}

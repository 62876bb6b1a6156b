//! Reads `layers.toml`: the part of TOML it uses is sections, repeated sections, strings and arrays of strings.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// Section name to (key, strings). A string counts as a list of one; a repeated section `[[x]]` is `x.0`, `x.1`, ...
pub(super) type Sections = BTreeMap<String, Vec<(String, Vec<String>)>>;

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Sections> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| format!("cannot read {}", path.display()))
}

fn parse(text: &str) -> Result<Sections> {
    let mut sections = Sections::new();
    let mut current = String::new();
    for (number, raw) in text.lines().enumerate() {
        let line = without_comment(raw).trim();
        if line.is_empty() {
            continue;
        }
        if let Some(name) = line.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]")) {
            let earlier = sections.keys().filter(|key| key.starts_with(&format!("{name}."))).count();
            current = format!("{name}.{earlier}");
            sections.insert(current.clone(), Vec::new());
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut current);
            sections.entry(current.clone()).or_default();
        } else {
            let Some((key, value)) = line.split_once('=') else {
                bail!("line {}: expected a section or `key = value`, found {line:?}", number + 1);
            };
            let entry = (key.trim().trim_matches('"').to_owned(), strings(value));
            sections.entry(current.clone()).or_default().push(entry);
        }
    }
    Ok(sections)
}

fn without_comment(line: &str) -> &str {
    line.split_once('#').map_or(line, |(before, _)| before)
}

/// Every quoted string of a value, in order.
fn strings(value: &str) -> Vec<String> {
    value.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether a name is meant by a pattern, in which a trailing `*` stands for any rest.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_used_part_of_toml_is_read() {
        let text = "[layer]\n1 = [\"a\", \"b-*\"] # lowest\n[never]\n\"b-*\" = [\"x\"]\n[[old]]\nfrom = \"a\"\n[[old]]\nfrom = \"b\"\n";
        let sections = parse(text).expect("it is well formed");
        assert_eq!(sections["layer"], [("1".to_owned(), vec!["a".to_owned(), "b-*".to_owned()])]);
        assert_eq!(sections["never"][0].0, "b-*");
        assert_eq!(sections["old.1"][0].1, ["b"]);
        assert!(parse("[a]\nnonsense\n").is_err());
    }

    #[test]
    fn a_star_stands_for_any_rest() {
        assert!(matches("arrow*", "arrow-array") && matches("arrow*", "arrow") && !matches("arrow", "arrow-array"));
    }
}

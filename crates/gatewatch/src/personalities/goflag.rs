//! Command lines as Go's `flag` package reads them: `-flag value`, `-flag=value`, with one dash or two; a switch takes its
//! value behind `=` alone.

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// `true` or `false`; alone it is true.
    Switch,
    /// A value.
    Value,
}

/// A flag that the original knows.
pub(super) type Flag = (&'static str, Takes);

/// Flags as given.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Given(Vec<(String, String)>);

impl Given {
    /// Reads words up to the first that is no flag.
    ///
    /// # Errors
    /// In Go's words.
    pub(super) fn read(words: &[String], table: &[Flag]) -> Result<Self, String> {
        let mut given = Self::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let Some(flag) = word.strip_prefix('-').filter(|flag| !flag.is_empty()) else { break };
            let flag = flag.strip_prefix('-').unwrap_or(flag);
            if flag.is_empty() {
                break;
            }
            let (name, value) = match flag.split_once('=') {
                Some(("", _)) => return Err(format!("bad flag syntax: {word}")),
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            let takes = table.iter().find(|(known, _)| *known == name).map(|(_, takes)| *takes);
            let value = match (takes, value) {
                (None, _) if matches!(name, "help" | "h") => return Err("flag: help requested".to_owned()),
                (None, _) => return Err(format!("flag provided but not defined: -{name}")),
                (Some(Takes::Switch), None) => "true".to_owned(),
                (Some(Takes::Switch), Some(value)) => switch(name, &value)?.to_string(),
                (Some(Takes::Value), Some(value)) => value,
                (Some(Takes::Value), None) => {
                    rest.next().cloned().ok_or_else(|| format!("flag needs an argument: -{name}"))?
                }
            };
            given.0.push((name.to_owned(), value));
        }
        Ok(given)
    }

    /// The value that counts of a flag: the last.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a switch is on; `by_default` where it is not given.
    pub(super) fn is_on(&self, name: &str, by_default: bool) -> bool {
        self.get(name).map_or(by_default, |value| value == "true")
    }
}

fn switch(name: &str, value: &str) -> Result<bool, String> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("invalid boolean value {value:?} for -{name}: parse error")),
    }
}

/// The names of a table, for `-help`.
pub(super) fn usage(program: &str, table: &[Flag]) -> String {
    let mut text = format!("Usage of {program}:\n");
    for (name, takes) in table {
        let value = if *takes == Takes::Switch { "" } else { " value" };
        for part in ["  -", name, value, "\n"] {
            text.push_str(part);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Flag] = &[("port", Takes::Value), ("docker_only", Takes::Switch)];

    fn read(words: &[&str]) -> Result<Given, String> {
        Given::read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), TABLE)
    }

    #[test]
    fn flags_are_read_as_go_reads_them() {
        let given = read(&["-port", "1", "--port=2", "-docker_only", "rest", "-port=3"]).unwrap();
        assert_eq!((given.get("port"), given.is_on("docker_only", false)), (Some("2"), true));
        assert!(!read(&["-docker_only=F"]).unwrap().is_on("docker_only", true));
        assert_eq!(read(&["-nope"]).unwrap_err(), "flag provided but not defined: -nope");
        assert_eq!(read(&["--port"]).unwrap_err(), "flag needs an argument: -port");
        assert_eq!(read(&["-=1"]).unwrap_err(), "bad flag syntax: -=1");
        assert_eq!(read(&["-docker_only=x"]).unwrap_err(), "invalid boolean value \"x\" for -docker_only: parse error");
        assert_eq!(read(&["-h"]).unwrap_err(), "flag: help requested");
    }
}

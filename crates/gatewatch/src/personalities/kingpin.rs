//! Command lines as kingpin reads them, the library of all Prometheus programs: `--flag=value`, `--flag value`,
//! `--switch`, `--no-switch`.

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing: it is on or, as `--no-NAME`, off.
    Switch,
    /// One value; the last counts.
    Value,
    /// Values, each time it stands.
    Values,
}

/// A flag that the original knows.
pub(super) type Flag = (&'static str, Takes);

/// Flags as given.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Given(Vec<(String, String)>);

impl Given {
    /// Reads words; every flag must be known, and nothing but flags may stand.
    ///
    /// # Errors
    /// In kingpin's words.
    pub(super) fn read(words: &[String], known: impl Fn(&str) -> Option<Takes>) -> Result<Self, String> {
        let mut given = Self::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if word == "-h" {
                given.0.push(("help".to_owned(), "true".to_owned()));
                continue;
            }
            let Some(flag) = word.strip_prefix("--") else {
                return Err(match word.strip_prefix('-') {
                    Some(short) => format!("unknown short flag '-{}'", short.chars().take(1).collect::<String>()),
                    None => format!("unexpected {word}"),
                });
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            let takes = known(name);
            let off = name.strip_prefix("no-").filter(|_| takes.is_none());
            match (takes, off.map(|name| (name, known(name)))) {
                (Some(Takes::Switch), _) => given.0.push((name.to_owned(), value.unwrap_or_else(|| "true".to_owned()))),
                (Some(Takes::Value | Takes::Values), _) => {
                    let value = value.or_else(|| rest.next().cloned());
                    let value = value.ok_or_else(|| format!("expected argument for flag '--{name}'"))?;
                    given.0.push((name.to_owned(), value));
                }
                (None, Some((name, Some(Takes::Switch)))) => given.0.push((name.to_owned(), "false".to_owned())),
                _ => return Err(format!("unknown long flag '--{name}'")),
            }
        }
        Ok(given)
    }

    /// The value that counts of a flag.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of a flag.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a switch is on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// All flags as given.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// What a flag of a table takes.
pub(super) fn takes(table: &[Flag], name: &str) -> Option<Takes> {
    table.iter().find(|(known, _)| *known == name).map(|(_, takes)| *takes)
}

/// The names of a table, for `--help`.
pub(super) fn usage(program: &str, table: &[Flag]) -> String {
    let mut text = format!("usage: {program} [<flags>]\n\nFlags:\n");
    for (name, takes) in table {
        let value = if *takes == Takes::Switch { "" } else { "=VALUE" };
        for part in ["  --", name, value, "\n"] {
            text.push_str(part);
        }
    }
    text
}

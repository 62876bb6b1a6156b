//! UTF-8 names for readers that do not take them: the escaping schemes of Prometheus, negotiated by `Accept`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// How a name that is no classic identifier is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Escaping {
    /// As it is.
    AllowUtf8,
    /// Every other character is an underscore; cannot be undone.
    #[default]
    Underscores,
    /// A dot is `_dot_`, an underscore `__`, every other character `__`.
    Dots,
    /// `U__`, then `_HEX_` for other characters and `__` for an underscore.
    Values,
}

impl Escaping {
    /// The scheme that an `Accept` header asks for; without a word about it, underscores.
    #[must_use]
    pub fn of_accept(accept: &str) -> Self {
        let words = accept.split([',', ';']).map(str::trim);
        words.filter_map(|word| word.strip_prefix("escaping=")).find_map(Self::parse).unwrap_or_default()
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::AllowUtf8, Self::Underscores, Self::Dots, Self::Values]
            .into_iter()
            .find(|scheme| scheme.as_str() == word)
    }

    /// The word of the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// A metric or label name in this scheme.
    #[must_use]
    pub fn escape(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::AllowUtf8 => Cow::Borrowed(name),
            // Wire: of this scheme even classic names are rewritten, for their underscores.
            Self::Dots => Cow::Owned(dots(name)),
            _ if is_classic(name) => Cow::Borrowed(name),
            Self::Underscores => {
                Cow::Owned(name.chars().enumerate().map(|(i, c)| if is_classic_char(c, i) { c } else { '_' }).collect())
            }
            Self::Values => Cow::Owned(values(name)),
        }
    }
}

fn is_classic(name: &str) -> bool {
    !name.is_empty() && name.chars().enumerate().all(|(i, c)| is_classic_char(c, i))
}

fn is_classic_char(c: char, at: usize) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':' || (c.is_ascii_digit() && at > 0)
}

fn dots(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len() + 8);
    for (i, c) in name.chars().enumerate() {
        match c {
            '_' => escaped.push_str("__"),
            '.' => escaped.push_str("_dot_"),
            c if is_classic_char(c, i) => escaped.push(c),
            _ => escaped.push_str("__"),
        }
    }
    escaped
}

fn values(name: &str) -> String {
    let mut escaped = String::from("U__");
    for (i, c) in name.chars().enumerate() {
        match c {
            '_' => escaped.push_str("__"),
            c if is_classic_char(c, i) => escaped.push(c),
            c => write!(escaped, "_{:x}_", u32::from(c)).expect("writing to a String cannot fail"),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_as_upstream_has_them() {
        for (scheme, name, escaped) in [
            (Escaping::AllowUtf8, "http.status:sum", "http.status:sum"),
            (Escaping::Underscores, "http.status:sum", "http_status:sum"),
            (Escaping::Underscores, "0abc", "_abc"),
            (Escaping::Dots, "http.status:sum", "http_dot_status:sum"),
            (Escaping::Dots, "label_with.dot", "label__with_dot_dot"),
            (Escaping::Values, "http.status:sum", "U__http_2e_status:sum"),
            (Escaping::Values, "plain_name", "plain_name"),
            (Escaping::Values, "mysystem.prod_west", "U__mysystem_2e_prod__west"),
        ] {
            assert_eq!(scheme.escape(name), escaped, "{scheme:?}");
        }
        assert_eq!(Escaping::of_accept("text/plain;version=0.0.4;q=0.3;escaping=dots, */*"), Escaping::Dots);
        assert_eq!(Escaping::of_accept("*/*"), Escaping::Underscores);
    }
}

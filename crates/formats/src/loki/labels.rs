//! Loki's textual label sets: `{app="shop", env="prod"}`.

use std::borrow::Cow;

use crate::go_string;

/// Parses a label set into `pairs` (cleared first), in the order written.
///
/// Wire: quoted names are taken too, as Loki's parser does since 2.9.
///
/// # Errors
/// A message in the manner of Loki's, with the column.
pub fn parse<'a>(text: &'a str, pairs: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>) -> Result<(), String> {
    pairs.clear();
    let fail = |rest: &str, what: &str| {
        let column = text.len() - rest.len() + 1;
        let found: String = rest.chars().take(20).collect();
        format!("1:{column}: parse error: expected {what}, got {found:?}")
    };
    let mut rest = text.trim();
    rest = rest.strip_prefix('{').ok_or_else(|| fail(rest, "{"))?.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return if after.is_empty() { Ok(()) } else { Err(fail(after, "the end")) };
        }
        let (name, after) = take_name(rest).ok_or_else(|| fail(rest, "a label name"))?;
        rest = after.trim_start();
        rest = rest.strip_prefix('=').ok_or_else(|| fail(rest, "="))?.trim_start();
        let (value, after) = go_string::take(rest).ok_or_else(|| fail(rest, "a quoted value"))?;
        pairs.push((name, value));
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.starts_with('}') => {}
            None => return Err(fail(rest, ", or }")),
        }
    }
}

fn take_name(text: &str) -> Option<(Cow<'_, str>, &str)> {
    if text.starts_with('"') {
        return go_string::take(text).filter(|(name, _)| is_name(name));
    }
    let end = text.bytes().position(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_')).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    is_name(name).then_some((Cow::Borrowed(name), rest))
}

/// Whether a text may name a stream label.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let first_good = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first_good && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_sets_are_parsed() {
        let mut pairs = Vec::new();
        parse(r#"{ "foo"="bar2",      environment = "pr\"od"   , x=`y`,}"#, &mut pairs).unwrap();
        assert_eq!(
            pairs,
            [("foo".into(), "bar2".into()), ("environment".into(), "pr\"od".into()), ("x".into(), "y".into())]
        );
        parse("{}", &mut pairs).unwrap();
        assert!(pairs.is_empty());
        for text in
            ["", "{", "a=\"b\"", "{a}", "{a=b}", "{a=\"b\"", "{a=\"b\"}x", "{a=\"b\" c=\"d\"}", "{1a=\"b\"}", "{,}"]
        {
            assert!(parse(text, &mut pairs).is_err(), "{text}");
        }
        assert_eq!(parse("{a=b}", &mut pairs).unwrap_err(), "1:4: parse error: expected a quoted value, got \"b}\"");
    }
}

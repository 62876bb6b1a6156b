//! Log levels: words to OpenTelemetry severity numbers, and finding the level that a line states about itself.

use std::sync::LazyLock;

use memchr::memmem::Finder;

pub use gw_batch::logs::level_of;

/// How much of a line is searched; levels stand at its start.
const SEARCHED_BYTES: usize = 1024;
/// Longest level word.
const WORD_BYTES: usize = 13;

/// The OpenTelemetry severity number (1..=24) of a level word in any case, such as `warn`, `ERR` or `fatal`.
#[must_use]
pub fn severity_of(word: &str) -> Option<u8> {
    if word.is_empty() || word.len() > WORD_BYTES {
        return None;
    }
    let mut buffer = [0u8; WORD_BYTES];
    let lower = buffer.get_mut(..word.len())?;
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"trace" | b"trc" | b"finest" | b"verbose" => 1,
        b"debug" | b"dbg" | b"fine" => 5,
        b"info" | b"inf" | b"information" | b"informational" => 9,
        b"notice" => 10,
        b"warn" | b"wrn" | b"warning" => 13,
        b"error" | b"err" | b"eror" => 17,
        b"critical" | b"crit" | b"severe" => 18,
        b"fatal" | b"ftl" | b"panic" | b"dpanic" => 21,
        b"alert" => 22,
        b"emergency" | b"emerg" => 23,
        _ => return None,
    })
}

/// Label and field names that hold a level.
pub const LEVEL_NAMES: [&str; 7] =
    ["level", "severity", "lvl", "loglevel", "log_level", "severity_text", "detected_level"];

static KEYS: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| [Finder::new(b"level"), Finder::new(b"severity"), Finder::new(b"lvl")]);

/// The severity that a line states: a `level` field of JSON or logfmt, else a level word near its start that stands in
/// brackets, in capitals or before a colon.
#[must_use]
pub fn detect(line: &str) -> Option<u8> {
    let bytes = line.as_bytes();
    let searched = bytes.get(..SEARCHED_BYTES).unwrap_or(bytes);
    let is_json = searched.first() == Some(&b'{');
    KEYS.iter()
        .find_map(|key| by_key(searched, key, is_json))
        .or_else(|| if is_json { None } else { by_word(searched) })
}

/// The value after a key: `"level":"warn"`, `"log.level":"warn"`, `level=warn`, `level="warn"`.
fn by_key(line: &[u8], key: &Finder<'_>, is_json: bool) -> Option<u8> {
    key.find_iter(line).find_map(|at| {
        let after = line.get(at + key.needle().len()..)?;
        let value = if is_json {
            let colon = after.strip_prefix(b"\"")?.trim_ascii_start().strip_prefix(b":")?;
            colon.trim_ascii_start().strip_prefix(b"\"")?
        } else {
            if at > 0 && line.get(at - 1).is_some_and(u8::is_ascii_alphanumeric) {
                return None;
            }
            let value = after.strip_prefix(b"=")?;
            value.strip_prefix(b"\"").unwrap_or(value)
        };
        word_at(value)
    })
}

fn word_at(bytes: &[u8]) -> Option<u8> {
    let length = bytes.iter().take(WORD_BYTES + 1).take_while(|byte| byte.is_ascii_alphabetic()).count();
    severity_of(std::str::from_utf8(bytes.get(..length)?).ok()?)
}

fn by_word(line: &[u8]) -> Option<u8> {
    const START_BYTES: usize = 160;
    let start = line.get(..START_BYTES).unwrap_or(line);
    let mut at = 0;
    while let Some(offset) = start.get(at..)?.iter().position(u8::is_ascii_alphabetic) {
        let begin = at + offset;
        let length = start.get(begin..)?.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = start.get(begin..begin + length)?;
        let (before, after) = (begin.checked_sub(1).and_then(|i| start.get(i)), start.get(begin + length));
        let marked = word.iter().all(u8::is_ascii_uppercase)
            || matches!((before, after), (Some(b'['), Some(b']')) | (Some(b'<'), Some(b'>')))
            || after == Some(&b':');
        let inside_word = before.is_some_and(|byte| matches!(byte, b'/' | b'_' | b'.' | b'-'));
        if marked
            && !inside_word
            && let Some(severity) = word_at(word)
        {
            return Some(severity);
        }
        at = begin + length;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_where_people_write_them() {
        for (line, level) in [
            (r#"{"time":"x","level":"warn","msg":"error in text"}"#, "warn"),
            (r#"{"log.level": "Error"}"#, "error"),
            (r#"{"severity":"CRITICAL"}"#, "critical"),
            (r#"ts=1 level=info msg="an ERROR""#, "info"),
            ("lvl=dbug caller=x", "unknown"),
            ("lvl=dbg caller=x", "debug"),
            ("2026/11/23 01:02:03 [error] 12#0: *1 open() failed", "error"),
            ("2026-11-23 01:02:03,123 INFO  [main] started", "info"),
            ("panic: runtime error", "fatal"),
            ("GET /error HTTP/1.1 200", "unknown"),
            ("an error in running text", "unknown"),
            ("<WARN> disk", "warn"),
            ("", "unknown"),
        ] {
            assert_eq!(detect(line).map_or("unknown", level_of), level, "{line}");
        }
    }
}

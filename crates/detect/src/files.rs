//! Finds and reads rule files.

use std::path::{Path, PathBuf};

use crate::rulefile::{RuleFileError, parse_rules};
use crate::rules::Group;

/// Largest rule file.
const MAX_BYTES: u64 = 16 << 20;

/// Reads the files that patterns name, relative ones from `base`; only the last part of a path may have `*` and `?`.
///
/// # Errors
/// Everything that is wrong with any of them. A pattern that names no file is no error, a plain path is.
pub fn read_rule_files(base: &Path, patterns: &[String]) -> Result<Vec<Group>, Vec<RuleFileError>> {
    let mut groups = Vec::new();
    let mut errors = Vec::new();
    for pattern in patterns {
        for path in matching(base, pattern) {
            let file = path.display().to_string();
            match read(&path) {
                Ok(text) => match parse_rules(&file, &text) {
                    Ok(read) => groups.extend(read),
                    Err(faults) => errors.extend(faults),
                },
                Err(error) => errors.push(RuleFileError { file, message: format!("cannot read the file: {error}") }),
            }
        }
    }
    if errors.is_empty() { Ok(groups) } else { Err(errors) }
}

fn read(path: &Path) -> std::io::Result<String> {
    let size = std::fs::metadata(path)?.len();
    if size > MAX_BYTES {
        return Err(std::io::Error::other(format!("{size} bytes, more than {MAX_BYTES}")));
    }
    std::fs::read_to_string(path)
}

fn matching(base: &Path, pattern: &str) -> Vec<PathBuf> {
    let path = base.join(pattern);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.contains(['*', '?']) {
        return vec![path];
    }
    let entries = path.parent().map(std::fs::read_dir).and_then(Result::ok);
    let mut found: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| wildcard(name.as_bytes(), entry.file_name().to_string_lossy().as_bytes()))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Whether `text` is what `pattern` with `*` and `?` means. Linear but for the last star, which may be tried again.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

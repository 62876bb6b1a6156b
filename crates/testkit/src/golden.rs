//! Golden files: the expected output of a case, kept beside its input.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::environment::{under_ci, update_goldens};

/// Compares `actual` with the text of the golden file at `path`.
///
/// `UPDATE=1` writes the file instead, which is refused under continuous integration.
///
/// # Errors
/// When the texts differ (naming the first differing line), or the file cannot be read or written.
pub fn check_golden(path: &Path, actual: &str) -> Result<()> {
    if update_goldens() {
        ensure!(
            !under_ci(),
            "UPDATE=1 is refused under CI=true: goldens are rewritten by a person who reads the difference"
        );
        return fs::write(path, actual).with_context(|| format!("cannot write golden {}", path.display()));
    }
    let expected = fs::read_to_string(path)
        .with_context(|| format!("cannot read golden {}; UPDATE=1 writes it", path.display()))?;
    compare(&expected, actual).with_context(|| format!("output differs from golden {}", path.display()))
}

fn compare(expected: &str, actual: &str) -> Result<()> {
    if expected == actual {
        return Ok(());
    }
    let differs = |(left, right): (Option<&str>, Option<&str>)| left != right;
    let (mut wanted, mut found) = (expected.lines(), actual.lines());
    let mut number = 0;
    loop {
        number += 1;
        let pair = (wanted.next(), found.next());
        ensure!(pair != (None, None), "only line ends differ");
        if differs(pair) {
            let show = |line: Option<&str>| line.map_or_else(|| "end of text".to_owned(), |text| format!("{text:?}"));
            anyhow::bail!("line {number}: expected {}, found {}", show(pair.0), show(pair.1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_differing_line_is_named() {
        assert!(compare("a\nb\n", "a\nb\n").is_ok());
        let error = compare("a\nb\nc\n", "a\nx\nc\n").expect_err("texts differ").to_string();
        assert_eq!(error, "line 2: expected \"b\", found \"x\"");
        let error = compare("a\n", "a\nb\n").expect_err("texts differ").to_string();
        assert_eq!(error, "line 2: expected end of text, found \"b\"");
        let error = compare("a\n", "a").expect_err("texts differ").to_string();
        assert_eq!(error, "only line ends differ");
    }
}

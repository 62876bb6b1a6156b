//! Runs test executables one after the other, keeps their logs, and counts.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::artifacts::Suite;
use crate::environment::clock;
use crate::terminal;
use crate::workspace::Workspace;

/// How many tests passed and failed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Totals {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs every suite, prints a line for each, and the whole log of each that failed.
pub(crate) fn run(workspace: &Workspace, suites: &[Suite], variables: &[(&str, String)]) -> Result<Totals> {
    let logs = workspace.scratch()?.join("logs");
    fs::create_dir_all(&logs)?;
    let mut totals = Totals::default();
    for suite in suites {
        let started = clock();
        let done = Command::new(&suite.executable)
            .arg("--show-output")
            .current_dir(&suite.folder)
            .env("CARGO_MANIFEST_DIR", &suite.folder)
            .env("RUST_LIB_BACKTRACE", "0")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .output()
            .with_context(|| format!("cannot start {}", suite.executable.display()))?;
        let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        let log = logs.join(format!("{}.log", suite.name.replace(' ', "-")));
        fs::write(&log, &text).with_context(|| format!("cannot write {}", log.display()))?;
        let mut counted = count(&text);
        if !done.status.success() && counted.failed == 0 {
            // It ended without a verdict: aborted, killed, or out of memory.
            counted.failed = 1;
        }
        totals += counted;
        let seconds = started.elapsed().as_secs_f64();
        if counted.passed + counted.failed > 0 {
            terminal::say(&format!(
                "{}: passed {}, failed {}, {seconds:.1} s",
                suite.name, counted.passed, counted.failed
            ));
        }
        text.lines().filter(|line| is_report(line)).for_each(|line| terminal::say(&format!("    {line}")));
        if counted.failed > 0 {
            terminal::say(&text);
        }
    }
    Ok(totals)
}

/// Reads libtest's closing line: `test result: ok. 7 passed; 0 failed; ...`.
fn count(text: &str) -> Totals {
    let mut totals = Totals::default();
    for line in text.lines().filter(|line| line.starts_with("test result: ")) {
        let number = |word: &str| {
            let before = line.split_once(word)?.0;
            before.rsplit([' ', ';']).find(|part| !part.is_empty())?.parse().ok()
        };
        totals += Totals { passed: number(" passed").unwrap_or(0), failed: number(" failed").unwrap_or(0) };
    }
    totals
}

/// Lines that data-driven suites print for the reader: their totals, what they skipped, what they measured.
fn is_report(line: &str) -> bool {
    line.starts_with("skipped: ")
        || line.starts_with("measured: ")
        || (line.contains(" passed, ") && line.ends_with(" total"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_is_read() {
        let totals = count("running 3 tests\n\ntest result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured\n");
        assert_eq!((totals.passed, totals.failed), (12, 3));
    }

    #[test]
    fn a_run_without_verdict_counts_nothing() {
        assert_eq!(count("running 3 tests\n").passed, 0);
    }
}

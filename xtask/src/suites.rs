//! Runs test executables, keeps their logs, and counts.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result, anyhow};

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

/// Suites under way at a time. The longest waits for browsers and servers most of its time.
const AT_A_TIME: usize = 2;

/// Runs every suite in the order given, prints a line for each that ends, and the whole log of each that failed.
pub(crate) fn run(workspace: &Workspace, suites: &[Suite], variables: &[(&str, String)]) -> Result<Totals> {
    let logs = workspace.scratch()?.join("logs");
    fs::create_dir_all(&logs)?;
    let waiting = Mutex::new(suites.iter());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || -> Result<Totals> {
        let mut totals = Totals::default();
        while let Some(suite) = next() {
            totals += run_one(suite, variables, &logs)?;
        }
        Ok(totals)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(worker)).collect();
        let mut totals = Totals::default();
        for worker in workers {
            totals += worker.join().map_err(|_panic| anyhow!("running the tests panicked"))??;
        }
        Ok(totals)
    })
}

fn run_one(suite: &Suite, variables: &[(&str, String)], logs: &Path) -> Result<Totals> {
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
    // In one piece, so that lines of the suite beside it do not come between.
    let mut report = Vec::new();
    if counted.passed + counted.failed > 0 {
        let seconds = started.elapsed().as_secs_f64();
        report.push(format!("{}: passed {}, failed {}, {seconds:.1} s", suite.name, counted.passed, counted.failed));
    }
    report.extend(text.lines().filter(|line| is_report(line)).map(|line| format!("    {line}")));
    if counted.failed > 0 {
        report.push(text);
    }
    if !report.is_empty() {
        terminal::say(&report.join("\n"));
    }
    Ok(counted)
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

//! What the person (or the CI log) sees: plain lines, flushed, and a heading with its seconds for each step.

use std::io::Write as _;

use anyhow::Result;

use crate::environment::clock;

/// Prints a line.
#[expect(clippy::print_stdout, reason = "the output of a command-line tool")]
pub(crate) fn say(line: &str) {
    println!("{line}");
    // A closed pipe ends the next print anyway; there is nobody left to tell.
    drop(std::io::stdout().flush());
}

/// Prints a line to standard error.
#[expect(clippy::print_stderr, reason = "the output of a command-line tool")]
pub(crate) fn complain(line: &str) {
    eprintln!("{line}");
}

/// Runs one step under a heading and prints how many seconds it took, failed or not.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    say(&format!("== {name}"));
    let started = clock();
    let result = work();
    let verdict = if result.is_ok() { "took" } else { "failed after" };
    say(&format!("== {name} {verdict} {:.1} s", started.elapsed().as_secs_f64()));
    result
}

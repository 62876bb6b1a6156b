//! The outside of the tests: environment, clock, waiting for another process, finding the originals' programs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long another process may take for what it does at once on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The value of an environment variable, `None` when unset or empty.
#[expect(clippy::disallowed_methods, reason = "the ban is for the product; tests are steered by their environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Now, on the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "the ban is for the product; tests time a process from outside")]
pub(crate) fn clock() -> Instant {
    Instant::now()
}

/// Seconds since 1970, as the clients stamp their data.
#[expect(clippy::disallowed_methods, reason = "the ban is for the product; clients stamp their own data")]
pub(crate) fn unix_nanos() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// Polls `probe` until it answers `Some`; its last error is part of the failure.
#[expect(
    clippy::disallowed_methods,
    reason = "polls another process, which cannot wake this one; bounded by a deadline"
)]
pub(crate) fn eventually<T>(what: &str, patience: Duration, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = clock();
    loop {
        let last = match probe() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if begun.elapsed() > patience {
            match last {
                Some(error) => return Err(error.context(format!("not within {patience:?}: {what}"))),
                None => bail!("not within {patience:?}: {what}"),
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A program of the machine, or `None` with the skip printed. Under `CI=true` an absent program is an error.
pub(crate) fn program(name: &str) -> Result<Option<PathBuf>> {
    let path = variable("PATH").unwrap_or_default();
    let mut folders =
        std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    optional(name, folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file())))
}

/// A program that `cargo xtask test` made and named in an environment variable, or `None` with the skip printed.
pub(crate) fn provided(variable_name: &str) -> Result<Option<PathBuf>> {
    optional(variable_name, variable(variable_name).map(PathBuf::from))
}

/// A program that `cargo xtask test` builds where a Go toolchain is, or `None` with the skip printed. The project does not ask
/// for Go, so that an absent program is no failure.
pub(crate) fn built_by_go(variable_name: &str) -> Option<PathBuf> {
    let found = variable(variable_name).map(PathBuf::from);
    if found.is_none() {
        report(&format!("skipped: no {variable_name}; `cargo xtask test` builds it where a Go toolchain is"));
    }
    found
}

fn optional(name: &str, found: Option<PathBuf>) -> Result<Option<PathBuf>> {
    if found.is_none() {
        if gw_testkit::under_ci() {
            bail!("{name} is not there; `cargo xtask test` provides it");
        }
        report(&format!("skipped: {name} is not there; `cargo xtask test` provides it"));
    }
    Ok(found)
}

/// Prints a line that `cargo xtask test` shows to the reader (`measured: ...`, `skipped: ...`).
#[expect(clippy::print_stdout, reason = "a test report goes to the output that the test runner captures")]
pub(crate) fn report(line: &str) {
    println!("{line}");
}

//! `bench edit`: how long a person waits between an edit and the result of the tests next to it, on a warm build directory.

use std::fs::File;
use std::time::SystemTime;

use anyhow::{Context as _, Result};

use crate::environment::clock;
use crate::process;
use crate::terminal::say;
use crate::workspace::Workspace;

/// What is touched, and which crate's tests then run.
static EDITS: &[(&str, &str, &str)] = &[
    ("a handler of a room", "crates/api/prometheus/src/lib.rs", "gw-api-prometheus"),
    ("a decoder", "crates/formats/src/lib.rs", "gw-formats"),
    ("the query engine", "crates/engine/src/lib.rs", "gw-engine"),
];

/// Touches each file (its text stays) and times the tests of its crate.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    for (what, path, package) in EDITS {
        let test = || process::quiet(workspace.cargo().args(["test", "--quiet", "--package", package]));
        test()?;
        touch(workspace, path)?;
        let begun = clock();
        test()?;
        say(&format!("touch {what} ({path}), test {package}: {:.1} s", begun.elapsed().as_secs_f64()));
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the ban is for the product; cargo compares file times with the wall clock"
)]
fn touch(workspace: &Workspace, path: &str) -> Result<()> {
    let file = File::options().append(true).open(workspace.root.join(path));
    file.and_then(|file| file.set_modified(SystemTime::now())).with_context(|| format!("cannot touch {path}"))
}

//! `xtask ci`: what `.ci/run` calls. Cheap checks first, then lint, build and tests in one compile.

use anyhow::Result;

use crate::artifacts::Lint;
use crate::terminal::step;
use crate::workspace::Workspace;
use crate::{process, test, tidy};

/// Stops at the first step that fails; the seconds of each are printed.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    step("format", || process::run(workspace.cargo().args(["fmt", "--all", "--check"])))?;
    step("tidy", || tidy::run(workspace, &[]))?;
    let totals = test::all(workspace, &[], Lint::Yes)?;
    test::conclude(totals)
}

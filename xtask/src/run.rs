//! `xtask run`: builds everything, the web UI included, and becomes the product.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::terminal::step;
use crate::workspace::Workspace;
use crate::{process, ui};

/// Starts `gatewatch run` with the given flags, or another of its commands (`demo`, `check`, ...) when the first argument
/// is no flag.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    step("web UI", || ui::build(workspace))?;
    step("cargo build", || process::run(workspace.cargo().args(["build", "--package", "gatewatch"])))?;
    let product = workspace.built("debug", "gatewatch")?;
    let mut command = Command::new(&product);
    if arguments.first().is_none_or(|first| first.starts_with('-')) {
        command.arg("run");
    }
    // Becoming the product keeps signals and the terminal its own; exec returns only when it failed.
    Err(command.args(arguments).exec()).with_context(|| format!("cannot start {}", product.display()))
}

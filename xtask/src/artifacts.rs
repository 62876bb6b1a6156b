//! Compiles the workspace once and learns from cargo where the executables lie.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::environment::find_program;
use crate::process;
use crate::workspace::Workspace;

/// A test executable that cargo built.
pub(crate) struct Suite {
    /// The crate, with the target's name behind it where that differs (`gw-blackbox blackbox`).
    pub(crate) name: String,
    /// The crate's folder, in which cargo runs tests.
    pub(crate) folder: PathBuf,
    pub(crate) executable: PathBuf,
}

/// Whether clippy looks on while the workspace is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lint {
    No,
    Yes,
}

/// What a build left behind.
#[derive(Default)]
pub(crate) struct Built {
    /// The test executables, the black-box tests first.
    pub(crate) suites: Vec<Suite>,
    /// The product.
    pub(crate) product: Option<PathBuf>,
}

/// Builds all binaries and all tests of the workspace in one pass.
pub(crate) fn build(workspace: &Workspace, lint: Lint) -> Result<Built> {
    let mut command = workspace.cargo();
    command.args([
        "build",
        "--locked",
        "--workspace",
        "--bins",
        "--tests",
        "--keep-going",
        "--message-format=json-render-diagnostics",
    ]);
    if lint == Lint::Yes {
        command.env("RUSTC_WORKSPACE_WRAPPER", clippy_driver()?);
    }
    let done = command.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !done.status.success() {
        bail!("cargo build ended with {}", done.status);
    }
    let text = String::from_utf8(done.stdout).context("cargo printed bytes that are no text")?;
    let mut built = Built::default();
    for line in text.lines() {
        let message: Value =
            serde_json::from_str(line).with_context(|| format!("cannot read cargo's line {line:?}"))?;
        match suite(&message) {
            Some(suite) => built.suites.push(suite),
            None if message["target"]["name"] == "gatewatch" && message["executable"].is_string() => {
                built.product = message["executable"].as_str().map(PathBuf::from);
            }
            None => {}
        }
    }
    // The black-box tests take longer than all others together: everything else is done beside them.
    built.suites.sort_by_key(|suite| (!suite.name.contains("blackbox"), suite.name.clone()));
    Ok(built)
}

/// The lint driver that stands in for rustc, so that lint and build are one compile.
fn clippy_driver() -> Result<String> {
    if find_program("rustup").is_some() {
        return Ok(process::output(Command::new("rustup").args(["which", "clippy-driver"]))?.trim().to_owned());
    }
    let driver =
        find_program("clippy-driver").context("clippy-driver is not installed; rustup component add clippy")?;
    Ok(driver.to_string_lossy().into_owned())
}

fn suite(message: &Value) -> Option<Suite> {
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    let executable = PathBuf::from(message["executable"].as_str()?);
    let manifest = PathBuf::from(message["manifest_path"].as_str()?);
    let folder = manifest.parent()?.to_path_buf();
    let target = message["target"]["name"].as_str()?;
    let id = message["package_id"].as_str()?;
    let package = package_name(id, &folder);
    let name =
        if target.replace('-', "_") == package.replace('-', "_") { package } else { format!("{package} {target}") };
    Some(Suite { name, folder, executable })
}

/// The crate's name from cargo's package id: `path+file:///x/crates/base#gw-base@0.1.0`, or `...#0.1.0` where the folder
/// has the crate's name.
fn package_name(id: &str, folder: &std::path::Path) -> String {
    let fragment = id.rsplit_once('#').map_or(id, |(_, fragment)| fragment);
    match fragment.split_once('@') {
        Some((name, _)) => name.to_owned(),
        None => folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
    }
}

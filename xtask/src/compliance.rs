//! The compliance suite of remote-write receivers (`github.com/prometheus/compliance`), unmodified from the Go module proxy,
//! as a test program that is built once where a Go toolchain is at hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::environment::{cache_folder, find_program};
use crate::{process, terminal};

const MODULE: &str = "github.com/prometheus/compliance/remotewrite/receiver";
const VERSION: &str = "v0.0.0-20260806071727-67b8327a2e93";

/// The program, or `None` where it cannot be built; why is printed.
pub(crate) fn provide() -> Result<Option<PathBuf>> {
    let folder = cache_folder()?.join(format!("remote-write-receiver-{VERSION}"));
    let program = folder.join("receiver.test");
    if program.exists() {
        return Ok(Some(program));
    }
    if find_program("go").is_none() {
        terminal::say("no Go toolchain: the compliance suite of remote-write receivers is skipped");
        return Ok(None);
    }
    terminal::say(
        "building the compliance suite of remote-write receivers from the Go module proxy, once (about a minute)",
    );
    match build(&folder) {
        Ok(()) => Ok(Some(program)),
        Err(error) => {
            // Other people's servers and releases: their faults are reported, and are no faults of this project.
            terminal::say(&format!("it does not build here and is skipped: {error:#}"));
            Ok(None)
        }
    }
}

fn build(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).context("cannot remove what an earlier attempt left")?;
    }
    fs::create_dir_all(folder)?;
    let mut download = Command::new("go");
    download.current_dir(folder).args(["mod", "download", "-json", &format!("{MODULE}@{VERSION}")]);
    let answer: Value =
        serde_json::from_str(&process::output(&mut download)?).context("cannot read the answer of go mod download")?;
    let module = answer["Dir"].as_str().context("go mod download names no folder")?;
    // Go's cache is read-only, and a build writes beside the sources.
    let sources = folder.join("sources");
    process::quiet(Command::new("cp").args(["-r", "--no-preserve=mode", module]).arg(&sources))?;
    let program = folder.join("receiver.new");
    process::quiet(Command::new("go").current_dir(&sources).args(["test", "-c", "-o"]).arg(&program).arg("."))?;
    fs::remove_dir_all(&sources).context("cannot remove the copy of the sources")?;
    fs::rename(&program, folder.join("receiver.test")).context("cannot name the built program")
}

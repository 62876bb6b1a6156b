//! Programs of other projects, built once from the Go module proxy where a Go toolchain is at hand, and kept in the cache
//! folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::environment::{cache_folder, find_program};
use crate::{process, terminal};

/// Lines of a failed build that the reader is shown.
const SHOWN_LINES: usize = 5;

/// A program and how it is made.
pub(crate) struct Program {
    /// What it is called to the reader.
    pub(crate) title: &'static str,
    /// Its name and version: the folder inside the cache folder.
    pub(crate) folder: &'static str,
    /// The file, or the folder of files, that is there once it is built.
    pub(crate) product: &'static str,
    /// Minutes that the build takes on two cores.
    pub(crate) minutes: u32,
    /// Makes `product` under the second path, with the empty folder of the first to work in.
    pub(crate) build: fn(&Path, &Path) -> Result<()>,
}

impl Program {
    /// Where the product lies, or `None` where it cannot be built; why is printed.
    pub(crate) fn provide(&self) -> Result<Option<PathBuf>> {
        let folder = cache_folder()?.join(self.folder);
        let product = folder.join(self.product);
        if product.exists() {
            return Ok(Some(product));
        }
        if find_program("go").is_none() {
            terminal::say(&format!("no Go toolchain: the tests with {} are skipped", self.title));
            return Ok(None);
        }
        let Self { title, minutes, .. } = self;
        terminal::say(&format!("building {title} from the Go module proxy, once (about {minutes} min)"));
        match self.make(&folder, &product) {
            Ok(()) => Ok(Some(product)),
            Err(error) => {
                // Other people's servers and releases: their faults are reported, and are no faults of this project.
                let lines: Vec<String> = format!("{error:#}").lines().map(str::to_owned).collect();
                let end = lines.get(lines.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default().join("\n");
                terminal::say(&format!("{title} does not build here, its tests are skipped:\n{end}"));
                Ok(None)
            }
        }
    }

    fn make(&self, folder: &Path, product: &Path) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder).context("cannot remove what an earlier attempt left")?;
        }
        let work = folder.join("work");
        fs::create_dir_all(&work)?;
        let unfinished = work.join("product");
        (self.build)(&work, &unfinished)?;
        fs::rename(&unfinished, product).with_context(|| format!("cannot name {}", product.display()))?;
        fs::remove_dir_all(&work).context("cannot remove the sources of the build")
    }
}

/// Go, run in a folder. A workspace of the module's authors does not count, its other members are not in the archive.
fn command(folder: &Path) -> Command {
    // Cargo builds beside it and is waited for longer, so it goes first.
    let mut command = Command::new("nice");
    // The compiler is a Go program too: with a lazier collector it takes a seventh less of the processor.
    command.args(["-n", "19", "go"]).current_dir(folder).env("GOWORK", "off").env("GOGC", "400");
    command
}

/// `go WORDS` (`build`, or `test -c`) of the packages in `folder` that are named behind it. Made to be made soon: without
/// inlining, and without tables for debuggers, a build takes three quarters of the time. All programs are built with these
/// flags, so that what they share is compiled once. They answer tests; nothing is measured against them.
pub(crate) fn build(folder: &Path, words: &[&str]) -> Command {
    let mut command = command(folder);
    command.args(words).args(["-mod=mod", "-trimpath", "-gcflags=all=-l -dwarf=false"]);
    command
}

/// Brings `MODULE@VERSION` into Go's cache and answers where it lies there, read-only.
pub(crate) fn download(folder: &Path, module: &str) -> Result<PathBuf> {
    let text = process::output(command(folder).env("GOFLAGS", "-mod=mod").args(["mod", "download", "-json", module]))?;
    let answer: Value = serde_json::from_str(&text).context("cannot read the answer of go mod download")?;
    Ok(PathBuf::from(answer["Dir"].as_str().context("go mod download names no folder")?))
}

/// The same as a copy at `to`, which may be changed and built in.
pub(crate) fn download_copy(folder: &Path, module: &str, to: &Path) -> Result<()> {
    let sources = download(folder, module)?;
    process::quiet(Command::new("cp").args(["-r", "--no-preserve=mode"]).arg(sources).arg(to))
}

/// Removes the files that lie in a folder of such a copy, those of its folders and `kept` not.
pub(crate) fn remove_files(folder: &Path, kept: &str) -> Result<()> {
    for file in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = file?.path();
        if path.is_file() && path.file_name().is_none_or(|name| name != kept) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

//! `xtask bench`: the bars of the product, measured on a release binary. Prints figures; writes nothing into the repository.

mod edit;
mod load;
mod product;
mod queries;
mod smoke;
mod start;
mod target;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::terminal::step;
use crate::workspace::Workspace;
use crate::{process, ui};

/// `bench start`, `bench smoke [MINUTES]` or `bench edit`; `--binary FILE` measures that one instead of building a release.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let mut words = arguments.iter();
    let (mut name, mut minutes, mut binary) = (None, 10_u64, None);
    while let Some(word) = words.next() {
        if word == "--binary" {
            binary = Some(PathBuf::from(words.next().context("--binary needs a file")?));
        } else if name.is_none() {
            name = Some(word.as_str());
        } else {
            minutes = word.parse().with_context(|| format!("{word:?} is no number of minutes"))?;
        }
    }
    let measure: fn(&std::path::Path, u64) -> Result<()> = match name {
        Some("smoke") => smoke::run,
        Some("start") => |binary, _| start::run(binary),
        Some("edit") => return edit::run(workspace),
        _ => bail!(
            "say what to measure: `bench start`, `bench smoke [MINUTES]` or `bench edit`, with `--binary FILE` to skip the build"
        ),
    };
    let binary = match binary {
        Some(binary) => binary,
        None => step("release build", || release(workspace))?,
    };
    measure(&binary, minutes)
}

fn release(workspace: &Workspace) -> Result<PathBuf> {
    ui::build(workspace)?;
    process::run(workspace.cargo().args(["build", "--locked", "--release", "--package", "gatewatch"]))?;
    workspace.built("release", "gatewatch")
}

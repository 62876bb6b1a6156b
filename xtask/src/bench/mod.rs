//! `xtask bench`: the bars of the product, measured on a release binary. Prints figures; writes nothing into the repository.

mod cgroups;
mod death;
mod edit;
mod kill;
mod load;
mod million;
mod product;
mod queries;
mod series;
mod smoke;
mod start;
mod target;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::terminal::step;
use crate::workspace::Workspace;
use crate::{process, ui};

/// A measurement: its word, what it does, and the number that may follow.
struct Bench {
    name: &'static str,
    number: &'static str,
    default: u64,
    run: fn(&Path, u64) -> Result<()>,
}

static BENCHES: &[Bench] = &[
    Bench { name: "start", number: "", default: 0, run: |binary, _| start::run(binary) },
    Bench { name: "smoke", number: " [MINUTES]", default: 10, run: smoke::run },
    Bench { name: "million", number: " [MINUTES]", default: 15, run: million::run },
    Bench { name: "kill", number: " [ROUNDS]", default: 20, run: kill::run },
    Bench { name: "cgroups", number: " [PAGES]", default: 20, run: cgroups::run },
    Bench { name: "death", number: " [SECONDS]", default: 20, run: death::run },
];

/// One of the benches, or `bench edit`; `--binary FILE` measures that one instead of building a release.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let mut words = arguments.iter();
    let (mut name, mut number, mut binary) = (None, None, None);
    while let Some(word) = words.next() {
        if word == "--binary" {
            binary = Some(PathBuf::from(words.next().context("--binary needs a file")?));
        } else if name.is_none() {
            name = Some(word.as_str());
        } else {
            number = Some(word.parse().with_context(|| format!("{word:?} is no number"))?);
        }
    }
    if name == Some("edit") {
        return edit::run(workspace);
    }
    let Some(bench) = BENCHES.iter().find(|bench| Some(bench.name) == name) else {
        let known: Vec<String> =
            BENCHES.iter().map(|bench| format!("`bench {}{}`", bench.name, bench.number)).collect();
        bail!(
            "say what to measure: {} with `--binary FILE` to skip the build of a release, or `bench edit`",
            known.join(", ")
        );
    };
    let binary = match binary {
        Some(binary) => binary,
        None => step("release build", || release(workspace))?,
    };
    (bench.run)(&binary, number.unwrap_or(bench.default))
}

fn release(workspace: &Workspace) -> Result<PathBuf> {
    ui::build(workspace)?;
    process::run(workspace.cargo().args(["build", "--locked", "--release", "--package", "gatewatch"]))?;
    workspace.built("release", "gatewatch")
}

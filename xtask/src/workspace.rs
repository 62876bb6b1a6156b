//! The checkout this tool stands in, as `cargo metadata` describes it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process;

/// The folders of the workspace. Its crates are read from cargo on demand.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
}

/// A crate of the workspace.
pub(crate) struct Member {
    pub(crate) name: String,
    /// Root source files of its targets (`src/lib.rs`, `src/main.rs`).
    pub(crate) roots: Vec<PathBuf>,
    /// Direct normal and build dependencies; dev-dependencies are not part of the product.
    pub(crate) dependencies: Vec<String>,
    /// Direct dependencies of every kind that come from a registry.
    pub(crate) external: Vec<String>,
}

impl Workspace {
    /// The workspace that `cargo xtask` was called in. Clones share a build folder, so the tool may have been compiled in
    /// another one.
    pub(crate) fn open() -> Result<Self> {
        let own = crate::environment::variable("CARGO_MANIFEST_DIR");
        let own = Path::new(own.as_deref().unwrap_or(env!("CARGO_MANIFEST_DIR")));
        let root = own.parent().context("xtask lies in the workspace root")?.to_path_buf();
        Ok(Self { root })
    }

    /// A cargo command in the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(crate::environment::variable("CARGO").unwrap_or_else(|| "cargo".to_owned()));
        command.current_dir(&self.root);
        command
    }

    /// Where this tool keeps stamps and logs: inside `target/`, so that it goes when that goes.
    pub(crate) fn scratch(&self) -> Result<PathBuf> {
        let folder = self.root.join("target/xtask");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(folder)
    }

    /// A binary that cargo built.
    pub(crate) fn built(&self, profile: &str, name: &str) -> Result<PathBuf> {
        let target = self.metadata()?["target_directory"].as_str().map(PathBuf::from);
        Ok(target.context("cargo metadata names no target directory")?.join(profile).join(name))
    }

    fn metadata(&self) -> Result<Value> {
        let text = process::output(self.cargo().args(["metadata", "--format-version=1", "--no-deps", "--offline"]))?;
        serde_json::from_str(&text).context("cannot read the answer of cargo metadata")
    }

    /// The crates, by name.
    pub(crate) fn members(&self) -> Result<Vec<Member>> {
        let metadata = self.metadata()?;
        let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
        let mut members = packages.iter().map(member).collect::<Result<Vec<_>>>()?;
        members.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(members)
    }
}

fn member(package: &Value) -> Result<Member> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("cargo metadata lacks a name or path");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut member =
        Member { name: text(&package["name"])?, roots: Vec::new(), dependencies: Vec::new(), external: Vec::new() };
    for target in list(&package["targets"]) {
        member.roots.push(PathBuf::from(text(&target["src_path"])?));
    }
    for dependency in list(&package["dependencies"]) {
        let name = text(&dependency["name"])?;
        if dependency["source"].is_string() {
            member.external.push(name.clone());
        }
        if dependency["kind"].as_str() != Some("dev") {
            member.dependencies.push(name);
        }
    }
    Ok(member)
}

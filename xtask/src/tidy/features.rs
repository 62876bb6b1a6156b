//! The product and its tests must be built from the same dependencies.
//!
//! Cargo unites the features of everything it builds at once. A test-only dependency that switches a feature on in a package
//! deep below DataFusion makes `xtask run` and `xtask test` compile DataFusion once each: ten minutes on a small machine.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Findings;
use crate::process;
use crate::workspace::Workspace;

/// Compares the features of every package that the binary is made of with those it has when everything is built.
pub(super) fn check(workspace: &Workspace, findings: &mut Findings) -> Result<()> {
    let product = features(workspace, &["--package", "gatewatch", "--edges", "normal,build"])?;
    let everything = features(workspace, &["--workspace", "--edges", "normal,build,dev"])?;
    for (package, features) in &product {
        match everything.get(package) {
            Some(other) if other == features => {}
            Some(other) => findings.fault(format!(
                "{package} is built twice: with [{features}] for the product, with [{other}] for the tests; give both the same features"
            )),
            None => findings.fault(format!("{package} is in the product and not in the workspace")),
        }
    }
    Ok(())
}

/// Features by package and version, of everything below the selection that comes from a registry.
fn features(workspace: &Workspace, selection: &[&str]) -> Result<BTreeMap<String, String>> {
    let mut command = workspace.cargo();
    command.args(["tree", "--locked", "--prefix", "none", "--format", "{p}|{f}"]).args(selection);
    let text = process::output(&mut command)?;
    let mut found = BTreeMap::<String, String>::new();
    for line in text.lines().filter(|line| !line.contains("(/")) {
        let Some((package, features)) = line.split_once('|') else { continue };
        let features = features.trim_end_matches(" (*)");
        // A package may appear as a build dependency with fewer features, too: the fullest set is what is compared.
        let known = found.entry(package.replace(" (proc-macro)", "")).or_default();
        if features.len() > known.len() {
            features.clone_into(known);
        }
    }
    Ok(found)
}

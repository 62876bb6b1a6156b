//! Documents that must follow the code: the code map, the list of dependencies, the changelog.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::Findings;
use crate::workspace::{Member, Workspace};

/// Checks that each crate is in the code map and each direct external dependency has its reason written down.
pub(super) fn check(workspace: &Workspace, members: &[Member], findings: &mut Findings) -> Result<()> {
    let map = read(&workspace.root.join("ARCHITECTURE.md"), findings);
    for member in members.iter().filter(|member| !map.contains(&format!("`{}`", member.name))) {
        findings.fault(format!("ARCHITECTURE.md: the code map lacks `{}`", member.name));
    }
    for name in backticked(&map).filter(|name| name.starts_with("gw-") && !name.contains(['*', ' '])) {
        if !members.iter().any(|member| member.name == name) {
            findings.fault(format!("ARCHITECTURE.md names `{name}`, which is no crate of the workspace"));
        }
    }
    dependencies(workspace, members, findings);
    let changelog = read(&workspace.root.join("CHANGELOG.md"), findings);
    if !changelog.contains("## [Unreleased]") {
        findings.fault("CHANGELOG.md lacks the section `## [Unreleased]`".to_owned());
    }
    Ok(())
}

fn dependencies(workspace: &Workspace, members: &[Member], findings: &mut Findings) {
    let reasons = read(&workspace.root.join("docs/adr/dependencies.md"), findings);
    let used: BTreeSet<&str> = members.iter().flat_map(|member| &member.external).map(String::as_str).collect();
    for name in used.iter().filter(|name| !reasons.contains(&format!("`{name}`"))) {
        findings.fault(format!("docs/adr/dependencies.md lacks a line for `{name}`"));
    }
    let kept = reasons.split_once("\n## Refused").map_or(reasons.as_str(), |(kept, _)| kept);
    let rows = kept.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    for (name, _) in rows.filter(|(name, _)| !used.contains(name)) {
        findings.fault(format!("docs/adr/dependencies.md explains `{name}`, which nobody uses: remove the row"));
    }
}

fn backticked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn read(path: &Path, findings: &mut Findings) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| {
        findings.fault(format!("cannot read {}: {error}", path.display()));
        String::new()
    })
}

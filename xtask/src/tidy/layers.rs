//! Which crate may depend on which: `layers.toml` against `cargo metadata`.

use anyhow::Result;

use super::Findings;
use super::rules::{self, Sections, matches};
use crate::workspace::{Member, Workspace};

/// Checks arrows between our crates, banned and reserved external crates, and that the exceptions are still needed.
pub(super) fn check(workspace: &Workspace, members: &[Member], findings: &mut Findings) -> Result<()> {
    let rules = rules::read(&workspace.root.join("layers.toml"))?;
    for member in members {
        arrows(&rules, members, member, findings);
        reserved(&rules, member, findings);
    }
    stale_exceptions(&rules, members, findings);
    Ok(())
}

/// A crate may depend on crates of a lower layer, and on those of its own that are named in `beside`.
fn arrows(rules: &Sections, members: &[Member], member: &Member, findings: &mut Findings) {
    if outside(rules, &member.name) {
        return;
    }
    let Some(own) = layer(rules, &member.name) else {
        findings.fault(format!("{} is in no layer of layers.toml", member.name));
        return;
    };
    for dependency in &member.dependencies {
        if !members.iter().any(|other| other.name == *dependency) {
            continue;
        }
        let allowed = match layer(rules, dependency) {
            Some(theirs) if theirs < own => true,
            Some(theirs) => theirs == own && listed(rules, "beside", &member.name, dependency),
            None => false,
        };
        if !allowed && !excepted(rules, &member.name, dependency) {
            findings.fault(format!("{} must not depend on {dependency}: not in a lower layer", member.name));
        }
    }
}

/// `never` bans a dependency from a crate; `only` reserves a dependency for some crates.
fn reserved(rules: &Sections, member: &Member, findings: &mut Findings) {
    for dependency in &member.dependencies {
        if listed(rules, "never", &member.name, dependency) && member.name != *dependency {
            findings.fault(format!("{} must never depend on {dependency} (layers.toml, never)", member.name));
        }
        let owners = section(rules, "only").iter().find(|(name, _)| matches(name, dependency));
        if let Some((_, owners)) = owners
            && !outside(rules, &member.name)
            && !owners.iter().any(|owner| matches(owner, &member.name))
        {
            findings.fault(format!("{} depends on {dependency}, which is for {} only", member.name, owners.join(", ")));
        }
    }
}

fn stale_exceptions(rules: &Sections, members: &[Member], findings: &mut Findings) {
    for (from, to) in exceptions(rules) {
        let needed =
            members.iter().any(|member| member.name == from && member.dependencies.iter().any(|name| *name == to));
        if !needed {
            findings
                .fault(format!("layers.toml grants {from} -> {to}, which is not there any more: remove the exception"));
        }
    }
}

fn exceptions(rules: &Sections) -> impl Iterator<Item = (&str, &str)> {
    rules.iter().filter(|(name, _)| name.starts_with("grandfathered.")).filter_map(|(_, entries)| {
        let find = |key: &str| entries.iter().find(|(name, _)| name == key)?.1.first().map(String::as_str);
        Some((find("from")?, find("to")?))
    })
}

fn excepted(rules: &Sections, from: &str, to: &str) -> bool {
    exceptions(rules).any(|pair| pair == (from, to))
}

fn layer(rules: &Sections, name: &str) -> Option<u32> {
    let entries = section(rules, "layer");
    let (number, _) = entries.iter().find(|(_, names)| names.iter().any(|pattern| matches(pattern, name)))?;
    number.parse().ok()
}

fn outside(rules: &Sections, name: &str) -> bool {
    section(rules, "outside").iter().any(|(_, names)| names.iter().any(|pattern| matches(pattern, name)))
}

fn listed(rules: &Sections, part: &str, from: &str, to: &str) -> bool {
    let mut entries = section(rules, part).iter().filter(|(name, _)| matches(name, from));
    entries.any(|(_, names)| names.iter().any(|pattern| matches(pattern, to)))
}

fn section<'rules>(rules: &'rules Sections, name: &str) -> &'rules [(String, Vec<String>)] {
    rules.get(name).map_or(&[], Vec::as_slice)
}

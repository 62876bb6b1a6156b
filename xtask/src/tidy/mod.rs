//! `xtask tidy`: the house rules that a machine can check, each from data in the repository.
//!
//! Every rule returns its findings instead of stopping at the first, so that one run shows all of them.

mod documents;
mod features;
mod layers;
mod lockfile;
mod rules;
mod sources;

use anyhow::{Result, bail};

use crate::terminal::say;
use crate::workspace::Workspace;

/// What a rule found: faults fail the run, remarks are printed only.
#[derive(Default)]
struct Findings {
    faults: Vec<String>,
    remarks: Vec<String>,
}

impl Findings {
    fn fault(&mut self, text: String) {
        self.faults.push(text);
    }

    fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }
}

/// Checks all rules.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let members = workspace.members()?;
    let mut findings = Findings::default();
    layers::check(workspace, &members, &mut findings)?;
    lockfile::check(workspace, &mut findings)?;
    features::check(workspace, &mut findings)?;
    sources::check(workspace, &members, &mut findings)?;
    documents::check(workspace, &members, &mut findings)?;
    findings.remarks.iter().for_each(|remark| say(&format!("remark: {remark}")));
    findings.faults.iter().for_each(|fault| say(&format!("fault: {fault}")));
    say(&format!(
        "tidy: {} crates, {} faults, {} remarks",
        members.len(),
        findings.faults.len(),
        findings.remarks.len()
    ));
    if !findings.faults.is_empty() {
        bail!("{} house rules are broken", findings.faults.len());
    }
    Ok(())
}

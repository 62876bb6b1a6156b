//! Source files: each says what it is, none grows without end, and some words never appear.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::Findings;
use crate::digest::files;
use crate::workspace::{Member, Workspace};

/// A file of this many lines probably holds two ideas.
const LINES_REMARK: usize = 700;
/// A file of this many lines certainly does.
const LINES_FAULT: usize = 1000;
/// A golden file that nobody reads proves nothing.
const GOLDEN_LINES_REMARK: usize = 200;

/// Text that no source or document may hold, and why. Each is split so that this list does not find itself.
static FORBIDDEN: &[(&[&str], &str)] = &[
    (&["This function ", "is responsible"], "narration: say why, not what"),
    (&["This method ", "is responsible"], "narration: say why, not what"),
    (&["TO", "DO:"], "unfinished: finish it or file an issue"),
    (&["FIX", "ME"], "unfinished: finish it or file an issue"),
    (&["todo", "!("], "unfinished: finish it or file an issue"),
    (&["/root", "/"], "a path of one machine"),
    (&["/work", "/main"], "a path of one machine"),
    (&["/work", "/shared"], "a path of one machine"),
    (&["#![allow", "("], "use #[expect(lint, reason)] at the place that needs it"),
    (&["#[ig", "nore"], "a test that does not run is no test"),
    (&["serde(un", "tagged"], "an untagged enum cannot say what was wrong"),
];

/// Names that say nothing about what they hold.
static EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager", "core"];

/// Checks Rust and TypeScript sources, documents and goldens.
pub(super) fn check(workspace: &Workspace, members: &[Member], findings: &mut Findings) -> Result<()> {
    for member in members {
        for root in &member.roots {
            let text = read(root)?;
            if !text.starts_with("//!") {
                findings.fault(format!("{} does not open with `//!`: what the crate is", show(workspace, root)));
            }
        }
        if EMPTY_NAMES.iter().any(|name| member.name.split('-').any(|part| part == *name)) {
            findings.fault(format!("{}: the name says nothing", member.name));
        }
    }
    for folder in ["crates", "tests", "xtask", "ui", "docs", "benches"] {
        for path in files(&workspace.root.join(folder))? {
            check_file(workspace, &path, findings)?;
        }
    }
    Ok(())
}

fn check_file(workspace: &Workspace, path: &Path, findings: &mut Findings) -> Result<()> {
    let extension = path.extension().and_then(|text| text.to_str()).unwrap_or_default();
    let name = show(workspace, path);
    if extension == "golden" && read(path)?.lines().count() > GOLDEN_LINES_REMARK {
        findings.remark(format!("{name} has more than {GOLDEN_LINES_REMARK} lines: who reads it?"));
    }
    if !matches!(extension, "rs" | "ts" | "tsx" | "mjs" | "css" | "md" | "sql" | "py") {
        return Ok(());
    }
    let text = read(path)?;
    for (parts, why) in FORBIDDEN {
        let word = parts.concat();
        if let Some(line) = text.lines().position(|line| line.contains(&word)) {
            findings.fault(format!("{name}:{}: {word:?}: {why}", line + 1));
        }
    }
    if matches!(extension, "rs" | "ts" | "tsx") {
        check_code(&name, &text, findings);
    }
    if extension == "rs" {
        check_rust(&name, path, &text, findings);
    }
    Ok(())
}

fn check_code(name: &str, text: &str, findings: &mut Findings) {
    let lines = text.lines().count();
    if lines > LINES_FAULT {
        findings.fault(format!("{name} has {lines} lines, more than {LINES_FAULT}: split it by idea"));
    } else if lines > LINES_REMARK {
        findings.remark(format!("{name} has {lines} lines: more than one idea?"));
    }
}

fn check_rust(name: &str, path: &Path, text: &str, findings: &mut Findings) {
    if !text.starts_with("//!") {
        findings.fault(format!("{name} does not open with `//!`: what it is, why it exists, what it does not do"));
    }
    let stem = path.file_stem().and_then(|text| text.to_str()).unwrap_or_default();
    if EMPTY_NAMES.contains(&stem) {
        findings.fault(format!("{name}: the name says nothing"));
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn show(workspace: &Workspace, path: &Path) -> String {
    path.strip_prefix(&workspace.root).unwrap_or(path).display().to_string()
}

//! The weight of what we import: the number of locked packages, and the ones that may never come in.

use anyhow::{Context as _, Result};

use super::Findings;
use crate::workspace::Workspace;

/// More packages than this cost every clean build and every audit.
const PACKAGES_MAX: usize = 450;

/// Packages that would need OpenSSL, cmake or protoc on the machine that builds.
static BANNED: &[&str] = &[
    "openssl",
    "openssl-sys",
    "native-tls",
    "aws-lc-rs",
    "aws-lc-sys",
    "cmake",
    "protoc",
    "protobuf-src",
    "prost-build",
];

/// Crates that must be there once, in the version that the pinned set shares.
static SINGLE: &[&str] = &["arrow-array", "parquet", "object_store", "datafusion-common", "prost", "reqwest", "axum"];

/// Checks `Cargo.lock`.
pub(super) fn check(workspace: &Workspace, findings: &mut Findings) -> Result<()> {
    let text = std::fs::read_to_string(workspace.root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    if names.len() > PACKAGES_MAX {
        findings.fault(format!("Cargo.lock holds {} packages, more than {PACKAGES_MAX}", names.len()));
    }
    for name in names.iter().filter(|name| BANNED.contains(name)) {
        findings.fault(format!("Cargo.lock holds {name}, which needs a foreign build tool"));
    }
    for single in SINGLE {
        let count = names.iter().filter(|name| *name == single).count();
        if count > 1 {
            findings
                .fault(format!("Cargo.lock holds {count} versions of {single}: it would be compiled and linked twice"));
        }
    }
    crate::terminal::say(&format!("Cargo.lock: {} packages of at most {PACKAGES_MAX}", names.len()));
    Ok(())
}

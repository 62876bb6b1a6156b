//! Finds upstream test data, which is read in place and never copied into the repository.

use std::path::{Path, PathBuf};

use crate::environment::{conformance_folder, package, report, under_ci};

/// The folder of `path` (`metrics/promqltest`, `logs`) inside the conformance data, or `None` where the data is absent;
/// the caller then returns, and the skip is printed.
///
/// The data lies in `$GW_CONFORMANCE`, by default in `../shared/conformance` beside the checkout.
///
/// # Panics
/// Under `CI=true` when the data is absent: there a skipped suite would pass for a green one.
#[must_use]
pub fn conformance(path: &str) -> Option<PathBuf> {
    let found = root().join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(!under_ci(), "conformance data is absent: {}; set GW_CONFORMANCE to its folder", found.display());
    report(&format!("skipped: no conformance data at {}", found.display()));
    None
}

fn root() -> PathBuf {
    conformance_folder().unwrap_or_else(|| {
        let package = package();
        let workspace = package.ancestors().find(|folder| folder.join("Cargo.lock").exists());
        workspace.unwrap_or(Path::new(".")).join("../shared/conformance")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_area_is_absent() {
        if !under_ci() {
            assert_eq!(conformance("no-such-area"), None);
        }
    }
}

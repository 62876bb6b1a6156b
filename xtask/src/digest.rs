//! Content hashes of folders, and stamps that remember the hash of the last successful step.
//!
//! Contents, not modification times: a fresh clone, a copy and a branch switch then repeat no work that is done.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Hashes names and contents of all files below the given paths, in a fixed order. Absent paths count as empty.
pub(crate) fn digest(paths: &[PathBuf]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        for file in files(path)? {
            file.hash(&mut hasher);
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// All files below a path (or the file itself), sorted, without folders of build output.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![path.to_path_buf()];
    while let Some(path) = waiting.pop() {
        if path.is_file() {
            found.push(path);
        } else if path.is_dir() && !is_output(&path) {
            let entries = fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))?;
            for entry in entries {
                waiting.push(entry?.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_output(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    matches!(name, "target" | "node_modules" | "dist" | ".git")
}

/// Does `work` unless the last time it succeeded was with the same digest and `product` is still there.
/// Returns whether the work was done.
pub(crate) fn unless_stamped(
    stamp: &Path,
    digest: &str,
    product: &Path,
    work: impl FnOnce() -> Result<()>,
) -> Result<bool> {
    if product.exists() && fs::read_to_string(stamp).is_ok_and(|last| last == digest) {
        return Ok(false);
    }
    work()?;
    fs::write(stamp, digest).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(true)
}

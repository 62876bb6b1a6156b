//! Paths in a file are relative to that file.

use std::path::Path;

/// A path as seen from here.
pub(crate) fn resolve(base: &Path, path: &str) -> String {
    match path {
        "" => String::new(),
        path => base.join(path).display().to_string(),
    }
}

/// Resolves a path that may not be given.
pub(crate) fn resolve_given(base: &Path, path: &mut Option<String>) {
    if let Some(path) = path {
        *path = resolve(base, path);
    }
}

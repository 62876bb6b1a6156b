//! Targets in files (`file_sd_configs`): JSON or YAML lists of groups, read again when a file's time or size changes.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::StaticConfig;

use super::targets::Group;

/// Largest file read.
const MAX_BYTES: u64 = 32 << 20;

/// Files that have been read, by path.
#[derive(Debug, Default)]
pub(crate) struct FileCache {
    files: BTreeMap<PathBuf, Read>,
}

#[derive(Debug)]
struct Read {
    stamp: (Option<SystemTime>, u64),
    groups: Vec<Group>,
}

impl FileCache {
    /// The groups of all files that match the patterns, and whether any differs from the last call.
    ///
    /// A file that cannot be read or parsed keeps its last good groups, as in Prometheus.
    pub(crate) fn refresh(&mut self, patterns: &[&str]) -> bool {
        let mut changed = false;
        let mut found = Vec::new();
        for path in patterns.iter().flat_map(|pattern| matching(pattern)) {
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            changed |= self.look_at(&path, &metadata);
            found.push(path);
        }
        let before = self.files.len();
        self.files.retain(|path, _| found.contains(path));
        changed || self.files.len() != before
    }

    /// The groups of the files that match one pattern.
    pub(crate) fn groups<'a>(&'a self, pattern: &str) -> impl Iterator<Item = &'a Group> {
        matching(pattern).into_iter().filter_map(|path| self.files.get(&path)).flat_map(|read| &read.groups)
    }

    fn look_at(&mut self, path: &Path, metadata: &Metadata) -> bool {
        let stamp = (metadata.modified().ok(), metadata.len());
        if self.files.get(path).is_some_and(|read| read.stamp == stamp) {
            return false;
        }
        match read(path, metadata.len()) {
            Ok(groups) => {
                self.files.insert(path.to_owned(), Read { stamp, groups });
                true
            }
            Err(message) => {
                tracing::error!(path = %path.display(), message, "target file cannot be used, its last targets stay");
                if let Some(read) = self.files.get_mut(path) {
                    read.stamp = stamp;
                } else {
                    self.files.insert(path.to_owned(), Read { stamp, groups: Vec::new() });
                }
                false
            }
        }
    }
}

fn matching(pattern: &str) -> Vec<PathBuf> {
    glob::glob(pattern).map(|paths| paths.filter_map(Result::ok).collect()).unwrap_or_default()
}

fn read(path: &Path, size: u64) -> Result<Vec<Group>, String> {
    if size > MAX_BYTES {
        return Err(format!("{size} bytes are more than the {MAX_BYTES} that are read"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let name = path.display().to_string();
    let configs: Vec<StaticConfig> = match path.extension().is_some_and(|ending| ending == "json") {
        true => serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?,
        false => gw_config::yaml(&name, &text).map_err(|error| error.to_string())?,
    };
    let group = |config: StaticConfig| {
        let mut labels = config.labels;
        labels.insert("__meta_filepath".to_owned(), name.clone());
        Group { addresses: config.targets, labels }
    };
    Ok(configs.into_iter().map(group).collect())
}

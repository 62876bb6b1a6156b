//! `textfile`: metrics that others have written into files.
//!
//! A file is parsed when it has changed; while none has, all that was told is told again. A file that cannot be read, that
//! does not parse or that has timestamps is left out as a whole and counted as an error, as upstream does.

use std::fs::Metadata;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use gw_base::{Map, Timestamp};

use super::HostSource;
use super::textfile_families::{Parsed, ParsedFamily, parse};
use crate::host::config::{Compat, HostConfig};
use crate::host::section::{Described, Part, Section};
use crate::host::system::{Failure, System};

/// Largest file read.
const MAX_BYTES: u64 = 64 << 20;
/// A file that was written so recently may be written again without looking changed.
const SETTLED_NANOS: i64 = 2_000_000_000;

/// What tells whether a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    seconds: i64,
    nanos: i64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            seconds: metadata.mtime(),
            nanos: metadata.mtime_nsec(),
        }
    }

    fn is_settled(&self, now: Timestamp) -> bool {
        let written = self.seconds.saturating_mul(1_000_000_000).saturating_add(self.nanos);
        now.nanos().saturating_sub(written) > SETTLED_NANOS
    }
}

/// A file as it was read the last time.
struct Known {
    path: PathBuf,
    stamp: Option<Stamp>,
    parsed: Parsed,
}

struct TextFile {
    patterns: Vec<String>,
    files: Vec<Known>,
    /// Whether a folder could not be read the last time.
    had_error: bool,
    has_told: bool,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let patterns = config.all("textfile.directory").iter().filter(|path| !path.is_empty()).cloned().collect();
    Ok(Box::new(TextFile { patterns, files: Vec::new(), had_error: false, has_told: false }))
}

impl HostSource for TextFile {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let (paths, mut error) = self.list();
        let mut is_changed = !self.has_told || paths.len() != self.files.len();
        let mut before: Vec<Known> = std::mem::take(&mut self.files);
        for path in paths {
            let stamp = std::fs::metadata(&path).ok().map(|metadata| Stamp::of(&metadata));
            let known = before.iter().position(|known| {
                known.path == path && known.stamp == stamp && stamp.is_some_and(|stamp| stamp.is_settled(system.now))
            });
            if let Some(at) = known {
                self.files.push(before.swap_remove(at));
                continue;
            }
            is_changed = true;
            let (stamp, parsed) = read_file(&path);
            if let Err(message) = &parsed {
                tracing::debug!(file = %path.display(), message, "failed to collect textfile data");
            }
            self.files.push(Known { path, stamp, parsed });
        }
        if !is_changed && error == self.had_error {
            out.repeat();
            return Ok(());
        }
        (self.had_error, self.has_told) = (error, true);
        error |= tell(system.compat, out, &self.files);
        out.put("node_textfile_scrape_error", &[], f64::from(u8::from(error)));
        Ok(())
    }
}

impl TextFile {
    /// Files in the folders that the patterns name, folder by folder, and whether a folder could not be read.
    fn list(&self) -> (Vec<PathBuf>, bool) {
        let (mut paths, mut error) = (Vec::new(), false);
        for pattern in &self.patterns {
            let matches = glob::glob(pattern).map(|found| found.flatten().collect::<Vec<_>>()).unwrap_or_default();
            let folders = if matches.is_empty() { vec![PathBuf::from(pattern)] } else { matches };
            for folder in folders {
                match std::fs::read_dir(&folder) {
                    Ok(entries) => {
                        let mut found: Vec<PathBuf> = entries
                            .flatten()
                            .filter(|entry| entry.file_name().as_encoded_bytes().ends_with(b".prom"))
                            .map(|entry| folder.join(entry.file_name()))
                            .collect();
                        found.sort_unstable();
                        paths.append(&mut found);
                    }
                    Err(_) => error = true,
                }
            }
        }
        (paths, error)
    }
}

/// Opens without waiting: a FIFO would wait for its writer, and is no file to be read.
fn read_file(path: &Path) -> (Option<Stamp>, Parsed) {
    let opened =
        std::fs::OpenOptions::new().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) => return (None, Err(error.to_string())),
    };
    let metadata = match file.metadata() {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return (None, Err("not a regular file".to_owned())),
        Err(error) => return (None, Err(error.to_string())),
    };
    let mut bytes = Vec::new();
    match file.take(MAX_BYTES).read_to_end(&mut bytes) {
        Ok(_) => (Some(Stamp::of(&metadata)), parse(&bytes)),
        Err(error) => (None, Err(error.to_string())),
    }
}

/// Tells all files; returns whether any had an error.
fn tell(compat: Compat, out: &mut Section, files: &[Known]) -> bool {
    let mut error = files.iter().any(|file| file.parsed.is_err());
    let mut helps: Map<&str, &str> = Map::default();
    let mut sources: Map<&str, Vec<String>> = Map::default();
    let mut families: Vec<&ParsedFamily> = Vec::new();
    for file in files {
        let Ok(parsed) = &file.parsed else { continue };
        let label = file.path.display().to_string();
        for family in parsed {
            if let Some(help) = &family.help {
                match helps.get(family.name.as_str()) {
                    // Wire: the first help counts, and what came with another is left out. Upstream calls it an error
                    // since 1.8.
                    Some(known) if *known != help => {
                        error |= compat >= Compat::V1_8;
                        continue;
                    }
                    Some(_) => {}
                    None => drop(helps.insert(&family.name, help)),
                }
            }
            sources.entry(&family.name).or_default().push(label.clone());
            families.push(family);
        }
        if let Some(stamp) = file.stamp {
            let seconds = stamp.seconds as f64 + stamp.nanos as f64 / 1e9;
            out.put("node_textfile_mtime_seconds", &[("file", &label)], seconds);
        }
    }
    for family in families {
        let help = match helps.get(family.name.as_str()) {
            Some(help) => (*help).to_owned(),
            None => {
                let files = sources.get(family.name.as_str()).map(|files| files.join(", ")).unwrap_or_default();
                format!("Metric read from {files}")
            }
        };
        for sample in &family.samples {
            let labels: Vec<(&str, &str)> =
                sample.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let part = Part { suffix: sample.suffix, rank: sample.rank };
            let described = Described { kind: family.kind, help: format_args!("{help}") };
            out.tell((format_args!("{}", family.name), part), Some(described), &labels, sample.value);
        }
    }
    error
}

//! Files of procfs, sysfs and udev under roots that can be moved, for containers and for tests.

use std::path::{Path, PathBuf};

use super::config::HostConfig;

/// Largest file read; procfs and sysfs files are far smaller.
const MAX_BYTES: u64 = 16 << 20;

/// Where the kernel's files are.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    procfs: PathBuf,
    sysfs: PathBuf,
    rootfs: PathBuf,
    udev: PathBuf,
}

impl Roots {
    pub(crate) fn new(config: &HostConfig) -> Self {
        Self {
            procfs: config.procfs.clone().into(),
            sysfs: config.sysfs.clone().into(),
            rootfs: config.rootfs.clone().into(),
            udev: config.udev_data.clone().into(),
        }
    }

    /// A file of procfs as text.
    pub(crate) fn proc(&self, path: &str) -> Result<String, String> {
        read(&self.procfs.join(path))
    }

    /// A small file of sysfs, without its line end.
    pub(crate) fn sys(&self, path: &str) -> Result<String, String> {
        read(&self.sysfs.join(path)).map(|text| text.trim_end().to_owned())
    }

    /// Names in a folder of sysfs, sorted; empty when it is not there.
    pub(crate) fn sys_names(&self, path: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.sysfs.join(path)) else { return Vec::new() };
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort_unstable();
        names
    }

    /// What udev knows of a block device, as its `E:` lines.
    pub(crate) fn udev(&self, major: &str, minor: &str) -> Vec<(String, String)> {
        let Ok(text) = read(&self.udev.join(format!("b{major}:{minor}"))) else { return Vec::new() };
        let pair = |line: &str| line.strip_prefix("E:")?.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
        text.lines().filter_map(pair).collect()
    }

    /// A path of the reported root filesystem, as this process sees it.
    pub(crate) fn under_root(&self, path: &str) -> PathBuf {
        self.rootfs.join(path.trim_start_matches('/'))
    }

    /// A mount point as the reported machine sees it.
    pub(crate) fn without_root<'a>(&self, path: &'a str) -> &'a str {
        let root = self.rootfs.to_str().unwrap_or("/").trim_end_matches('/');
        if root.is_empty() {
            return path;
        }
        match path.strip_prefix(root) {
            Some("") => "/",
            Some(rest) if rest.starts_with('/') => rest,
            _ => path,
        }
    }
}

/// Reads a file whose size the kernel does not tell; what is not UTF-8 is replaced.
fn read(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let mut bytes = Vec::with_capacity(4096);
    let file = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// A number at the start of a kernel file's field.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_not_a_number: std::num::ParseFloatError| format!("\"{text:.40}\" is not a number"))
}

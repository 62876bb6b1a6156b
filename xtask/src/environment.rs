//! The outside world of the tool: environment variables, the clock, who runs it, which programs are there.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};

/// The value of an environment variable, `None` when unset or empty.
#[expect(clippy::disallowed_methods, reason = "the ban is for the product, which reads its environment in gw-config")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Now, on the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "the ban is for the product, which takes its time from World")]
pub(crate) fn clock() -> Instant {
    Instant::now()
}

/// Lets the machine work for a moment, between two polls of something that another process does.
#[expect(clippy::disallowed_methods, reason = "the ban is for the product; this waits for another process")]
pub(crate) fn pause(duration: std::time::Duration) {
    std::thread::sleep(duration);
}

/// Whether this is continuous integration (`CI=true`), where what is missing is a failure.
pub(crate) fn under_ci() -> bool {
    variable("CI").is_some_and(|value| value == "true")
}

/// Whether the tool runs as root, who may install packages.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Where a program is, looked for in `PATH` and in the folders of daemons that an ordinary user's `PATH` lacks.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The folder that all checkouts of one user share: the Python clients, the built gateway, the stable source copy of CI.
pub(crate) fn cache_folder() -> Result<PathBuf> {
    let folder = match variable("GATEWATCH_CACHE") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(variable("HOME").context("HOME is not set; set GATEWATCH_CACHE to a writable folder")?)
            .join(".cache/gatewatch"),
    };
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

//! Installed packages of rpm (Red Hat, Rocky, SUSE), as its own program lists them: its database is binary and has another
//! form in each generation.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::SystemTime;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

/// The database below the root, the present forms first.
const DATABASES: [&str; 5] = [
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/Packages.db",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/Packages",
];
/// A line for each package.
const FORMAT: &str = "%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n";
/// Longest list that is read.
const MAX_BYTES: u64 = 32 << 20;

/// The database as it was listed last.
#[derive(Debug, Default)]
pub(super) struct RpmDatabase {
    seen: Option<(PathBuf, u64, SystemTime)>,
    /// Whether it has been said that it cannot be listed.
    has_complained: bool,
}

impl RpmDatabase {
    /// Versions by package, where there is a database that has changed.
    pub(super) async fn read(&mut self, root: &Path) -> Option<BTreeMap<String, String>> {
        let seen = find(root).await.filter(|seen| self.seen.as_ref() != Some(seen))?;
        match list(&seen.0).await {
            Ok(text) => {
                (self.seen, self.has_complained) = (Some(seen), false);
                Some(parse(&text))
            }
            Err(error) => {
                if !std::mem::replace(&mut self.has_complained, true) {
                    tracing::warn!(%error, database = %seen.0.display(), "packages are not told: rpm does not list them");
                }
                None
            }
        }
    }
}

async fn find(root: &Path) -> Option<(PathBuf, u64, SystemTime)> {
    for name in DATABASES {
        let path = root.join(name);
        if let Ok(file) = tokio::fs::metadata(&path).await {
            return Some((path, file.len(), file.modified().ok()?));
        }
    }
    None
}

async fn list(database: &Path) -> io::Result<String> {
    let folder = database.parent().unwrap_or(database);
    let mut rpm = Command::new("rpm")
        .arg("--dbpath")
        .arg(folder)
        .args(["-qa", "--queryformat", FORMAT])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut text = Vec::new();
    if let Some(output) = rpm.stdout.take() {
        output.take(MAX_BYTES).read_to_end(&mut text).await?;
    }
    let status = rpm.wait().await?;
    if !status.success() {
        return Err(io::Error::other(format!("rpm ended with {status}")));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Of several versions of a package, as of the kernel, the last one listed is told. Keys are listed like packages and are
/// none.
fn parse(text: &str) -> BTreeMap<String, String> {
    let package = |line: &str| line.split_once(' ').map(|(name, version)| (name.to_owned(), version.to_owned()));
    text.lines().filter_map(package).filter(|(name, _)| name != "gpg-pubkey").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_versions_by_package() {
        let found = parse("bash 5.1.8-9.el9\ngpg-pubkey 3228467c-613798eb\nnginx 2:1.20.1-20.el9\ncut");
        let expected = [("bash", "5.1.8-9.el9"), ("nginx", "2:1.20.1-20.el9")];
        assert_eq!(found, expected.map(|(name, version)| (name.to_owned(), version.to_owned())).into());
    }
}

//! Installed packages, out of the text files in which dpkg (Debian, Ubuntu) and apk (Alpine) keep them, or as rpm lists
//! them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Largest list that is read.
const MAX_BYTES: u64 = 128 << 20;
/// Lists by place below the root, with the words that name a package, its version, its architecture and its state.
const LISTS: [(&str, &str, Words); 2] = [
    ("dpkg", "var/lib/dpkg/status", Words { name: "Package: ", version: "Version: ", state: "Status: " }),
    ("apk", "lib/apk/db/installed", Words { name: "P:", version: "V:", state: "" }),
];

#[derive(Debug, Clone, Copy)]
struct Words {
    name: &'static str,
    version: &'static str,
    /// Empty where only what is installed is listed.
    state: &'static str,
}

/// The packages as they were read last.
#[derive(Debug, Default)]
pub(super) struct PackageList {
    manager: &'static str,
    /// Length and time of the file that was read.
    seen: Option<(u64, SystemTime)>,
    packages: BTreeMap<String, String>,
}

impl PackageList {
    /// Versions by package, read anew when the list has changed.
    pub(super) fn read(&mut self, root: &Path) -> &BTreeMap<String, String> {
        for (manager, path, words) in LISTS {
            let path = root.join(path);
            let Ok(file) = fs::metadata(&path) else { continue };
            let seen = file.modified().ok().map(|time| (file.len(), time));
            if (seen.is_none() || seen != self.seen) && file.len() <= MAX_BYTES {
                // A list that cannot be read now is the old one.
                if let Ok(text) = fs::read(&path) {
                    self.packages = parse(&String::from_utf8_lossy(&text), words);
                    (self.seen, self.manager) = (seen, manager);
                }
            }
            break;
        }
        &self.packages
    }

    /// Takes what rpm has listed, where it is not a guest of another manager.
    pub(super) fn take_from_rpm(&mut self, packages: BTreeMap<String, String>) {
        if self.seen.is_none() {
            (self.packages, self.manager) = (packages, "rpm");
        }
    }

    /// Whose list it is.
    pub(super) const fn manager(&self) -> &'static str {
        self.manager
    }
}

/// Paragraphs, each a package; two architectures of one package are told as one, with the later's version.
fn parse(text: &str, words: Words) -> BTreeMap<String, String> {
    let mut packages = BTreeMap::new();
    for paragraph in text.split("\n\n") {
        let find = |word: &str| paragraph.lines().find_map(|line| line.strip_prefix(word)).map(str::trim);
        let is_installed =
            words.state.is_empty() || find(words.state).is_some_and(|state| state.ends_with(" installed"));
        if let (Some(name), Some(version), true) = (find(words.name), find(words.version), is_installed) {
            packages.insert(name.to_owned(), version.to_owned());
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_both_managers_are_read() {
        let status = "Package: nginx\nStatus: install ok installed\nVersion: 1.22.1-9\nDescription: web server\n \
                      Version: none\n\nPackage: old\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: cut\n";
        let dpkg = parse(status, LISTS[0].2);
        assert_eq!(dpkg, BTreeMap::from([("nginx".to_owned(), "1.22.1-9".to_owned())]));
        let apk = parse("C:Q1\nP:musl\nV:1.2.4-r2\nA:x86_64\n\nP:zlib\nV:1.3-r0\n", LISTS[1].2);
        assert_eq!(apk.len(), 2);
        assert_eq!(apk["musl"], "1.2.4-r2");
        for cut in 0..status.len() {
            parse(status.get(..cut).unwrap(), LISTS[0].2);
        }
    }
}

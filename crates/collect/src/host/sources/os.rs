//! `os`: which distribution this is.

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Keys of `os-release` and labels, in label order.
const FIELDS: [(&str, &str); 12] = [
    ("BUILD_ID", "build_id"),
    ("ID", "id"),
    ("ID_LIKE", "id_like"),
    ("IMAGE_ID", "image_id"),
    ("IMAGE_VERSION", "image_version"),
    ("NAME", "name"),
    ("PRETTY_NAME", "pretty_name"),
    ("VARIANT", "variant"),
    ("VARIANT_ID", "variant_id"),
    ("VERSION", "version"),
    ("VERSION_CODENAME", "version_codename"),
    ("VERSION_ID", "version_id"),
];
const ID: usize = 1;
const ID_LIKE: usize = 2;
const NAME: usize = 5;
const VERSION_ID: usize = 11;

/// What the file said the last time, and what it says in a form to tell.
#[derive(Default)]
struct Os {
    text: String,
    values: [String; FIELDS.len()],
    support_end: Option<f64>,
}

pub(super) fn make(_: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Os::default()))
}

impl HostSource for Os {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let text = system.root.read(format_args!("etc/os-release"));
        let text =
            text.or_else(|_| system.root.read(format_args!("usr/lib/os-release"))).map_err(Failure::or_no_data)?;
        if self.text != *text {
            self.learn(&text);
        }
        let mut labels = FIELDS.map(|(_, label)| (label, ""));
        for (label, value) in labels.iter_mut().zip(&self.values) {
            label.1 = value;
        }
        out.put("node_os_info", &labels, 1.0);
        if let Some(version) = major_minor(&self.values[VERSION_ID]) {
            let labels = [labels[ID], labels[ID_LIKE], labels[NAME]];
            out.put("node_os_version", &labels, version);
        }
        if let Some(end) = self.support_end {
            out.put("node_os_support_end_timestamp_seconds", &[], end);
        }
        Ok(())
    }
}

impl Os {
    fn learn(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.values = FIELDS.map(|_| String::new());
        self.support_end = None;
        for line in text.lines() {
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = value.trim().trim_matches(['"', '\'']);
            if let Some(at) = FIELDS.iter().position(|(known, _)| *known == key.trim()) {
                value.clone_into(&mut self.values[at]);
            }
            if key.trim() == "SUPPORT_END"
                && let Ok(date) = value.parse::<jiff::civil::Date>()
                && let Ok(instant) = date.to_zoned(jiff::tz::TimeZone::UTC)
            {
                self.support_end = Some(instant.timestamp().as_second() as f64);
            }
        }
    }
}

/// `20.04.2` as 20.04.
fn major_minor(version: &str) -> Option<f64> {
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let (digits, _) = version.split_at(end);
    let mut parts = digits.split('.');
    let (major, minor) = (parts.next()?, parts.next());
    match minor.filter(|minor| !minor.is_empty()) {
        Some(minor) => number(&[major, ".", minor].concat()).ok(),
        None => number(major).ok(),
    }
}

//! What `/proc/cpuinfo` says of the CPUs, for the `cpu` collector when `cpu.info` is on.

use regex::Regex;

use crate::host::config::{Compat, HostConfig};
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Key in the file and label.
const LABELS: [(&str, &str); 10] = [
    ("cache size", "cachesize"),
    ("core id", "core"),
    ("processor", "cpu"),
    ("cpu family", "family"),
    ("microcode", "microcode"),
    ("model", "model"),
    ("model name", "model_name"),
    ("physical id", "package"),
    ("stepping", "stepping"),
    ("vendor_id", "vendor"),
];
const CORE: usize = 1;
const CPU: usize = 2;
const PACKAGE: usize = 7;
const MEGAHERTZ: f64 = 1e6;

/// Tells what the CPUs are.
pub(super) struct CpuInfo {
    flags: Option<Regex>,
    bugs: Option<Regex>,
}

impl CpuInfo {
    /// `None` when nobody wants to know. A pattern for flags or bugs is a wish to know.
    pub(super) fn of(config: &HostConfig) -> Result<Option<Self>, String> {
        let pattern = |name: &str| match config.option(name) {
            "" => Ok(None),
            _ => config.pattern(name).map(Some),
        };
        let info = Self { flags: pattern("cpu.info.flags-include")?, bugs: pattern("cpu.info.bugs-include")? };
        let is_wanted = config.switch("cpu.info") || info.flags.is_some() || info.bugs.is_some();
        Ok(is_wanted.then_some(info))
    }

    pub(super) fn read(&self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let text = system.proc.read(format_args!("cpuinfo"))?;
        for (index, block) in text.split("\n\n").filter(|block| !block.trim().is_empty()).enumerate() {
            let mut labels = LABELS.map(|(_, label)| (label, ""));
            let mut megahertz = None;
            for line in block.lines() {
                let Some((key, value)) = line.split_once(':') else { continue };
                let (key, value) = (key.trim(), value.trim());
                if let Some(at) = LABELS.iter().position(|(known, _)| *known == key) {
                    labels[at].1 = value;
                }
                match key {
                    "cpu MHz" => megahertz = Some(number(value)?),
                    "flags" if index == 0 => list(out, ("node_cpu_flag_info", "flag"), self.flags.as_ref(), value),
                    "bugs" if index == 0 => list(out, ("node_cpu_bug_info", "bug"), self.bugs.as_ref(), value),
                    _ => {}
                }
            }
            out.put("node_cpu_info", &labels, 1.0);
            if let Some(megahertz) = megahertz.filter(|_| system.compat >= Compat::V1_8) {
                let labels = [labels[CORE], labels[CPU], labels[PACKAGE]];
                out.put("node_cpu_frequency_hertz", &labels, megahertz * MEGAHERTZ);
            }
        }
        Ok(())
    }
}

fn list(out: &mut Section, (family, label): (&str, &str), wanted: Option<&Regex>, words: &str) {
    let Some(wanted) = wanted else { return };
    for word in words.split_ascii_whitespace().filter(|word| wanted.is_match(word)) {
        out.put(family, &[(label, word)], 1.0);
    }
}

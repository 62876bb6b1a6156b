//! `vmstat`: the fields of `/proc/vmstat` that the configuration names.

use regex::Regex;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

struct VmStat {
    fields: Regex,
    /// What the pattern said, by line: asking it of every line each time costs more than reading.
    known: Vec<(String, bool)>,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(VmStat { fields: config.pattern("vmstat.fields")?, known: Vec::new() }))
}

impl HostSource for VmStat {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        for (place, line) in system.proc.read(format_args!("vmstat"))?.lines().enumerate() {
            let Some((field, value)) = line.split_once(' ') else { continue };
            let wanted = match self.known.get(place) {
                Some((known, wanted)) if known == field => *wanted,
                _ => {
                    self.known.truncate(place);
                    self.known.resize_with(place, || (String::new(), false));
                    self.known.push((field.to_owned(), self.fields.is_match(field)));
                    self.known[place].1
                }
            };
            if wanted {
                let help = format_args!("/proc/vmstat information field {field}.");
                out.untyped(format_args!("node_vmstat_{field}"), help, &[], number(value)?);
            }
        }
        Ok(())
    }
}

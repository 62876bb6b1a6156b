//! `vmstat`: the fields of `/proc/vmstat` that the configuration names.

use gw_base::Timestamp;
use regex::Regex;

use super::HostSource;
use crate::host::config::{HostConfig, pattern};
use crate::host::page::Page;
use crate::host::roots::{Roots, number};

struct VmStat {
    fields: Regex,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(VmStat { fields: pattern(&config.vmstat_fields)? }))
}

impl HostSource for VmStat {
    fn read(&mut self, roots: &Roots, _: Timestamp, page: &mut Page) -> Result<(), String> {
        for line in roots.proc("vmstat")?.lines() {
            let Some((field, value)) = line.split_once(' ') else { continue };
            if self.fields.is_match(field) {
                let help = format!("/proc/vmstat information field {field}.");
                page.untyped(&format!("node_vmstat_{field}"), &help).add(&[], number(value)?);
            }
        }
        Ok(())
    }
}

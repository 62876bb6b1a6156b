//! `meminfo`: every field of `/proc/meminfo`.

use gw_base::Timestamp;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::page::Page;
use crate::host::roots::{Roots, number};

struct Memory;

pub(super) fn make(_: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Memory))
}

impl HostSource for Memory {
    fn read(&mut self, roots: &Roots, _: Timestamp, page: &mut Page) -> Result<(), String> {
        for line in roots.proc("meminfo")?.lines() {
            let mut fields = line.split_ascii_whitespace();
            let (Some(field), Some(value)) = (fields.next(), fields.next()) else { continue };
            let mut name = field.trim_end_matches(':').replace('(', "_").replace(')', "");
            let mut value = number(value)?;
            if fields.next().is_some() {
                name.push_str("_bytes");
                value *= 1024.0;
            }
            let help = format!("Memory information field {name}.");
            let metric = format!("node_memory_{name}");
            if name.ends_with("_total") {
                page.counter(&metric, &help).add(&[], value);
            } else {
                page.gauge(&metric, &help).add(&[], value);
            }
        }
        Ok(())
    }
}

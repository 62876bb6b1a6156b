//! `loadavg`: run-queue lengths averaged over 1, 5 and 15 minutes.

use gw_base::Timestamp;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::page::Page;
use crate::host::roots::{Roots, number};

struct LoadAverage;

pub(super) fn make(_: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(LoadAverage))
}

impl HostSource for LoadAverage {
    fn read(&mut self, roots: &Roots, _: Timestamp, page: &mut Page) -> Result<(), String> {
        let text = roots.proc("loadavg")?;
        let mut fields = text.split_ascii_whitespace();
        for (name, help) in [
            ("node_load1", "1m load average."),
            ("node_load5", "5m load average."),
            ("node_load15", "15m load average."),
        ] {
            let field = fields.next().ok_or("loadavg has fewer than 3 fields")?;
            page.gauge(name, help).add(&[], number(field)?);
        }
        Ok(())
    }
}

//! `time`: the system's clock, its zone and its clock sources.

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const CLOCK_SOURCES: &str = "devices/system/clocksource";

struct Time {
    zone: jiff::tz::TimeZone,
}

pub(super) fn make(_: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Time { zone: jiff::tz::TimeZone::system() }))
}

impl HostSource for Time {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let nanos = system.now.nanos();
        out.put("node_time_seconds", &[], nanos as f64 / 1e9);
        if let Ok(instant) = jiff::Timestamp::from_nanosecond(i128::from(nanos)) {
            let info = self.zone.to_offset_info(instant);
            let labels = [("time_zone", info.abbreviation())];
            out.put("node_time_zone_offset_seconds", &labels, f64::from(info.offset().seconds()));
        }
        for folder in system.sys.names_if_any(format_args!("{CLOCK_SOURCES}")).iter() {
            let Some(device) = folder.strip_prefix("clocksource") else { continue };
            if let Ok(list) = system.sys.value(format_args!("{CLOCK_SOURCES}/{folder}/available_clocksource")) {
                for source in list.split_ascii_whitespace() {
                    let labels = [("clocksource", source), ("device", device)];
                    out.put("node_time_clocksource_available_info", &labels, 1.0);
                }
            }
            if let Ok(source) = system.sys.value(format_args!("{CLOCK_SOURCES}/{folder}/current_clocksource")) {
                let labels = [("clocksource", &*source), ("device", device)];
                out.put("node_time_clocksource_current_info", &labels, 1.0);
            }
        }
        Ok(())
    }
}

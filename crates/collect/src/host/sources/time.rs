//! `time`: the system's clock, its zone and its clock sources.

use gw_base::Timestamp;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::page::Page;
use crate::host::roots::Roots;

const CLOCK_SOURCES: &str = "devices/system/clocksource";

struct Time;

pub(super) fn make(_: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Time))
}

impl HostSource for Time {
    fn read(&mut self, roots: &Roots, now: Timestamp, page: &mut Page) -> Result<(), String> {
        let seconds = now.nanos() as f64 / 1e9;
        page.gauge("node_time_seconds", "System time in seconds since epoch (1970).").add(&[], seconds);
        zone(now, page);
        for device in roots.sys_names(CLOCK_SOURCES) {
            let Some(number) = device.strip_prefix("clocksource") else { continue };
            if let Ok(list) = roots.sys(&format!("{CLOCK_SOURCES}/{device}/available_clocksource")) {
                let help = "Available clocksources read from '/sys/devices/system/clocksource'.";
                let mut family = page.gauge("node_time_clocksource_available_info", help);
                for source in list.split_ascii_whitespace() {
                    family.add(&[("clocksource", source), ("device", number)], 1.0);
                }
            }
            if let Ok(source) = roots.sys(&format!("{CLOCK_SOURCES}/{device}/current_clocksource")) {
                let help = "Current clocksource read from '/sys/devices/system/clocksource'.";
                page.gauge("node_time_clocksource_current_info", help)
                    .add(&[("clocksource", &source), ("device", number)], 1.0);
            }
        }
        Ok(())
    }
}

fn zone(now: Timestamp, page: &mut Page) {
    let Ok(instant) = jiff::Timestamp::from_nanosecond(i128::from(now.nanos())) else { return };
    let zone = jiff::tz::TimeZone::system();
    let info = zone.to_offset_info(instant);
    let help = "System time zone offset in seconds.";
    page.gauge("node_time_zone_offset_seconds", help)
        .add(&[("time_zone", info.abbreviation())], f64::from(info.offset().seconds()));
}

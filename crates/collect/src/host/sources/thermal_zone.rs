//! `thermal_zone`: temperatures, and devices that cool.

use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/thermal";

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for folder in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
        let kind = system.sys.value(format_args!("{FOLDER}/{folder}/type"));
        let kind = kind.as_deref().unwrap_or_default();
        let number = |file: &str| system.sys.some(format_args!("{FOLDER}/{folder}/{file}"));
        if let Some(zone) = folder.strip_prefix("thermal_zone") {
            // A zone that is off cannot be read.
            if let Some(temperature) = number("temp") {
                out.put("node_thermal_zone_temp", &[("type", kind), ("zone", zone)], temperature / 1000.0);
            }
        } else if let Some(device) = folder.strip_prefix("cooling_device") {
            let labels = [("name", device), ("type", kind)];
            if let (Some(now), Some(most)) = (number("cur_state"), number("max_state")) {
                out.put("node_cooling_device_cur_state", &labels, now);
                out.put("node_cooling_device_max_state", &labels, most);
            }
        }
    }
    Ok(())
}

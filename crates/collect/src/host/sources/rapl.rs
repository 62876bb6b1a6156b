//! `rapl`: energy that CPUs and memory have used.

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/powercap";
const MICROJOULES: f64 = 1e6;

struct Rapl {
    zone_label: bool,
    sysfs: String,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Rapl {
        zone_label: config.switch("rapl.enable-zone-label"),
        sysfs: config.sysfs.trim_end_matches('/').to_owned(),
    }))
}

impl HostSource for Rapl {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        for folder in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
            // Zones are `intel-rapl:0` and `intel-rapl:0:1`; the others control them.
            if !folder.contains(':') {
                continue;
            }
            let Ok(name) = system.sys.value(format_args!("{FOLDER}/{folder}/name")) else { continue };
            let energy = match system.sys.number(format_args!("{FOLDER}/{folder}/energy_uj")) {
                Ok(energy) => energy / MICROJOULES,
                // Since the Platypus attack only root may read it.
                Err(Failure::Io(rustix::io::Errno::ACCESS)) => return Err(Failure::NoData),
                Err(failure) => return Err(failure),
            };
            // `package-0` is zone 0 of `package`; a name without a number counts by itself.
            let (zone, index) = match name.rsplit_once('-') {
                Some((zone, index)) if index.parse::<u32>().is_ok() => (zone, index),
                _ => (&*name, "0"),
            };
            let path = [&self.sysfs, "/", FOLDER, "/", folder].concat();
            if self.zone_label {
                let labels = [("index", index), ("path", path.as_str()), ("rapl_zone", zone)];
                out.put("node_rapl_joules_total", &labels, energy);
            } else {
                let clean: String = zone.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
                out.counter(
                    format_args!("node_rapl_{clean}_joules_total"),
                    format_args!("Current RAPL {zone} value in joules"),
                    &[("index", index), ("path", path.as_str())],
                    energy,
                );
            }
        }
        Ok(())
    }
}

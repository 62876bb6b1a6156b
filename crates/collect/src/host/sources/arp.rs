//! `arp`: entries of the kernel's ARP table by device.

use super::HostSource;
use crate::host::config::{Devices, HostConfig};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

struct Arp {
    devices: Devices,
    counts: Vec<(String, u32)>,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Arp { devices: config.devices("arp.device")?, counts: Vec::new() }))
}

impl HostSource for Arp {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        for (_, count) in &mut self.counts {
            *count = 0;
        }
        for line in system.proc.read(format_args!("net/arp"))?.lines().skip(1) {
            let Some(device) = line.split_ascii_whitespace().next_back() else { continue };
            match self.counts.iter_mut().find(|(known, _)| known == device) {
                Some((_, count)) => *count += 1,
                None => self.counts.push((device.to_owned(), 1)),
            }
        }
        self.counts.retain(|(_, count)| *count > 0);
        for (device, count) in self.counts.iter().filter(|(device, _)| self.devices.wants(device)) {
            out.put("node_arp_entries", &[("device", device)], f64::from(*count));
        }
        Ok(())
    }
}

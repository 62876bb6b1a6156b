//! `netdev`: counters of network devices.
//!
//! `/proc/net/dev` gives what netlink would (the kernel sums the same fields for both), in one read.

use gw_base::Timestamp;

use super::HostSource;
use crate::host::config::{Devices, HostConfig};
use crate::host::page::Page;
use crate::host::roots::{Roots, number};

const COLUMNS: [&str; 16] = [
    "receive_bytes",
    "receive_packets",
    "receive_errs",
    "receive_drop",
    "receive_fifo",
    "receive_frame",
    "receive_compressed",
    "receive_multicast",
    "transmit_bytes",
    "transmit_packets",
    "transmit_errs",
    "transmit_drop",
    "transmit_fifo",
    "transmit_colls",
    "transmit_carrier",
    "transmit_compressed",
];

struct NetDev {
    devices: Devices,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(NetDev { devices: config.netdev.compile()? }))
}

impl HostSource for NetDev {
    fn read(&mut self, roots: &Roots, _: Timestamp, page: &mut Page) -> Result<(), String> {
        for line in roots.proc("net/dev")?.lines().skip(2) {
            let Some((device, counters)) = line.rsplit_once(':') else { continue };
            let device = device.trim_start();
            if !self.devices.wants(device) {
                continue;
            }
            for (column, field) in COLUMNS.iter().zip(counters.split_ascii_whitespace()) {
                add(page, column, device, number(field)?);
            }
            let unclaimed = format!("class/net/{device}/statistics/rx_nohandler");
            if let Some(count) = roots.sys(&unclaimed).ok().and_then(|text| text.parse().ok()) {
                add(page, "receive_nohandler", device, count);
            }
        }
        Ok(())
    }
}

fn add(page: &mut Page, column: &str, device: &str, value: f64) {
    let help = format!("Network device statistic {column}.");
    page.counter(&format!("node_network_{column}_total"), &help).add(&[("device", device)], value);
}

//! `netdev`: counters of network devices.
//!
//! `/proc/net/dev` gives what netlink would (the kernel sums the same fields for both), in one read.

use super::HostSource;
use crate::host::config::{Devices, HostConfig};
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

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
/// Counters that `/proc/net/dev` sums up, one by one: name and file in `statistics/`.
const DETAILED: [(&str, &str); 24] = [
    ("receive_packets", "rx_packets"),
    ("transmit_packets", "tx_packets"),
    ("receive_bytes", "rx_bytes"),
    ("transmit_bytes", "tx_bytes"),
    ("receive_errors", "rx_errors"),
    ("transmit_errors", "tx_errors"),
    ("receive_dropped", "rx_dropped"),
    ("transmit_dropped", "tx_dropped"),
    ("multicast", "multicast"),
    ("collisions", "collisions"),
    ("receive_length_errors", "rx_length_errors"),
    ("receive_over_errors", "rx_over_errors"),
    ("receive_crc_errors", "rx_crc_errors"),
    ("receive_frame_errors", "rx_frame_errors"),
    ("receive_fifo_errors", "rx_fifo_errors"),
    ("receive_missed_errors", "rx_missed_errors"),
    ("transmit_aborted_errors", "tx_aborted_errors"),
    ("transmit_carrier_errors", "tx_carrier_errors"),
    ("transmit_fifo_errors", "tx_fifo_errors"),
    ("transmit_heartbeat_errors", "tx_heartbeat_errors"),
    ("transmit_window_errors", "tx_window_errors"),
    ("receive_compressed", "rx_compressed"),
    ("transmit_compressed", "tx_compressed"),
    ("receive_nohandler", "rx_nohandler"),
];

struct NetDev {
    devices: Devices,
    detailed: bool,
    addresses: bool,
    netlink: bool,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(NetDev {
        devices: config.devices("netdev.device")?,
        detailed: config.switch("netdev.enable-detailed-metrics"),
        addresses: config.switch("netdev.address-info"),
        netlink: config.switch("netdev.netlink"),
    }))
}

impl HostSource for NetDev {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        // Wire: the original asks netlink, which answers for the kernel that runs, wherever procfs is said to be.
        let live = self.netlink && !system.proc.exists(format_args!("net/dev"));
        let file = if live { std::fs::read_to_string("/proc/net/dev").ok() } else { None };
        let table = if live { None } else { Some(system.proc.read(format_args!("net/dev"))?) };
        let text = file.as_deref().or(table.as_deref()).unwrap_or_default();
        for line in text.lines().skip(2) {
            let Some((device, counters)) = line.rsplit_once(':') else { continue };
            let device = device.trim_start();
            if !self.devices.wants(device) {
                continue;
            }
            let unclaimed = || system.sys.some(format_args!("class/net/{device}/statistics/rx_nohandler"));
            if self.detailed {
                for (name, file) in DETAILED {
                    if let Some(count) = system.sys.some(format_args!("class/net/{device}/statistics/{file}")) {
                        add(out, name, device, count);
                    }
                }
                continue;
            }
            for (column, field) in COLUMNS.iter().zip(counters.split_ascii_whitespace()) {
                add(out, column, device, number(field)?);
            }
            if self.netlink {
                add(out, "receive_nohandler", device, unclaimed().unwrap_or_default());
            }
        }
        if self.addresses {
            addresses(system, &self.devices, out)?;
        }
        Ok(())
    }
}

fn add(out: &mut Section, column: &str, device: &str, value: f64) {
    out.counter(
        format_args!("node_network_{column}_total"),
        format_args!("Network device statistic {column}."),
        &[("device", device)],
        value,
    );
}

/// IPv6 addresses of the devices, from procfs. It has no list of the IPv4 ones.
fn addresses(system: &System, devices: &Devices, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("net/if_inet6"))?;
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (Some(bits), Some(prefix), Some(scope)) = (fields.next(), fields.nth(1), fields.next()) else { continue };
        let Some(device) = fields.nth(1).filter(|device| devices.wants(device)) else { continue };
        let (Ok(bits), Ok(prefix)) = (u128::from_str_radix(bits, 16), u8::from_str_radix(prefix, 16)) else { continue };
        let address = std::net::Ipv6Addr::from_bits(bits).to_string();
        let scope = match scope {
            "00" => "global",
            "20" => "link-local",
            "10" => "interface-local",
            _ => "",
        };
        let netmask = prefix.to_string();
        let labels = [("address", address.as_str()), ("device", device), ("netmask", &netmask), ("scope", scope)];
        out.put("node_network_address_info", &labels, 1.0);
    }
    Ok(())
}

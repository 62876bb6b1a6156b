//! `netclass`: properties of network devices.

use regex::Regex;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::{flag, hexadecimal, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/net";
/// File and family.
const NUMBERS: [(&str, &str); 16] = [
    ("addr_assign_type", "node_network_address_assign_type"),
    ("carrier", "node_network_carrier"),
    ("carrier_changes", "node_network_carrier_changes_total"),
    ("carrier_up_count", "node_network_carrier_up_changes_total"),
    ("carrier_down_count", "node_network_carrier_down_changes_total"),
    ("dev_id", "node_network_device_id"),
    ("dormant", "node_network_dormant"),
    ("flags", "node_network_flags"),
    ("ifindex", "node_network_iface_id"),
    ("iflink", "node_network_iface_link"),
    ("link_mode", "node_network_iface_link_mode"),
    ("mtu", "node_network_mtu_bytes"),
    ("name_assign_type", "node_network_name_assign_type"),
    ("netdev_group", "node_network_net_dev_group"),
    ("tx_queue_len", "node_network_transmit_queue_length"),
    ("type", "node_network_protocol_type"),
];
/// Megabits a second as bytes a second.
const SPEED: f64 = 1000.0 * 1000.0 / 8.0;
const IS_UP: u64 = 1;

struct NetClass {
    ignored: Regex,
    ignore_invalid_speed: bool,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(NetClass {
        ignored: config.pattern("netclass.ignored-devices")?,
        ignore_invalid_speed: config.switch("netclass.ignore-invalid-speed"),
    }))
}

impl HostSource for NetClass {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        for device in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
            // Beside devices there are files, such as `bonding_masters`.
            if self.ignored.is_match(device) || !system.sys.exists(format_args!("{FOLDER}/{device}/ifindex")) {
                continue;
            }
            let labels = [("device", device)];
            let mut flags = None;
            for (file, family) in NUMBERS {
                // A device that is down refuses some of its files.
                let Ok(text) = system.sys.value(format_args!("{FOLDER}/{device}/{file}")) else { continue };
                let value = if text.starts_with("0x") { hexadecimal(&text) } else { number(&text) };
                let Ok(value) = value else { continue };
                if file == "flags" {
                    flags = Some(value as u64);
                }
                out.put(family, &labels, value);
            }
            if let Some(speed) = system.sys.some(format_args!("{FOLDER}/{device}/speed"))
                && (speed >= 0.0 || !self.ignore_invalid_speed)
            {
                // Wire: whole bytes, so that an unknown speed of -1 is -125000.
                out.put("node_network_speed_bytes", &labels, (speed * SPEED).trunc());
            }
            info(system, out, device, flags);
        }
        Ok(())
    }
}

fn info(system: &System, out: &mut Section, device: &str, flags: Option<u64>) {
    let value = |file: &str| system.sys.value(format_args!("{FOLDER}/{device}/{file}")).ok();
    let (address, broadcast, duplex) = (value("address"), value("broadcast"), value("duplex"));
    let (state, alias) = (value("operstate"), value("ifalias"));
    let state = state.as_deref().unwrap_or_default();
    out.put("node_network_up", &[("device", device)], flag(state == "up"));
    let admin = match flags {
        None => "unknown",
        Some(flags) if flags & IS_UP != 0 => "up",
        Some(_) => "down",
    };
    let labels = [
        ("address", address.as_deref().unwrap_or_default()),
        ("adminstate", admin),
        ("broadcast", broadcast.as_deref().unwrap_or_default()),
        ("device", device),
        ("duplex", duplex.as_deref().unwrap_or_default()),
        ("ifalias", alias.as_deref().unwrap_or_default()),
        ("operstate", state),
    ];
    out.put("node_network_info", &labels, 1.0);
}

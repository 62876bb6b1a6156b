//! `network_route`: routes of the main table, from procfs.

use std::net::Ipv4Addr;

use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Bits of a route that is up, and of one through a gateway.
const IS_UP: u32 = 1;
const GATEWAY: u32 = 2;

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("net/route"))?;
    let mut counts: Vec<(&str, f64)> = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [device, destination, gateway, flags, _, _, priority, mask, ..] = fields.as_slice() else { continue };
        // Addresses stand in the order of the machine's bytes.
        let bits = |field: &str| u32::from_str_radix(field, 16).map(|bits| Ipv4Addr::from(bits.to_ne_bytes())).ok();
        let (Some(destination), Some(gateway), Some(mask)) = (bits(destination), bits(gateway), bits(mask)) else {
            continue;
        };
        let flags = u32::from_str_radix(flags, 16).unwrap_or_default();
        if flags & IS_UP == 0 {
            continue;
        }
        match counts.iter_mut().find(|(known, _)| known == device) {
            Some((_, count)) => *count += 1.0,
            None => counts.push((device, 1.0)),
        }
        let network = match mask.to_bits().leading_ones() {
            0 => "default".to_owned(),
            length => format!("{destination}/{length}"),
        };
        let gateway = if flags & GATEWAY != 0 { gateway.to_string() } else { String::new() };
        let labels = [
            ("dest", network.as_str()),
            ("device", device),
            ("gw", &gateway),
            ("priority", priority),
            ("proto", ""),
            ("src", ""),
            ("weight", ""),
        ];
        out.put("node_network_route_info", &labels, 1.0);
    }
    for (device, count) in counts {
        out.put("node_network_routes", &[("device", device)], count);
    }
    Ok(())
}

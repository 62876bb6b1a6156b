//! `network_route`: routes of the main table, asked of the kernel.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::netlink::{self, attributes, u32_at};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Messages of the routing family, the length of their heads, and attributes (`linux/rtnetlink.h`).
const GET_ROUTE: u16 = 26;
const NEW_ROUTE: u16 = 24;
const RTMSG_BYTES: usize = 12;
const DESTINATION: u16 = 1;
const DEVICE: u16 = 4;
const GATEWAY: u16 = 5;
const PRIORITY: u16 = 6;
const PREFERRED_SOURCE: u16 = 7;
const HOPS: u16 = 9;
const TABLE: u16 = 15;
const MAIN: u32 = 254;
/// Length of `struct rtnexthop`.
const HOP_BYTES: usize = 8;
/// Who made a route.
const PROTOCOLS: [(u8, &str); 21] = [
    (0, "unspec"),
    (1, "redirect"),
    (2, "kernel"),
    (3, "boot"),
    (4, "static"),
    (8, "gated"),
    (9, "ra"),
    (10, "mrt"),
    (11, "zebra"),
    (12, "bird"),
    (13, "dnrouted"),
    (14, "xorp"),
    (15, "ntk"),
    (16, "dhcp"),
    (17, "mrouted"),
    (42, "babel"),
    (186, "bgp"),
    (187, "isis"),
    (188, "ospf"),
    (189, "rip"),
    (192, "eigrp"),
];

/// A way to a network: through one device.
#[derive(Debug, Default, Clone)]
struct Route {
    device: u32,
    network: String,
    gateway: String,
    source: String,
    priority: u32,
    protocol: u8,
    /// Share of the traffic, of one way among several.
    weight: Option<u8>,
}

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let devices = netlink::devices(system)?;
    let mut routes = Vec::new();
    netlink::dump(GET_ROUTE, &[0; RTMSG_BYTES], NEW_ROUTE, |body| routes_of(body, &mut routes))?;
    let mut counts: Vec<(&str, f64)> = Vec::new();
    for route in &routes {
        let Some(device) = netlink::device_name(&devices, route.device) else { continue };
        match counts.iter_mut().find(|(known, _)| *known == device) {
            Some((_, count)) => *count += 1.0,
            None => counts.push((device, 1.0)),
        }
        let priority = route.priority.to_string();
        let weight = route.weight.map(|weight| weight.to_string()).unwrap_or_default();
        let protocol =
            PROTOCOLS.iter().find(|(number, _)| *number == route.protocol).map_or("unknown", |known| known.1);
        let labels = [
            ("dest", route.network.as_str()),
            ("device", device),
            ("gw", &route.gateway),
            ("priority", &priority),
            ("proto", protocol),
            ("src", &route.source),
            ("weight", &weight),
        ];
        out.put("node_network_route_info", &labels, 1.0);
    }
    for (device, count) in counts {
        out.put("node_network_routes", &[("device", device)], count);
    }
    Ok(())
}

/// The ways of one answer: head (family, prefix length, ..., table, protocol at 4 and 5), then attributes.
fn routes_of(body: &[u8], routes: &mut Vec<Route>) {
    let (Some(head), Some(rest)) = (body.get(..RTMSG_BYTES), body.get(RTMSG_BYTES..)) else { return };
    let mut route = Route { protocol: head[5], network: "default".to_owned(), ..Route::default() };
    let (mut table, mut hops): (u32, &[u8]) = (u32::from(head[4]), &[]);
    for (kind, value) in attributes(rest) {
        match kind {
            DESTINATION => route.network = format!("{}/{}", address(value), head[1]),
            DEVICE => route.device = u32_at(value, 0).unwrap_or_default(),
            GATEWAY => route.gateway = address(value),
            PRIORITY => route.priority = u32_at(value, 0).unwrap_or_default(),
            PREFERRED_SOURCE => route.source = address(value),
            TABLE => table = u32_at(value, 0).unwrap_or(table),
            HOPS => hops = value,
            _ => {}
        }
    }
    if table != MAIN {
        return;
    }
    if hops.is_empty() {
        routes.push(route);
        return;
    }
    // Length, flags, share, device, and attributes of its own.
    while let Some(length) = netlink::u16_at(hops, 0).map(usize::from).filter(|length| *length >= HOP_BYTES) {
        let Some(hop) = hops.get(..length) else { return };
        let mut way = Route { device: u32_at(hop, 4).unwrap_or_default(), ..route.clone() };
        way.weight = Some(hop[3].saturating_add(1));
        for (_, value) in attributes(hop.get(HOP_BYTES..).unwrap_or_default()).filter(|(kind, _)| *kind == GATEWAY) {
            way.gateway = address(value);
        }
        routes.push(way);
        hops = hops.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
}

fn address(bytes: &[u8]) -> String {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Ipv4Addr::from(bytes).to_string();
    }
    <[u8; 16]>::try_from(bytes).map(|bytes| Ipv6Addr::from(bytes).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn ways_are_read_and_cut_ones_left_out() {
        let hop = |device: u32, share: u8, gateway: [u8; 4]| {
            let own = attribute(GATEWAY, &gateway);
            let mut hop = ((HOP_BYTES + own.len()) as u16).to_ne_bytes().to_vec();
            hop.extend([0, share]);
            hop.extend(device.to_ne_bytes());
            [hop, own].concat()
        };
        let head = [2, 24, 0, 0, MAIN as u8, 4, 0, 1, 0, 0, 0, 0];
        let body = [
            head.to_vec(),
            attribute(DESTINATION, &[10, 1, 2, 0]),
            attribute(PRIORITY, &7u32.to_ne_bytes()),
            attribute(HOPS, &[hop(2, 0, [10, 0, 0, 1]), hop(3, 4, [10, 0, 0, 2])].concat()),
        ]
        .concat();
        let mut routes = Vec::new();
        routes_of(&body, &mut routes);
        let told: Vec<_> =
            routes.iter().map(|r| (r.device, r.network.as_str(), r.gateway.as_str(), r.priority, r.weight)).collect();
        assert_eq!(told, [(2, "10.1.2.0/24", "10.0.0.1", 7, Some(1)), (3, "10.1.2.0/24", "10.0.0.2", 7, Some(5))]);
        for cut in 0..body.len() {
            routes_of(&body[..cut], &mut routes);
        }
        let mut others = Vec::new();
        routes_of(&[2, 0, 0, 0, 255, 2, 0, 1, 0, 0, 0, 0], &mut others);
        assert!(others.is_empty(), "another table's");
    }
}

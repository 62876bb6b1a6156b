//! `infiniband`: adapters and ports of `InfiniBand`.

use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/infiniband";
/// Data counters count words of four bytes.
const WORD_BYTES: f64 = 4.0;
/// File below the port's `counters`, family, factor.
const COUNTERS: [(&str, &str, f64); 16] = [
    ("link_downed", "link_downed_total", 1.0),
    ("link_error_recovery", "link_error_recovery_total", 1.0),
    ("multicast_rcv_packets", "multicast_packets_received_total", 1.0),
    ("multicast_xmit_packets", "multicast_packets_transmitted_total", 1.0),
    ("port_rcv_constraint_errors", "port_constraint_errors_received_total", 1.0),
    ("port_xmit_constraint_errors", "port_constraint_errors_transmitted_total", 1.0),
    ("port_rcv_data", "port_data_received_bytes_total", WORD_BYTES),
    ("port_xmit_data", "port_data_transmitted_bytes_total", WORD_BYTES),
    ("port_rcv_discards", "port_discards_received_total", 1.0),
    ("port_xmit_discards", "port_discards_transmitted_total", 1.0),
    ("port_rcv_errors", "port_errors_received_total", 1.0),
    ("port_rcv_packets", "port_packets_received_total", 1.0),
    ("port_xmit_packets", "port_packets_transmitted_total", 1.0),
    ("port_xmit_wait", "port_transmit_wait_total", 1.0),
    ("unicast_rcv_packets", "unicast_packets_received_total", 1.0),
    ("unicast_xmit_packets", "unicast_packets_transmitted_total", 1.0),
];
/// The same below `counters_ext`, which older adapters have.
const LEGACY: [(&str, &str, f64); 8] = [
    ("port_rcv_data_64", "legacy_data_received_bytes_total", WORD_BYTES),
    ("port_xmit_data_64", "legacy_data_transmitted_bytes_total", WORD_BYTES),
    ("port_multicast_rcv_packets", "legacy_multicast_packets_received_total", 1.0),
    ("port_multicast_xmit_packets", "legacy_multicast_packets_transmitted_total", 1.0),
    ("port_rcv_packets_64", "legacy_packets_received_total", 1.0),
    ("port_xmit_packets_64", "legacy_packets_transmitted_total", 1.0),
    ("port_unicast_rcv_packets", "legacy_unicast_packets_received_total", 1.0),
    ("port_unicast_xmit_packets", "legacy_unicast_packets_transmitted_total", 1.0),
];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for device in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
        let value = |file: &str| system.sys.value(format_args!("{FOLDER}/{device}/{file}")).ok();
        let (board, firmware, kind) = (value("board_id"), value("fw_ver"), value("hca_type"));
        let labels = [
            ("board_id", board.as_deref().unwrap_or_default()),
            ("device", device),
            ("firmware_version", firmware.as_deref().unwrap_or_default()),
            ("hca_type", kind.as_deref().unwrap_or_default()),
        ];
        out.put("node_infiniband_info", &labels, 1.0);
        for port in system.sys.names(format_args!("{FOLDER}/{device}/ports"))?.iter() {
            read_port(system, out, device, port)?;
        }
    }
    Ok(())
}

fn read_port(system: &System, out: &mut Section, device: &str, port: &str) -> Result<(), Failure> {
    let labels = [("device", device), ("port", port)];
    // `4: ACTIVE`
    for (file, family) in [("state", "node_infiniband_state_id"), ("phys_state", "node_infiniband_physical_state_id")] {
        let text = system.sys.value(format_args!("{FOLDER}/{device}/ports/{port}/{file}"))?;
        out.put(family, &labels, number(text.split(':').next().unwrap_or_default())?);
    }
    // `40 Gb/sec (4X QDR)`
    let rate = system.sys.value(format_args!("{FOLDER}/{device}/ports/{port}/rate"))?;
    let gigabits = number(rate.split(' ').next().unwrap_or_default())?;
    out.put("node_infiniband_rate_bytes_per_second", &labels, gigabits * 125_000_000.0);
    let lists = [("counters", COUNTERS.as_slice()), ("counters_ext", LEGACY.as_slice())];
    for (folder, file, family, factor) in lists
        .iter()
        .flat_map(|(folder, list)| list.iter().map(move |(file, family, factor)| (folder, file, family, factor)))
    {
        let Ok(text) = system.sys.value(format_args!("{FOLDER}/{device}/ports/{port}/{folder}/{file}")) else {
            continue;
        };
        // An adapter without the counter says so in words.
        if let Ok(value) = number(&text) {
            out.put_named(format_args!("node_infiniband_{family}"), &labels, value * factor);
        }
    }
    Ok(())
}

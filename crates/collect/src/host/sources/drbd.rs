//! `drbd`: replicated block devices.

use crate::host::parse::{flag, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Key in `/proc/drbd`, family, factor to the family's unit.
const NUMBERS: [(&str, &str, f64); 12] = [
    ("ns", "network_sent_bytes_total", 1024.0),
    ("nr", "network_received_bytes_total", 1.0),
    ("dw", "disk_written_bytes_total", 1024.0),
    ("dr", "disk_read_bytes_total", 1024.0),
    ("al", "activitylog_writes_total", 1.0),
    ("bm", "bitmap_writes_total", 1.0),
    ("lo", "local_pending", 1.0),
    ("pe", "remote_pending", 1.0),
    ("ua", "remote_unacknowledged", 1.0),
    ("ap", "application_pending", 1.0),
    ("ep", "epochs", 1.0),
    ("oos", "out_of_sync_bytes", 1024.0),
];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("drbd")).map_err(Failure::or_no_data)?;
    let mut device = None;
    for field in text.split_ascii_whitespace() {
        let Some((key, value)) = field.split_once(':') else { continue };
        if value.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
            device = Some(key);
            continue;
        }
        let Some(device) = device else { continue };
        tell(out, device, (key, value))?;
    }
    Ok(())
}

fn tell(out: &mut Section, device: &str, (key, value): (&str, &str)) -> Result<(), Failure> {
    let mut name = [0u8; 32];
    let device = prefixed(&mut name, device);
    if let Some((_, family, factor)) = NUMBERS.iter().find(|(known, ..)| *known == key) {
        out.put_named(format_args!("node_drbd_{family}"), &[("device", device)], number(value)? * factor);
        return Ok(());
    }
    let both = |out: &mut Section, family: &str, wanted: &str| {
        let (local, remote) = value.split_once('/').unwrap_or((value, ""));
        for (node, state) in [("local", local), ("remote", remote)] {
            out.put(family, &[("device", device), ("node", node)], flag(state == wanted));
        }
    };
    match key {
        "ro" => both(out, "node_drbd_node_role_is_primary", "Primary"),
        "ds" => both(out, "node_drbd_disk_state_is_up_to_date", "UpToDate"),
        "cs" => out.put("node_drbd_connected", &[("device", device)], flag(value == "Connected")),
        _ => {}
    }
    Ok(())
}

fn prefixed<'a>(room: &'a mut [u8; 32], number: &str) -> &'a str {
    let text = [b"drbd", number.as_bytes()];
    let mut length = 0;
    for byte in text.concat().iter().take(room.len()) {
        room[length] = *byte;
        length += 1;
    }
    room.get(..length).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or("drbd")
}

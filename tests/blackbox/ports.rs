//! Ports that are free now and that no other test of this run takes.
//!
//! They lie below the range from which the kernel picks ports for outgoing connections, so that nothing takes one between
//! the check and its use.

use std::net::TcpListener;
use std::sync::Mutex;

use anyhow::{Result, bail};

/// The ports of the product's table, before the offset is added.
pub(crate) const TABLE: &[u16] = &[1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1014, 4317, 4318];

static TAKEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());

/// An offset by which the whole port table can be moved.
pub(crate) fn offset() -> Result<u16> {
    for candidate in candidates() {
        if take(&TABLE.iter().map(|port| port + candidate).collect::<Vec<_>>()) {
            return Ok(candidate);
        }
    }
    bail!("no offset below 28000 moves the whole port table to free ports")
}

/// One free port.
pub(crate) fn free() -> Result<u16> {
    match candidates().map(|offset| offset + 3000).find(|port| take(&[*port])) {
        Some(port) => Ok(port),
        None => bail!("no free port below 32000"),
    }
}

/// Multiples of 20, so that two tables do not interleave; from a place that differs between processes.
fn candidates() -> impl Iterator<Item = u16> {
    let start = u16::try_from(std::process::id() % 400).unwrap_or(0);
    (0..900).map(move |step| 10_000 + ((start * 2 + step) % 900) * 20)
}

fn take(ports: &[u16]) -> bool {
    let mut taken = TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let free = |port: &u16| !taken.contains(port) && TcpListener::bind(("127.0.0.1", *port)).is_ok();
    if !ports.iter().all(free) {
        return false;
    }
    taken.extend_from_slice(ports);
    true
}

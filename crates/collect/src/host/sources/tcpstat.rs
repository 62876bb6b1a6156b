//! `tcpstat`: TCP connections by state.

use crate::host::parse::hexadecimal;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// In the kernel's order, from 1.
const STATES: [&str; 11] = [
    "established",
    "syn_sent",
    "syn_recv",
    "fin_wait1",
    "fin_wait2",
    "time_wait",
    "close",
    "close_wait",
    "last_ack",
    "listen",
    "closing",
];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let mut counts = [0.0; STATES.len()];
    let (mut sent, mut received) = (0.0, 0.0);
    for file in ["net/tcp", "net/tcp6"] {
        let text = match system.proc.read(format_args!("{file}")) {
            Ok(text) => text,
            Err(failure) if failure.is_absent() && file == "net/tcp6" => continue,
            Err(failure) => return Err(failure),
        };
        for line in text.lines().skip(1) {
            let mut fields = line.split_ascii_whitespace().skip(3);
            let (Some(state), Some(queues)) = (fields.next(), fields.next()) else { continue };
            let state = hexadecimal(state)? as usize;
            if let Some(count) = state.checked_sub(1).and_then(|at| counts.get_mut(at)) {
                *count += 1.0;
            }
            let (tx, rx) = queues.split_once(':').ok_or_else(|| Failure::told("a line of TCP sockets is cut"))?;
            sent += hexadecimal(tx)?;
            received += hexadecimal(rx)?;
        }
    }
    for (state, count) in STATES.iter().zip(counts).filter(|(_, count)| *count > 0.0) {
        out.put("node_tcp_connection_states", &[("state", state)], count);
    }
    out.put("node_tcp_connection_states", &[("state", "rx_queued_bytes")], received);
    out.put("node_tcp_connection_states", &[("state", "tx_queued_bytes")], sent);
    Ok(())
}

//! `udp_queues`: bytes that wait in UDP sockets.

use crate::host::parse::hexadecimal;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let mut any = false;
    for (file, version) in [("net/udp", "v4"), ("net/udp6", "v6")] {
        let text = match system.proc.read(format_args!("{file}")) {
            Ok(text) => text,
            Err(failure) if failure.is_absent() => continue,
            Err(failure) => return Err(failure),
        };
        any = true;
        let (mut sent, mut received) = (0.0, 0.0);
        for line in text.lines().skip(1) {
            // `00000015:00000000` is what waits to be sent, and to be taken.
            let queues = line.split_ascii_whitespace().nth(4).and_then(|field| field.split_once(':'));
            let Some((tx, rx)) = queues else { return Err(Failure::told("a line of UDP sockets is cut")) };
            sent += hexadecimal(tx)?;
            received += hexadecimal(rx)?;
        }
        out.put("node_udp_queues", &[("ip", version), ("queue", "tx")], sent);
        out.put("node_udp_queues", &[("ip", version), ("queue", "rx")], received);
    }
    if any { Ok(()) } else { Err(Failure::NoData) }
}

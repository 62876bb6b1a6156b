//! `sockstat`: sockets by protocol.

use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let page_bytes = rustix::param::page_size() as f64;
    for file in ["net/sockstat", "net/sockstat6"] {
        let text = match system.proc.read(format_args!("{file}")) {
            Ok(text) => text,
            Err(failure) if failure.is_absent() => continue,
            Err(failure) => return Err(failure),
        };
        for line in text.lines() {
            let Some((protocol, rest)) = line.split_once(':') else { continue };
            let mut fields = rest.split_ascii_whitespace();
            while let (Some(key), Some(value)) = (fields.next(), fields.next()) {
                let value = number(value)?;
                if protocol == "sockets" {
                    out.put("node_sockstat_sockets_used", &[], value);
                    continue;
                }
                let mut gauge = |unit: &str, value: f64| {
                    let help = format_args!("Number of {protocol} sockets in state {key}{unit}.");
                    out.gauge(format_args!("node_sockstat_{protocol}_{key}{unit}"), help, &[], value);
                };
                gauge("", value);
                if key == "mem" {
                    gauge("_bytes", value * page_bytes);
                }
            }
        }
    }
    Ok(())
}

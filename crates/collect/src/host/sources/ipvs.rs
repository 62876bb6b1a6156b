//! `ipvs`: the kernel's load balancer.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::{hexadecimal, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const LABELS: [&str; 6] = ["local_address", "local_mark", "local_port", "proto", "remote_address", "remote_port"];
const TOTALS: [&str; 5] = [
    "node_ipvs_connections_total",
    "node_ipvs_incoming_packets_total",
    "node_ipvs_outgoing_packets_total",
    "node_ipvs_incoming_bytes_total",
    "node_ipvs_outgoing_bytes_total",
];
const GAUGES: [&str; 3] =
    ["node_ipvs_backend_weight", "node_ipvs_backend_connections_active", "node_ipvs_backend_connections_inactive"];

struct Ipvs {
    /// Which of [`LABELS`] are written.
    labels: Vec<usize>,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let wanted: Vec<&str> = config.option("ipvs.backend-labels").split(',').map(str::trim).collect();
    if let Some(unknown) = wanted.iter().find(|name| !name.is_empty() && !LABELS.contains(name)) {
        return Err(format!("unknown IPVS backend labels: \"{unknown}\""));
    }
    Ok(Box::new(Ipvs { labels: (0..LABELS.len()).filter(|label| wanted.contains(&LABELS[*label])).collect() }))
}

/// A real server behind a virtual one.
struct Backend {
    /// In the order of [`LABELS`].
    labels: [String; 6],
    values: [f64; 3],
}

impl HostSource for Ipvs {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let totals = system.proc.read(format_args!("net/ip_vs_stats")).map_err(Failure::or_no_data)?;
        let line = totals.lines().nth(2).ok_or_else(|| Failure::told("ip_vs_stats is too short"))?;
        for (family, field) in TOTALS.iter().zip(line.split_ascii_whitespace()) {
            out.put(family, &[], hexadecimal(field)?);
        }
        let mut sums: Vec<Backend> = Vec::new();
        for backend in backends(&system.proc.read(format_args!("net/ip_vs"))?)? {
            // Backends that differ only in labels that are not written count as one.
            let same = |known: &&mut Backend| self.labels.iter().all(|at| known.labels[*at] == backend.labels[*at]);
            match sums.iter_mut().find(same) {
                Some(known) => known.values.iter_mut().zip(backend.values).for_each(|(sum, value)| *sum += value),
                None => sums.push(backend),
            }
        }
        for backend in &sums {
            let labels: Vec<(&str, &str)> =
                self.labels.iter().map(|at| (LABELS[*at], backend.labels[*at].as_str())).collect();
            for (family, value) in GAUGES.iter().zip(backend.values) {
                out.put(family, &labels, value);
            }
        }
        Ok(())
    }
}

fn backends(text: &str) -> Result<Vec<Backend>, Failure> {
    let (mut local, mut backends) = ([String::new(), String::new(), String::new(), String::new()], Vec::new());
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        match fields.next() {
            Some(protocol @ ("TCP" | "UDP")) => {
                let (address, port) = endpoint(fields.next().unwrap_or_default())?;
                local = [address, String::new(), port, protocol.to_owned()];
            }
            Some(protocol @ "FWM") => {
                let mark = fields.next().unwrap_or_default().to_owned();
                local = [String::new(), mark, "0".to_owned(), protocol.to_owned()];
            }
            Some("->") if !local[3].is_empty() => {
                let Some(remote) = fields.next().filter(|remote| remote.contains(':')) else { continue };
                let (address, port) = endpoint(remote)?;
                let mut values = [0.0; 3];
                for (value, field) in values.iter_mut().zip(fields.skip(1)) {
                    *value = number(field)?;
                }
                let [local_address, mark, local_port, protocol] = local.clone();
                backends.push(Backend { labels: [local_address, mark, local_port, protocol, address, port], values });
            }
            _ => {}
        }
    }
    Ok(backends)
}

/// `C0A80016:0CEA`, or `[2620:...]:0CEA`.
fn endpoint(text: &str) -> Result<(String, String), Failure> {
    let wrong = || Failure::told(format!("\"{text:.60}\" is no address"));
    let (address, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = u16::from_str_radix(port, 16).map_err(|_not_hexadecimal| wrong())?;
    let address = match address.strip_prefix('[').and_then(|address| address.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().map_err(|_not_an_address| wrong())?.to_string(),
        None => {
            let bits = u32::from_str_radix(address, 16).map_err(|_not_hexadecimal| wrong())?;
            Ipv4Addr::from_bits(bits).to_string()
        }
    };
    Ok((address, port.to_string()))
}

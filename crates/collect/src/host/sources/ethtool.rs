//! `ethtool`: what drivers of network devices count, which drivers they are, and how their links are set.

use std::os::fd::AsRawFd as _;

use regex::Regex;
use socket2::{Domain, Socket, Type};

use super::{HostSource, ethtool_link};
use crate::host::config::{Devices, HostConfig};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// The ioctl, its commands and sizes (`linux/sockios.h`, `linux/ethtool.h`).
const SIOCETHTOOL: libc::Ioctl = 0x8946;
const GET_SETTINGS: u32 = 0x1;
const GET_DRIVER: u32 = 0x3;
const GET_STRINGS: u32 = 0x1b;
const GET_STATISTICS: u32 = 0x1d;
const GET_COUNTS: u32 = 0x37;
const DRIVER_BYTES: usize = 196;
const STRING_BYTES: usize = 32;
/// The set of strings that names statistics.
const STATISTICS_SET: u32 = 1;
/// Most statistics that a driver may have.
const MAX_STATISTICS: u32 = 65_536;
/// Families whose help is more than the driver's own name.
const DESCRIBED: [(&str, &str, &str); 7] = [
    ("rx_bytes", "received_bytes_total", "Network interface bytes received"),
    ("rx_dropped", "received_dropped_total", "Number of received frames dropped"),
    ("rx_errors", "received_errors_total", "Number of received frames with errors"),
    ("rx_packets", "received_packets_total", "Network interface packets received"),
    ("tx_bytes", "transmitted_bytes_total", "Network interface bytes sent"),
    ("tx_errors", "transmitted_errors_total", "Number of sent frames with errors"),
    ("tx_packets", "transmitted_packets_total", "Network interface packets sent"),
];

struct Ethtool {
    devices: Devices,
    wanted: Regex,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let (devices, wanted) = (config.devices("ethtool.device")?, config.pattern("ethtool.metrics-include")?);
    Ok(Box::new(Ethtool { devices, wanted }))
}

impl HostSource for Ethtool {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let told = |error: std::io::Error| Failure::told(format!("ethtool: {error}"));
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).map_err(told)?;
        for device in system.sys.names(format_args!("class/net"))?.iter().filter(|device| self.devices.wants(device)) {
            let mut driver = vec![0u8; DRIVER_BYTES];
            // A device without a driver of the kind refuses.
            if ask(&socket, device, GET_DRIVER, &mut driver).is_ok() {
                info(out, device, &driver);
            }
            let mut settings = [0u8; ethtool_link::SETTINGS_BYTES];
            if ask(&socket, device, GET_SETTINGS, &mut settings).is_ok() {
                ethtool_link::tell(out, device, &settings);
            }
            let Some((names, values)) = statistics(&socket, device) else { continue };
            for (name, value) in names.chunks_exact(STRING_BYTES).zip(values.chunks_exact(8)) {
                let name = text(name);
                if name.is_empty() || !self.wanted.is_match(&name) {
                    continue;
                }
                let value = value.first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes)) as f64;
                tell(out, device, &name, value);
            }
        }
        Ok(())
    }
}

fn info(out: &mut Section, device: &str, driver: &[u8]) {
    // After the command stand name, version, firmware, bus and expansion ROM, each with 32 bytes.
    let field = |at: usize| text(driver.get(4 + at * STRING_BYTES..4 + (at + 1) * STRING_BYTES).unwrap_or_default());
    let [name, version, firmware, bus, rom] = [0, 1, 2, 3, 4].map(field);
    let labels = [
        ("bus_info", bus.as_str()),
        ("device", device),
        ("driver", &name),
        ("expansion_rom_version", &rom),
        ("firmware_version", &firmware),
        ("version", &version),
    ];
    out.put("node_ethtool_info", &labels, 1.0);
}

/// Names and values of a device's statistics, side by side.
fn statistics(socket: &Socket, device: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    // Command, reserved, mask of sets, one count.
    let mut counts = vec![0u8; 20];
    counts[8..16].copy_from_slice(&(1u64 << STATISTICS_SET).to_ne_bytes());
    ask(socket, device, GET_COUNTS, &mut counts).ok()?;
    let count = counts.get(16..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))?;
    let count = (1..=MAX_STATISTICS).contains(&count).then_some(count)?;
    let mut names = vec![0u8; 12 + count as usize * STRING_BYTES];
    names[4..8].copy_from_slice(&STATISTICS_SET.to_ne_bytes());
    names[8..12].copy_from_slice(&count.to_ne_bytes());
    ask(socket, device, GET_STRINGS, &mut names).ok()?;
    let mut values = vec![0u8; 8 + count as usize * 8];
    values[4..8].copy_from_slice(&count.to_ne_bytes());
    ask(socket, device, GET_STATISTICS, &mut values).ok()?;
    Some((names.split_off(12), values.split_off(8)))
}

/// Asks a device's driver; the answer stands in `data`, behind the command in its first four bytes.
fn ask(socket: &Socket, device: &str, command: u32, data: &mut [u8]) -> std::io::Result<()> {
    data[..4].copy_from_slice(&command.to_ne_bytes());
    // SAFETY: every field of `ifreq` is a number, an array of numbers or a pointer, for which all bits 0 is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let room = request.ifr_name.len() - 1;
    for (to, from) in request.ifr_name.iter_mut().zip(device.bytes().take(room)) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_data = data.as_mut_ptr().cast();
    // SAFETY: the request and the data that it points to live through the call, and the data is as long as the counts
    // that the callers wrote into it say.
    let answer = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    if answer < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).trim().to_owned()
}

fn tell(out: &mut Section, device: &str, name: &str, value: f64) {
    let labels = [("device", device)];
    if let Some((_, family, help)) = DESCRIBED.iter().find(|(known, ..)| *known == name) {
        out.untyped(format_args!("node_ethtool_{family}"), format_args!("{help}"), &labels, value);
        return;
    }
    let family = metric_name(name);
    out.untyped(format_args!("node_ethtool_{family}"), format_args!("Network interface {name}"), &labels, value);
}

/// Wire: what cannot stand in a name is `_`, `rx` and `tx` as words are `received` and `transmitted`; of two words side by side
/// only the first is changed, because they share the `_` between them.
fn metric_name(name: &str) -> String {
    let mut clean = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        if c != '_' || !clean.ends_with('_') {
            clean.push(c);
        }
    }
    let clean = clean.trim_start_matches('_');
    let replace = |text: &str, from: &str, to: &str| {
        let (mut out, mut shared) = (Vec::new(), false);
        for word in text.split('_') {
            let is_it = word == from && !shared;
            out.push(if is_it { to } else { word });
            shared = is_it;
        }
        out.join("_")
    };
    replace(&replace(clean, "rx", "received"), "tx", "transmitted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_as_upstream_makes_them() {
        for (name, family) in [
            ("rx_drops", "received_drops"),
            ("rx0_xdp_tx", "rx0_xdp_transmitted"),
            ("tx_tx_timeouts", "transmitted_tx_timeouts"),
            ("tx_xdp_tx_drops", "transmitted_xdp_transmitted_drops"),
            ("[0]: rx_ucast-bytes", "0_received_ucast_bytes"),
        ] {
            assert_eq!(metric_name(name), family);
        }
    }
}

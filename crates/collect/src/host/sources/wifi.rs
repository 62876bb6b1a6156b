//! `wifi`: wireless devices and the stations that they speak with, from recorded answers of the kernel.
//!
//! The live answers come over generic netlink (nl80211), which is not spoken here; with `wifi.fixtures` the recorded ones of
//! the format that upstream's tests use are read. Without, there is no data.

use std::path::PathBuf;

use base64::Engine as _;
use serde::Deserialize;

use super::HostSource;
use crate::host::config::{Compat, HostConfig};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

struct Wifi {
    recorded: Option<PathBuf>,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let folder = config.option("wifi.fixtures");
    Ok(Box::new(Wifi { recorded: (!folder.is_empty()).then(|| folder.into()) }))
}

#[derive(Debug, Deserialize)]
struct Interface {
    #[serde(default)]
    name: String,
    #[serde(rename = "type", default)]
    kind: u32,
    #[serde(default)]
    frequency: u32,
}

#[derive(Debug, Deserialize)]
struct Network {
    #[serde(default)]
    ssid: String,
    #[serde(default)]
    bssid: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "lowercase")]
struct Station {
    hardwareaddr: String,
    connected: f64,
    inactive: f64,
    receivedbytes: f64,
    transmittedbytes: f64,
    receivedpackets: f64,
    transmittedpackets: f64,
    receivebitrate: f64,
    transmitbitrate: f64,
    signal: f64,
    transmitretries: f64,
    transmitfailed: f64,
    beaconloss: f64,
}

const STATION: u32 = 2;
const NANOSECONDS: f64 = 1e9;
const MEGAHERTZ: f64 = 1e6;

impl HostSource for Wifi {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let folder = self.recorded.as_ref().ok_or(Failure::NoData)?;
        let interfaces: Vec<Interface> = read_json(&folder.join("interfaces.json"))?;
        for interface in interfaces.iter().filter(|interface| !interface.name.is_empty()) {
            let device = interface.name.as_str();
            let hertz = f64::from(interface.frequency) * MEGAHERTZ;
            out.put("node_wifi_interface_frequency_hertz", &[("device", device)], hertz);
            if interface.kind != STATION {
                continue;
            }
            if let Ok(network) = read_json::<Network>(&folder.join(device).join("bss.json")) {
                let address = hardware_address(&network.bssid);
                let labels =
                    [("bssid", address.as_str()), ("device", device), ("mode", "client"), ("ssid", &network.ssid)];
                out.put("node_wifi_station_info", &labels, 1.0);
            }
            let stations: Vec<Station> = read_json(&folder.join(device).join("stationinfo.json")).unwrap_or_default();
            for station in &stations {
                station.tell(system.compat, out, device);
            }
        }
        Ok(())
    }
}

impl Station {
    fn tell(&self, compat: Compat, out: &mut Section, device: &str) {
        let address = hardware_address(&self.hardwareaddr);
        let labels = [("device", device), ("mac_address", address.as_str())];
        let mut put = |name: &str, value: f64| out.put_named(format_args!("node_wifi_station_{name}"), &labels, value);
        put("connected_seconds_total", self.connected / NANOSECONDS);
        put("inactive_seconds", self.inactive / NANOSECONDS);
        put("receive_bits_per_second", self.receivebitrate);
        put("transmit_bits_per_second", self.transmitbitrate);
        put("receive_bytes_total", self.receivedbytes);
        put("transmit_bytes_total", self.transmittedbytes);
        put("signal_dbm", self.signal);
        put("transmit_retries_total", self.transmitretries);
        put("transmit_failed_total", self.transmitfailed);
        put("beacon_loss_total", self.beaconloss);
        if compat >= Compat::V1_8 {
            put("received_packets_total", self.receivedpackets);
            put("transmitted_packets_total", self.transmittedpackets);
        }
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &std::path::Path) -> Result<T, Failure> {
    let text = std::fs::read(path).map_err(|error| Failure::told(format!("{}: {error}", path.display())))?;
    serde_json::from_slice(&text).map_err(|error| Failure::told(format!("{}: {error}", path.display())))
}

/// Bytes in base 64 as `01:02:03:04:05:06`.
fn hardware_address(encoded: &str) -> String {
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

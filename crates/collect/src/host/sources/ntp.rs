//! `ntp`: what a time server says, asked as a client.

use std::net::{ToSocketAddrs as _, UdpSocket};
use std::time::Duration;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::flag;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const PATIENCE: Duration = Duration::from_millis(250);
const PACKET_BYTES: usize = 48;
/// Seconds from the start of NTP's time to the epoch.
const EPOCH: f64 = 2_208_988_800.0;
const CLIENT_MODE: u8 = 3;
/// A server that does not know the time says so.
const NOT_IN_SYNC: u8 = 3;
const MAX_STRATUM: u8 = 16;

struct Ntp {
    server: String,
    version: u8,
    ttl: u32,
    is_local: bool,
    max_distance: Duration,
    offset_tolerance: Duration,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let duration = |name: &str| match gw_base::duration::go(config.option(name)) {
        Ok(nanos) => Ok(Duration::from_nanos(nanos.unsigned_abs())),
        Err(error) => Err(format!("{name}: {error}")),
    };
    let whole = |name: &str| config.option(name).parse::<u16>().map_err(|error| format!("{name}: {error}"));
    let (server, is_local) = (config.option("ntp.server"), config.switch("ntp.server-is-local"));
    let is_loopback =
        server.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()) || server == "localhost";
    if !is_loopback && !is_local {
        return Err("only IP address of local NTP server is valid for --collector.ntp.server".to_owned());
    }
    let version = whole("ntp.protocol-version")?;
    if !(2..=4).contains(&version) {
        return Err(format!("invalid NTP protocol version {version}; must be 2, 3, or 4"));
    }
    Ok(Box::new(Ntp {
        server: format!("{server}:{}", whole("ntp.server-port")?),
        version: version as u8,
        ttl: u32::from(whole("ntp.ip-ttl")?),
        is_local,
        max_distance: duration("ntp.max-distance")?,
        offset_tolerance: duration("ntp.local-offset-tolerance")?,
    }))
}

impl HostSource for Ntp {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let told = |error: std::io::Error| Failure::told(format!("couldn't get SNTP reply: {error}"));
        let address = self.server.to_socket_addrs().map_err(told)?.next();
        let address = address.ok_or_else(|| Failure::told(format!("{} has no address", self.server)))?;
        let socket = UdpSocket::bind(if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }).map_err(told)?;
        socket.set_read_timeout(Some(PATIENCE)).map_err(told)?;
        socket.set_ttl(self.ttl).map_err(told)?;
        socket.connect(address).map_err(told)?;
        let mut packet = [0u8; PACKET_BYTES];
        packet[0] = self.version << 3 | CLIENT_MODE;
        let sent = system.seconds();
        socket.send(&packet).map_err(told)?;
        let length = socket.recv(&mut packet).map_err(told)?;
        let received = system.seconds();
        if length < PACKET_BYTES {
            return Err(Failure::told("an answer of NTP is cut"));
        }
        self.tell(out, &packet, (sent, received));
        Ok(())
    }
}

impl Ntp {
    fn tell(&self, out: &mut Section, packet: &[u8; PACKET_BYTES], (sent, received): (f64, f64)) {
        let short = |at: usize| f64::from(word(packet, at)) / 65536.0;
        let time = |at: usize| f64::from(word(packet, at)) - EPOCH + f64::from(word(packet, at + 4)) / 4_294_967_296.0;
        let (leap, stratum) = (packet[0] >> 6, packet[1]);
        let (delay, dispersion, reference) = (short(4), short(8), time(16));
        let (taken, answered) = (time(32), time(40));
        let round_trip = (received - sent) - (answered - taken);
        let offset = ((taken - sent) + (answered - received)) / 2.0;
        out.put("node_ntp_stratum", &[], f64::from(stratum));
        out.put("node_ntp_leap", &[], f64::from(leap));
        out.put("node_ntp_rtt_seconds", &[], round_trip.max(0.0));
        out.put("node_ntp_offset_seconds", &[], offset);
        out.put("node_ntp_reference_timestamp_seconds", &[], reference);
        out.put("node_ntp_root_delay_seconds", &[], delay);
        out.put("node_ntp_root_dispersion_seconds", &[], dispersion);
        let distance = round_trip.max(0.0) / 2.0 + delay / 2.0 + dispersion;
        let is_valid = leap != NOT_IN_SYNC && (1..MAX_STRATUM).contains(&stratum) && reference <= answered;
        let is_near = !self.is_local || offset.abs() <= self.offset_tolerance.as_secs_f64();
        out.put("node_ntp_sanity", &[], flag(is_valid && is_near && distance <= self.max_distance.as_secs_f64()));
    }
}

fn word(packet: &[u8; PACKET_BYTES], at: usize) -> u32 {
    packet.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

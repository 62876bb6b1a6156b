//! ICMP echo, without privileges where the kernel allows it (`net.ipv4.ping_group_range`), else by a raw socket.

use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use gw_base::BoxFuture;
use socket2::{Domain, Protocol, Socket, Type};

use super::config::MonitorSettings;
use super::{Answer, Failure, Monitor};
use crate::runtime::Context;

const HEADER: usize = 8;
/// Header and a payload of the usual size.
const PACKET: usize = HEADER + 56;

/// The ping monitor.
#[derive(Debug)]
pub(super) struct Ping;

impl Monitor for Ping {
    fn kind(&self) -> &'static str {
        "ping"
    }

    fn check_target(&self, target: &str) -> Result<(), String> {
        let is_host = !target.is_empty() && !target.contains(['/', ' ', '@', '?']);
        if is_host { Ok(()) } else { Err(format!("target \"{target}\" is not a host name or address")) }
    }

    fn check<'a>(
        &'a self,
        settings: &'a MonitorSettings,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let host = settings.target.trim_start_matches('[').trim_end_matches(']');
            let mut found =
                tokio::net::lookup_host((host, 0)).await.map_err(|error| Failure::new(error.to_string()))?;
            let address = found.next().ok_or_else(|| Failure::new(format!("{host} has no address")))?.ip();
            let token = context.world.random().to_be_bytes();
            let timeout = settings.timeout();
            let started = context.world.elapsed();
            let exchange = tokio::task::spawn_blocking(move || echo(address, token, timeout)).await;
            let seconds = context.world.elapsed().saturating_sub(started).as_secs_f64();
            match exchange {
                Ok(Ok(())) => Ok(Answer { seconds, message: format!("echo from {address}"), certificate: None }),
                Ok(Err(error)) => Err(Failure::new(describe(&error, address))),
                Err(error) => Err(Failure::new(error.to_string())),
            }
        })
    }
}

fn describe(error: &io::Error, address: IpAddr) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => format!("no echo from {address}"),
        io::ErrorKind::PermissionDenied => {
            "the kernel allows this user no ICMP socket: widen net.ipv4.ping_group_range \
                                            or give the binary cap_net_raw"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

/// Sends an echo request and waits for its answer. Blocks.
fn echo(address: IpAddr, token: [u8; 8], timeout: Duration) -> io::Result<()> {
    let (socket, raw) = open(address)?;
    socket.set_write_timeout(Some(timeout))?;
    let wait = timeout.max(Duration::from_millis(1));
    socket.set_read_timeout(Some(wait))?;
    socket.connect(&SocketAddr::new(address, 0).into())?;
    socket.send(&request(address, token))?;
    // Other sockets' answers come to a raw socket too; a bound on them keeps the wait finite.
    for _ in 0..1000 {
        let mut buffer = [0u8; 1500];
        let count = (&socket).read(&mut buffer)?;
        if is_answer(buffer.get(..count).unwrap_or_default(), address, token, raw) {
            return Ok(());
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

fn open(address: IpAddr) -> io::Result<(Socket, bool)> {
    let (domain, protocol) = match address {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    match Socket::new(domain, Type::DGRAM, Some(protocol)) {
        Ok(socket) => Ok((socket, false)),
        Err(_not_allowed) => Socket::new(domain, Type::RAW, Some(protocol)).map(|socket| (socket, true)),
    }
}

fn request(address: IpAddr, token: [u8; 8]) -> [u8; PACKET] {
    let mut packet = [0u8; PACKET];
    packet[0] = if address.is_ipv4() { 8 } else { 128 };
    packet[4..6].copy_from_slice(&token[..2]);
    packet[7] = 1;
    packet[HEADER..HEADER + 8].copy_from_slice(&token);
    if address.is_ipv4() {
        // The kernel sums up ICMPv6 itself, because the sum covers addresses that only it knows.
        let sum = checksum(&packet);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    packet
}

fn is_answer(packet: &[u8], address: IpAddr, token: [u8; 8], raw: bool) -> bool {
    let answer = if address.is_ipv4() { 0 } else { 129 };
    // A raw IPv4 socket shows the IP header, whose length stands in its first byte.
    let skip = match (raw && address.is_ipv4(), packet.first()) {
        (true, Some(first)) => usize::from(first & 0x0F) * 4,
        _ => 0,
    };
    packet.get(skip) == Some(&answer) && packet.get(skip + HEADER..skip + HEADER + 8) == Some(&token[..])
}

/// RFC 1071.
fn checksum(packet: &[u8]) -> u16 {
    let words = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)));
    let mut sum: u32 = words.sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

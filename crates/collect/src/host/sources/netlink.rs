//! As much of netlink as listing needs: ask the routing family for a dump and read the answers.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::host::system::{Failure, System};

const PATIENCE: Duration = Duration::from_millis(250);
const HEADER_BYTES: usize = 16;
/// Largest answer that the kernel gives at a time.
const BUFFER_BYTES: usize = 64 << 10;
/// Answers of one dump at most.
const MAX_ANSWERS: usize = 100_000;
const REQUEST: u16 = 0x1;
const DUMP: u16 = 0x300;
const ERROR: u16 = 2;
const DONE: u16 = 3;

/// Asks for a dump and hands the body of each answer of type `answer` to `take`.
pub(super) fn dump(ask: u16, body: &[u8], answer: u16, mut take: impl FnMut(&[u8])) -> Result<(), Failure> {
    let told = |error: std::io::Error| Failure::told(format!("netlink: {error}"));
    let mut socket = Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, Some(Protocol::from(0))).map_err(told)?;
    socket.set_read_timeout(Some(PATIENCE)).map_err(told)?;
    let mut request = Vec::with_capacity(HEADER_BYTES + body.len());
    request.extend_from_slice(&((HEADER_BYTES + body.len()) as u32).to_ne_bytes());
    request.extend_from_slice(&ask.to_ne_bytes());
    request.extend_from_slice(&(REQUEST | DUMP).to_ne_bytes());
    request.extend_from_slice(&1u32.to_ne_bytes());
    request.extend_from_slice(&0u32.to_ne_bytes());
    request.extend_from_slice(body);
    socket.write_all(&request).map_err(told)?;
    let mut buffer = vec![0u8; BUFFER_BYTES];
    for _ in 0..MAX_ANSWERS {
        let length = socket.read(&mut buffer).map_err(told)?;
        let mut rest = buffer.get(..length).unwrap_or_default();
        while let Some((kind, message, after)) = message(rest) {
            match kind {
                DONE => return Ok(()),
                ERROR => return Err(Failure::told("netlink: the kernel refused to answer")),
                kind if kind == answer => take(message),
                _ => {}
            }
            rest = after;
        }
    }
    Err(Failure::told("netlink: the answer does not end"))
}

/// Devices with the numbers that answers call them by.
pub(super) fn devices(system: &System) -> Result<Vec<(u32, String)>, Failure> {
    let names = system.sys.names(format_args!("class/net"))?;
    let numbered =
        |name: &str| Some((system.sys.some(format_args!("class/net/{name}/ifindex"))? as u32, name.to_owned()));
    Ok(names.iter().filter_map(numbered).collect())
}

/// The name of a device's number.
pub(super) fn device_name(devices: &[(u32, String)], number: u32) -> Option<&str> {
    devices.iter().find(|(known, _)| *known == number).map(|(_, name)| name.as_str())
}

/// Type and body of the first message, and what follows it.
fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32_at(bytes, 0)? as usize;
    let kind = u16_at(bytes, 4)?;
    let body = bytes.get(HEADER_BYTES..length)?;
    Some((kind, body, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// Attributes, each with its number and bytes.
pub(super) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let kind = u16_at(rest, 2)?;
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        // The highest two bits tell how the value is written.
        Some((kind & 0x3fff, value))
    })
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_messages_end_the_walk() {
        let attribute = [8u8, 0, 1, 0, b'a', b'b', b'c', 0];
        assert_eq!(attributes(&attribute).collect::<Vec<_>>(), [(1, &attribute[4..])]);
        for cut in 0..attribute.len() {
            assert_eq!(attributes(&attribute[..cut]).count(), 0, "{cut}");
        }
        assert_eq!(attributes(&[0, 0, 1, 0, 9]).count(), 0);
        assert!(message(&[0; 16]).is_none() && message(&[4, 0, 0, 0]).is_none());
    }
}

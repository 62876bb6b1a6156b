//! As much of D-Bus as asking properties needs: connect, call, read the answers. For `systemd` and `logind`.
//!
//! Every wait ends: the socket has deadlines, messages have bounds, values nest a few levels only.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::host::system::Failure;

const SOCKET: &str = "/run/dbus/system_bus_socket";
const PATIENCE: Duration = Duration::from_millis(250);
/// Largest message taken.
const MAX_BYTES: usize = 16 << 20;
const MAX_DEPTH: usize = 16;
const METHOD_CALL: u8 = 1;
const METHOD_RETURN: u8 = 2;
const ERROR: u8 = 3;
/// Fields of a message's header.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;

/// A value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Text(String),
    List(Vec<Value>),
}

impl Value {
    pub(super) fn number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn list(&self) -> &[Self] {
        if let Self::List(list) = self { list } else { &[] }
    }
}

/// A call to make.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) destination: &'a str,
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
    pub(super) member: &'a str,
    /// Arguments, all of them texts.
    pub(super) arguments: &'a [&'a str],
}

/// A connection to the system's bus.
#[derive(Debug)]
pub(super) struct Bus {
    stream: UnixStream,
    serial: u32,
}

impl Bus {
    pub(super) fn connect() -> Result<Self, Failure> {
        let told = |error: std::io::Error| Failure::told(format!("couldn't get dbus connection: {SOCKET}: {error}"));
        let mut stream = UnixStream::connect(SOCKET).map_err(told)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(told)?;
        let user = rustix::process::geteuid().as_raw().to_string();
        let user: String = user.bytes().map(|digit| format!("{digit:02x}")).collect();
        stream.write_all(format!("\0AUTH EXTERNAL {user}\r\n").as_bytes()).map_err(told)?;
        let mut answer = Vec::new();
        let mut byte = [0u8];
        while !answer.ends_with(b"\r\n") && answer.len() < 1024 {
            stream.read_exact(&mut byte).map_err(told)?;
            answer.push(byte[0]);
        }
        if !answer.starts_with(b"OK ") {
            return Err(Failure::told("couldn't get dbus connection: the bus does not know us"));
        }
        stream.write_all(b"BEGIN\r\n").map_err(told)?;
        let mut bus = Self { stream, serial: 0 };
        let name = "org.freedesktop.DBus";
        let hello =
            Call { destination: name, path: "/org/freedesktop/DBus", interface: name, member: "Hello", arguments: &[] };
        bus.call(hello)?;
        Ok(bus)
    }

    /// Makes one call; the answer's first value, or an empty list when it has none.
    pub(super) fn call(&mut self, call: Call<'_>) -> Result<Value, Failure> {
        self.calls(&[call])?.pop().flatten().ok_or_else(|| Failure::told(format!("dbus: {} failed", call.member)))
    }

    /// Makes calls in one go; `None` for one that was answered with an error.
    pub(super) fn calls(&mut self, calls: &[Call<'_>]) -> Result<Vec<Option<Value>>, Failure> {
        let first = self.serial + 1;
        let mut answers: Vec<Option<Value>> = vec![None; calls.len()];
        // Bounded groups, so that neither side's socket fills while the other waits.
        for (group_at, group) in calls.chunks(64).enumerate() {
            let mut bytes = Vec::new();
            for call in group {
                self.serial += 1;
                encode(call, self.serial, &mut bytes);
            }
            self.stream.write_all(&bytes).map_err(|error| Failure::told(format!("dbus: {error}")))?;
            let mut open = group.len();
            while open > 0 {
                let Some((serial, answer)) = self.answer()? else { continue };
                let place = serial.checked_sub(first).map(|at| at as usize);
                let range = group_at * 64..group_at * 64 + group.len();
                if let Some(place) = place.filter(|place| range.contains(place)) {
                    answers[place] = answer;
                    open -= 1;
                }
            }
        }
        Ok(answers)
    }

    /// One message; `None` for one that answers nothing.
    fn answer(&mut self) -> Result<Option<(u32, Option<Value>)>, Failure> {
        let wrong = || Failure::told("dbus: a message makes no sense");
        let read = |stream: &mut UnixStream, bytes: &mut [u8]| {
            stream.read_exact(bytes).map_err(|error| Failure::told(format!("dbus: {error}")))
        };
        let mut head = [0u8; 16];
        read(&mut self.stream, &mut head)?;
        let mut reader = Reader { bytes: &head, at: 4 };
        let (body_bytes, _serial, field_bytes) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let padded = (field_bytes as usize).next_multiple_of(8);
        let total = padded.saturating_add(body_bytes as usize);
        if head[0] != b'l' || total > MAX_BYTES {
            return Err(wrong());
        }
        let mut rest = vec![0u8; total];
        read(&mut self.stream, &mut rest)?;
        let (mut serial, mut signature) = (None, String::new());
        let fields = rest.get(..field_bytes as usize).ok_or_else(wrong)?;
        let mut reader = Reader { bytes: fields, at: 0 };
        while reader.at < fields.len() {
            reader.align(8);
            let code = reader.u8()?;
            match (code, reader.variant(0)?) {
                (REPLY_SERIAL, Value::Number(number)) => serial = Some(number as u32),
                (SIGNATURE, Value::Text(text)) => signature = text,
                _ => {}
            }
        }
        let Some(serial) = serial else { return Ok(None) };
        let body = rest.get(padded..).ok_or_else(wrong)?;
        match head[1] {
            METHOD_RETURN if signature.is_empty() => Ok(Some((serial, Some(Value::List(Vec::new()))))),
            METHOD_RETURN => {
                let mut kinds = signature.as_bytes();
                let value = Reader { bytes: body, at: 0 }.value(&mut kinds, 0)?;
                Ok(Some((serial, Some(value))))
            }
            ERROR => Ok(Some((serial, None))),
            _ => Ok(None),
        }
    }
}

fn encode(call: &Call<'_>, serial: u32, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    for argument in call.arguments {
        text(&mut body, argument);
    }
    let mut fields = Vec::new();
    let mut field = |code: u8, kind: u8, value: &str| {
        pad(&mut fields, 8);
        fields.extend_from_slice(&[code, 1, kind, 0]);
        if kind == b'g' {
            fields.push(value.len() as u8);
            fields.extend_from_slice(value.as_bytes());
            fields.push(0);
        } else {
            text(&mut fields, value);
        }
    };
    field(PATH, b'o', call.path);
    field(INTERFACE, b's', call.interface);
    field(MEMBER, b's', call.member);
    field(DESTINATION, b's', call.destination);
    if !call.arguments.is_empty() {
        field(SIGNATURE, b'g', &"s".repeat(call.arguments.len()));
    }
    out.extend_from_slice(&[b'l', METHOD_CALL, 0, 1]);
    for number in [body.len() as u32, serial, fields.len() as u32] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    pad(&mut fields, 8);
    out.extend_from_slice(&fields);
    out.extend_from_slice(&body);
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    pad(bytes, 4);
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

/// Reads values; offsets count from a place that is a multiple of eight in the message.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        self.align(N);
        let bytes = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>());
        self.at += N;
        bytes.copied().ok_or_else(|| Failure::told("dbus: a message is cut"))
    }

    fn u8(&mut self) -> Result<u8, Failure> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Result<u32, Failure> {
        self.take().map(u32::from_le_bytes)
    }

    fn text(&mut self, length: usize) -> Result<String, Failure> {
        let end = self.at.checked_add(length);
        let bytes =
            end.and_then(|end| self.bytes.get(self.at..end)).ok_or_else(|| Failure::told("dbus: a text is cut"))?;
        self.at += length + 1;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    fn variant(&mut self, depth: usize) -> Result<Value, Failure> {
        let length = self.u8()?;
        let signature = self.text(usize::from(length))?;
        self.value(&mut signature.as_bytes(), depth + 1)
    }

    /// The value of the first complete type of a signature, which is taken off.
    fn value(&mut self, kinds: &mut &[u8], depth: usize) -> Result<Value, Failure> {
        let unknown = || Failure::told("dbus: a type is not known");
        let (&kind, rest) = kinds.split_first().filter(|_| depth < MAX_DEPTH).ok_or_else(unknown)?;
        *kinds = rest;
        match kind {
            b'y' => Ok(Value::Number(f64::from(self.u8()?))),
            b'b' | b'u' | b'h' => Ok(Value::Number(f64::from(self.u32()?))),
            b'i' => Ok(Value::Number(f64::from(i32::from_le_bytes(self.take()?)))),
            b'n' => Ok(Value::Number(f64::from(i16::from_le_bytes(self.take()?)))),
            b'q' => Ok(Value::Number(f64::from(u16::from_le_bytes(self.take()?)))),
            b'x' => Ok(Value::Number(i64::from_le_bytes(self.take()?) as f64)),
            b't' => Ok(Value::Number(u64::from_le_bytes(self.take()?) as f64)),
            b'd' => Ok(Value::Number(f64::from_le_bytes(self.take()?))),
            b's' | b'o' => {
                let length = self.u32()? as usize;
                Ok(Value::Text(self.text(length)?))
            }
            b'g' => {
                let length = usize::from(self.u8()?);
                Ok(Value::Text(self.text(length)?))
            }
            b'v' => self.variant(depth),
            b'(' | b'{' => {
                self.align(8);
                let mut members = Vec::new();
                while !matches!(kinds.first().ok_or_else(unknown)?, b')' | b'}') {
                    members.push(self.value(kinds, depth + 1)?);
                }
                *kinds = kinds.get(1..).unwrap_or_default();
                Ok(Value::List(members))
            }
            b'a' => self.array(kinds, depth),
            _ => Err(unknown()),
        }
    }

    fn array(&mut self, kinds: &mut &[u8], depth: usize) -> Result<Value, Failure> {
        let length = self.u32()? as usize;
        if matches!(kinds.first(), Some(b'x' | b't' | b'd' | b'(' | b'{')) {
            self.align(8);
        }
        let end = self.at.saturating_add(length);
        let mut members = Vec::new();
        while self.at < end {
            let mut member = *kinds;
            members.push(self.value(&mut member, depth + 1)?);
        }
        *kinds = after_one(kinds);
        Ok(Value::List(members))
    }
}

/// A signature without its first complete type.
fn after_one(kinds: &[u8]) -> &[u8] {
    let mut depth = 0usize;
    for (at, kind) in kinds.iter().enumerate() {
        match kind {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            b'a' => continue,
            _ => {}
        }
        if depth == 0 {
            return kinds.get(at + 1..).unwrap_or_default();
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_signature() {
        let mut bytes = Vec::new();
        // a(so): one member of "a" and "/b".
        bytes.extend_from_slice(&15u32.to_le_bytes());
        pad(&mut bytes, 8);
        text(&mut bytes, "a");
        text(&mut bytes, "/b");
        let value = Reader { bytes: &bytes, at: 0 }.value(&mut b"a(so)".as_slice(), 0).unwrap();
        let pair = Value::List(vec![Value::Text("a".to_owned()), Value::Text("/b".to_owned())]);
        assert_eq!(value, Value::List(vec![pair]));
        for cut in 0..bytes.len() {
            let read = Reader { bytes: &bytes[..cut], at: 0 }.value(&mut b"a(so)".as_slice(), 0);
            assert!(read.is_err() || cut >= bytes.len() - 1, "{cut}");
        }
        let nested = "a".repeat(40) + "y";
        assert!(Reader { bytes: &[0xff; 64], at: 0 }.value(&mut nested.as_bytes(), 0).is_err());
    }
}

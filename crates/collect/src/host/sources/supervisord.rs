//! `supervisord`: programs under supervisord, asked over its XML-RPC.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::{flag, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const PATIENCE: Duration = Duration::from_millis(250);
const MAX_BYTES: u64 = 16 << 20;
const CALL: &str = "<?xml version=\"1.0\"?><methodCall><methodName>supervisor.getAllProcessInfo</methodName>\
                    <params></params></methodCall>";
/// States in which a program counts as up: starting, running, stopping.
const UP: [f64; 3] = [10.0, 20.0, 40.0];

/// Where supervisord listens.
enum Place {
    Tcp { address: String, path: String },
    Unix(String),
}

struct Supervisord(Place);

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let url = config.option("supervisord.url");
    if let Some(path) = url.strip_prefix("unix://") {
        return Ok(Box::new(Supervisord(Place::Unix(path.to_owned()))));
    }
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| format!("supervisord.url \"{url}\" must begin with http:// or unix://"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    Ok(Box::new(Supervisord(Place::Tcp { address, path: format!("/{path}") })))
}

impl HostSource for Supervisord {
    fn read(&mut self, _: &System, out: &mut Section) -> Result<(), Failure> {
        let told = |error: std::io::Error| Failure::told(format!("unable to call supervisord: {error}"));
        let answer = match &self.0 {
            Place::Unix(path) => {
                let stream = UnixStream::connect(path).map_err(told)?;
                stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
                ask(stream, "unix", "/RPC2").map_err(told)?
            }
            Place::Tcp { address, path } => {
                let found = address.to_socket_addrs().map_err(told)?.next();
                let found = found.ok_or_else(|| Failure::told(format!("{address} has no address")))?;
                let stream = TcpStream::connect_timeout(&found, PATIENCE).map_err(told)?;
                stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
                ask(stream, address, path).map_err(told)?
            }
        };
        // Each program is a `struct` of members.
        for program in answer.split("<struct>").skip(1) {
            let text = |name: &str| member(program, name).unwrap_or_default();
            let labels = [("group", text("group")), ("name", text("name"))];
            let state = number(text("state"))?;
            let is_up = UP.contains(&state);
            out.put("node_supervisord_state", &labels, state);
            out.put("node_supervisord_exit_status", &labels, number(text("exitstatus"))?);
            out.put("node_supervisord_up", &labels, flag(is_up));
            let started = if is_up { number(text("start"))? } else { 0.0 };
            out.put("node_supervisord_start_time_seconds", &labels, started);
        }
        Ok(())
    }
}

fn ask(mut stream: impl Read + Write, host: &str, path: &str) -> std::io::Result<String> {
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
        CALL.len()
    );
    stream.write_all([&head, CALL].concat().as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MAX_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The value of a member, whatever its type: what stands between the tags behind its name.
fn member<'a>(program: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = program;
    loop {
        let (_, after) = rest.split_once("<name>")?;
        let (found, after) = after.split_once("</name>")?;
        let (value, after_value) = after.split_once("</value>")?;
        if found == name {
            let (_, value) = value.split_once("<value>")?;
            let inner = value.split_once('>').map_or(value, |(_, inner)| inner);
            return Some(inner.split_once('<').map_or(inner, |(inner, _)| inner));
        }
        rest = after_value;
    }
}

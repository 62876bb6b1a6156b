//! `GET` over a Unix socket: as much of HTTP/1.1 as the APIs of Docker and Podman need, with a deadline and a bound.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Longest wait for each part of an answer.
const PATIENCE: Duration = Duration::from_millis(800);
/// Largest answer.
const MAX_BYTES: u64 = 4 << 20;

/// The body of a successful answer; `Ok(None)` where the thing asked for is not known there.
///
/// # Errors
/// When nobody answers, or otherwise than with HTTP.
pub(super) fn get(socket: &str, path: &str) -> Result<Option<Vec<u8>>, String> {
    let io = |error: std::io::Error| format!("{socket}: {error}");
    let mut stream = UnixStream::connect(socket).map_err(io)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(io)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(io)?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: gatewatch\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(io)?;
    let mut answer = Vec::new();
    stream.take(MAX_BYTES).read_to_end(&mut answer).map_err(io)?;
    let (status, body) = parse(&answer).ok_or_else(|| format!("{socket} does not speak HTTP"))?;
    match status {
        200 => Ok(Some(body)),
        404 => Ok(None),
        status => Err(format!("{socket} answered HTTP status {status}")),
    }
}

/// Status and body of an answer.
fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let body = &answer[end + 4..];
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let chunked = lines.any(|line| {
        let (name, value) = line.split_once(':').unwrap_or_default();
        name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked")
    });
    Some((status, if chunked { unchunked(body) } else { body.to_vec() }))
}

/// The bytes of chunks, as far as they are whole.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(rest.len());
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap_or_default();
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(end + 2..).and_then(|rest| rest.get(..size)).filter(|chunk| !chunk.is_empty())
        else {
            break;
        };
        body.extend_from_slice(chunk);
        rest = rest.get(end + 2 + size + 2..).unwrap_or_default();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_and_cut() {
        let plain = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!(plain, (200, b"{}".to_vec()));
        let answer =
            b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        assert_eq!(parse(answer).unwrap(), (404, b"abcde".to_vec()));
        for end in 0..answer.len() {
            let _any = parse(&answer[..end]);
        }
        assert_eq!(parse(b"SSH-2.0\r\n\r\n"), None);
    }
}

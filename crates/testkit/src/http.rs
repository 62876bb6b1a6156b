//! A small HTTP/1.1 client on `std` alone: for tests and load generators that speak to the built binary, one exact request
//! at a time. No redirects, no compression, no TLS; what it sends is what the caller wrote.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// Longest answer that is read; a test that gets more has found a fault.
const BODY_MAX_BYTES: usize = 256 << 20;
/// Longest status or header line.
const LINE_MAX_BYTES: u64 = 64 << 10;

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, with any chunked framing taken off.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text, with bytes that are no UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none; the message shows its beginning.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| {
            let start: String = self.text().chars().take(400).collect();
            format!("status {} with a body that is no JSON: {start:?}", self.status)
        })
    }

    /// The answer itself when its status is in the 200s.
    ///
    /// # Errors
    /// Otherwise, with the status and the beginning of the body.
    pub fn success(self) -> Result<Self> {
        if !(200..300).contains(&self.status) {
            let start: String = self.text().chars().take(400).collect();
            bail!("status {}: {start}", self.status);
        }
        Ok(self)
    }
}

/// A connection to a port on loopback that is kept open between requests.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    port: u16,
}

impl Connection {
    /// Connects to `127.0.0.1:port`. Each later read or write may take up to `patience`.
    ///
    /// # Errors
    /// When nothing listens there.
    pub fn open(port: u16, patience: Duration) -> Result<Self> {
        let stream =
            TcpStream::connect(("127.0.0.1", port)).with_context(|| format!("cannot connect to port {port}"))?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), port })
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// When the connection breaks, times out, or the answer is no HTTP.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-length: {}\r\n", self.port, body.len());
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        let stream = self.stream.get_mut();
        // A server may answer and close before it has read all of a refused body; its answer is what counts.
        let written = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        match (self.read_answer(method), written) {
            (Ok(answer), _) => Ok(answer),
            (Err(_), Err(error)) => Err(error).with_context(|| format!("cannot send {method} {path}")),
            (Err(error), Ok(())) => Err(error.context(format!("no answer to {method} {path}"))),
        }
    }

    fn read_answer(&mut self, method: &str) -> Result<Answer> {
        let mut status = self.status()?;
        let mut headers = self.headers()?;
        while status == 100 {
            status = self.status()?;
            headers = self.headers()?;
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        if method == "HEAD" || status == 204 || status == 304 || status == 101 {
            return Ok(answer);
        }
        if answer.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            self.read_chunks(&mut answer.body)?;
        } else if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().with_context(|| format!("content-length {length:?} is no number"))?;
            self.read_exactly(length, &mut answer.body)?;
        } else {
            self.stream.by_ref().take(BODY_MAX_BYTES as u64).read_to_end(&mut answer.body)?;
        }
        Ok(answer)
    }

    fn status(&mut self) -> Result<u16> {
        let line = self.line()?;
        let code = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        code.with_context(|| format!("expected an HTTP status line, found {line:?}"))
    }

    fn headers(&mut self) -> Result<Vec<(String, String)>> {
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(headers);
            }
            let (name, value) = line.split_once(':').with_context(|| format!("expected a header, found {line:?}"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.stream.by_ref().take(LINE_MAX_BYTES).read_line(&mut line)?;
        ensure!(read > 0, "the connection ended");
        Ok(line.trim_end().to_owned())
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>) -> Result<()> {
        loop {
            let line = self.line()?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16);
            let size = size.with_context(|| format!("expected a chunk size, found {line:?}"))?;
            self.read_exactly(size, body)?;
            if size == 0 {
                while !self.line()?.is_empty() {}
                return Ok(());
            }
            self.line()?;
        }
    }

    fn read_exactly(&mut self, length: usize, body: &mut Vec<u8>) -> Result<()> {
        ensure!(body.len() + length <= BODY_MAX_BYTES, "the answer is longer than {BODY_MAX_BYTES} bytes");
        let start = body.len();
        body.resize(start + length, 0);
        let target = body.get_mut(start..).context("the body was just made that long")?;
        self.stream.read_exact(target).context("the answer ended before its content-length")
    }
}

/// One request on a connection of its own.
///
/// # Errors
/// When nothing listens on the port, or no HTTP answer comes within ten seconds.
pub fn request(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
    let mut headers = headers.to_vec();
    headers.push(("connection", "close"));
    Connection::open(port, Duration::from_secs(10))?.send(method, path, &headers, body)
}

/// Percent-encodes a query parameter's value.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Answers one connection with fixed bytes.
    fn serve(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client comes");
            let mut seen = [0; 1024];
            let _read = stream.read(&mut seen).expect("it sends a request");
            stream.write_all(answer.as_bytes()).expect("it reads");
        });
        port
    }

    #[test]
    fn chunked_bodies_are_joined() {
        let port = serve("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
        assert_eq!(request(port, "GET", "/", &[], b"").expect("it answers").text(), "abcde");
    }

    #[test]
    fn a_body_without_length_ends_with_the_connection() {
        let port = serve("HTTP/1.1 503 Busy\r\nX-A: b\r\n\r\nrest");
        let answer = request(port, "GET", "/", &[], b"").expect("it answers");
        assert_eq!((answer.status, answer.header("x-a"), answer.text().as_str()), (503, Some("b"), "rest"));
    }

    #[test]
    fn query_values_are_encoded() {
        assert_eq!(encode("up{a=\"b c\"}"), "up%7Ba%3D%22b%20c%22%7D");
    }
}

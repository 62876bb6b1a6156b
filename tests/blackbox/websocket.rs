//! As much of a websocket client (RFC 6455) as it takes to listen: the handshake, then text frames.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Result, ensure};

use crate::outside::PATIENCE;

/// Longest message that is taken.
const MESSAGE_MAX_BYTES: u64 = 16 << 20;

/// An open websocket, from which messages are read.
#[derive(Debug)]
pub(crate) struct Websocket(BufReader<TcpStream>);

impl Websocket {
    /// Opens it on a port of loopback.
    pub(crate) fn open(port: u16, path: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )?;
        let mut reader = BufReader::new(stream);
        let (mut head, mut line) = (String::new(), String::new());
        while reader.read_line(&mut line)? > 2 {
            head.push_str(&line);
            line.clear();
        }
        ensure!(head.starts_with("HTTP/1.1 101"), "{head}");
        // Wire: the answer to the sample key of RFC 6455, section 1.3.
        ensure!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        Ok(Self(reader))
    }

    /// The next text message; pings and the like are passed over.
    pub(crate) fn text(&mut self) -> Result<String> {
        loop {
            let mut head = [0; 2];
            self.0.read_exact(&mut head)?;
            let (kind, short) = (head[0] & 0x0f, u64::from(head[1] & 0x7f));
            ensure!(head[1] & 0x80 == 0, "a server must not mask its frames");
            let length = match short {
                126 => u64::from(u16::from_be_bytes(self.bytes()?)),
                127 => u64::from_be_bytes(self.bytes()?),
                short => short,
            };
            ensure!(length <= MESSAGE_MAX_BYTES, "a message of {length} bytes");
            let mut payload = Vec::new();
            self.0.by_ref().take(length).read_to_end(&mut payload)?;
            ensure!(kind != 8, "the server closed: {}", String::from_utf8_lossy(&payload));
            if kind == 1 {
                return Ok(String::from_utf8(payload)?);
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

//! The gateway's access log: one JSON object a line with the fields that Traefik v3 writes, in a file that is rotated.

use std::path::{Path, PathBuf};

use gw_base::Timestamp;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::count::size;
use super::play::Exchange;

/// Size at which the file is moved aside.
const ROTATE_BYTES: u64 = 16 << 20;

/// The open file.
#[derive(Debug)]
pub(super) struct AccessLog {
    path: PathBuf,
    file: tokio::fs::File,
    bytes: u64,
    count: u64,
}

impl AccessLog {
    /// Opens the file, going on at its end.
    pub(super) async fn open(path: &Path) -> std::io::Result<Self> {
        let file = tokio::fs::OpenOptions::new().create(true).append(true).open(path).await?;
        let bytes = file.metadata().await?.len();
        Ok(Self { path: path.to_owned(), file, bytes, count: 0 })
    }

    /// Writes the lines of exchanges that began at the times given.
    pub(super) async fn write(&mut self, exchanges: &[(Timestamp, Exchange)]) -> std::io::Result<()> {
        let mut text = String::new();
        for (began, exchange) in exchanges {
            self.count += 1;
            text.push_str(&line(*began, exchange, self.count));
            text.push('\n');
        }
        self.file.write_all(text.as_bytes()).await?;
        self.file.flush().await?;
        self.bytes += text.len() as u64;
        if self.bytes > ROTATE_BYTES {
            tokio::fs::rename(&self.path, self.path.with_extension("log.1")).await?;
            let count = self.count;
            *self = Self { count, ..Self::open(&self.path).await? };
        }
        Ok(())
    }
}

/// Wire: keys in alphabetical order, durations in nanoseconds, ids only where tracing is on; as Traefik's JSON format.
fn line(began: Timestamp, exchange: &Exchange, count: u64) -> String {
    let operation = exchange.entry.operation;
    let (service, address) = (operation.service.name(), operation.service.address());
    let port = 40_000 + count % 20_000;
    json!({
        "ClientAddr": format!("{}:{port}", exchange.client),
        "ClientHost": exchange.client,
        "ClientPort": port.to_string(),
        "ClientUsername": "-",
        "DownstreamContentSize": size(exchange),
        "DownstreamStatus": exchange.status,
        "Duration": exchange.duration,
        "OriginContentSize": size(exchange),
        "OriginDuration": exchange.origin,
        "OriginStatus": exchange.status,
        "Overhead": exchange.duration - exchange.origin,
        "RequestAddr": "shop.example",
        "RequestContentSize": 0,
        "RequestCount": count,
        "RequestHost": "shop.example",
        "RequestMethod": operation.method,
        "RequestPath": encoded(&exchange.path),
        "RequestPort": "-",
        "RequestProtocol": "HTTP/2.0",
        "RequestScheme": "https",
        "RetryAttempts": 0,
        "RouterName": format!("{service}@docker"),
        "ServiceAddr": address,
        "ServiceName": format!("{service}@docker"),
        "ServiceURL": format!("http://{address}"),
        "SpanId": exchange.root.to_string(),
        "StartLocal": began.to_string(),
        "StartUTC": began.to_string(),
        "TLSCipher": "TLS_AES_128_GCM_SHA256",
        "TLSVersion": "1.3",
        "TraceId": exchange.trace.to_string(),
        "entryPointName": "websecure",
        "level": "info",
        "msg": "",
        "request_User-Agent": exchange.agent,
        "time": began.offset(exchange.duration).to_string(),
    })
    .to_string()
}

/// Wire: Traefik logs the path as it came over the wire, percent-encoded.
fn encoded(path: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
    path.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::play::{Weather, play};
    use super::super::random::Random;
    use super::super::shop::ENTRIES;
    use super::*;

    #[test]
    fn our_own_parser_reads_the_lines() {
        let exchange = play(&ENTRIES[2], &mut Random::new(3), Weather::default());
        let text = line(Timestamp::from_secs(1_700_000_000), &exchange, 1);
        let parser = gw_formats::access_log::line_parser("traefik-json").unwrap();
        let log = parser.parse(&text).unwrap();
        assert_eq!((log.status, log.router.as_deref()), (Some(exchange.status), Some("catalog@docker")));
        assert_eq!(log.trace, Some(exchange.trace));
    }
}

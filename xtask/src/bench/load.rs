//! Steady senders: log lines by Loki push and spans by OTLP/HTTP, at a fixed rate, each refusal counted.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use gw_testkit::http::Connection;

use super::product::Product;
use crate::environment::{clock, pause};

/// What a sender did.
#[derive(Default)]
pub(super) struct Counter {
    /// Rows that the product acknowledged.
    pub(super) acknowledged: AtomicU64,
    /// Rows that it refused, or that broke with the connection.
    pub(super) dropped: AtomicU64,
    /// Batches that came too late, because the one before took too long.
    pub(super) late: AtomicU64,
}

/// One sender: where to, how often, and how to make a batch.
pub(super) struct Sender {
    pub(super) port: u16,
    pub(super) path: &'static str,
    pub(super) every: Duration,
    /// Rows in a batch.
    pub(super) rows: u64,
    /// Makes batch number `n`.
    pub(super) body: fn(u64, u64) -> String,
}

/// Lines of about 250 bytes: 4 batches a second of 5,000 lines are 5 MB/s.
pub(super) const LOGS: Sender =
    Sender { port: 1004, path: "/loki/api/v1/push", every: Duration::from_millis(250), rows: 5_000, body: logs };

/// 2,000 spans a second.
pub(super) const SPANS: Sender =
    Sender { port: 4318, path: "/v1/traces", every: Duration::from_millis(250), rows: 500, body: spans };

impl Sender {
    /// Sends until told to stop.
    pub(super) fn run(&self, counter: &Counter, stop: &AtomicBool) -> Result<()> {
        let open = || Connection::open(Product::port(self.port), Duration::from_secs(30));
        let mut connection = open()?;
        let begun = clock();
        for batch in 0_u64.. {
            let due = self.every * u32::try_from(batch).unwrap_or(u32::MAX);
            match due.checked_sub(begun.elapsed()) {
                Some(rest) => pause(rest),
                None => drop(counter.late.fetch_add(1, Ordering::Relaxed)),
            }
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let body = (self.body)(batch, self.rows);
            let headers = [("content-type", "application/json")];
            let answer = connection.send("POST", self.path, &headers, body.as_bytes());
            let taken = answer.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status));
            if answer.is_err() {
                connection = open()?;
            }
            let side = if taken { &counter.acknowledged } else { &counter.dropped };
            side.fetch_add(self.rows, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Nanoseconds since 1970, now.
#[expect(clippy::disallowed_methods, reason = "the ban is for the product; a client stamps its own data")]
pub(super) fn now_nanos() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// Seconds since 1970, now.
pub(super) fn now_seconds() -> u64 {
    u64::try_from(now_nanos() / 1_000_000_000).unwrap_or(0)
}

/// Access-log lines with what makes real ones hard: ids that never come again, addresses that do, one error in fifty.
fn logs(batch: u64, rows: u64) -> String {
    let mut text = String::with_capacity(usize::try_from(rows).unwrap_or(0) * 300);
    text.push_str(r#"{"streams":[{"stream":{"job":"bench","host":"edge-1"},"values":["#);
    let now = now_nanos();
    for row in 0..rows {
        let noise = (batch * rows + row).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let comma = if row == 0 { "" } else { "," };
        let status = if row % 50 == 49 { 502 } else { 200 };
        write!(
            text,
            "{comma}[\"{}\",\"10.0.{}.{} - - GET /api/v1/thing/{} HTTP/1.1 {status} {} shop-{} request={noise:016x} agent=Mozilla/5.0 \
             (X11; Linux x86_64) AppleWebKit/537.36 upstream=http://10.1.0.{}:8080 duration={}ms referer=https://shop.test/cart/{}\"]",
            now + u128::from(row),
            noise >> 8 & 255,
            noise >> 16 & 255,
            noise >> 24 & 127,
            noise >> 32 & 65535,
            noise >> 40 & 31,
            noise >> 48 & 63,
            noise >> 50 & 1023,
            noise >> 20 & 4095
        )
        .expect("writing to a string cannot fail");
    }
    text.push_str("]}]}");
    text
}

/// Traces of five spans: a server span and four calls below it.
fn spans(batch: u64, rows: u64) -> String {
    let mut text = String::with_capacity(usize::try_from(rows).unwrap_or(0) * 500);
    text.push_str(
        r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"bench"}}]},"scopeSpans":[{"scope":{"name":"bench"},"spans":["#,
    );
    let now = now_nanos();
    for row in 0..rows {
        let (trace, place) = (batch * rows / 5 + row / 5 + 1, row % 5);
        let comma = if row == 0 { "" } else { "," };
        let parent = if place == 0 { String::new() } else { format!("\"parentSpanId\":\"{trace:012x}0001\",") };
        let start = now - 50_000_000 + u128::from(place) * 1_000_000;
        write!(
            text,
            "{comma}{{\"traceId\":\"{trace:032x}\",\"spanId\":\"{trace:012x}{:04x}\",{parent}\"name\":\"step {place}\",\"kind\":{},\
             \"startTimeUnixNano\":\"{start}\",\"endTimeUnixNano\":\"{}\",\"attributes\":[\
             {{\"key\":\"http.route\",\"value\":{{\"stringValue\":\"/api/v1/thing/{}\"}}}},\
             {{\"key\":\"http.response.status_code\",\"value\":{{\"intValue\":\"200\"}}}}]}}",
            place + 1,
            if place == 0 { 2 } else { 3 },
            start + 1_000_000 * u128::from(1 + trace % 40),
            trace % 128
        )
        .expect("writing to a string cannot fail");
    }
    text.push_str("]}]}]}");
    text
}

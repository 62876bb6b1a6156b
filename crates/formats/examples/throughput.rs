//! How fast each decoder is, on one core: `cargo run --release -p gw-formats --example throughput`.
//!
//! Bodies are made here, like those of real agents in size and shape. Bytes are those before compression.

use std::fmt::Write as _;

use gw_base::{Limits, SystemWorld, Timestamp, World as _};
use gw_formats::otlp::{LOGS, TRACES, Wire};
use gw_formats::protobuf::MessageWriter;
use gw_formats::{DecodeContext, Decoded, FormatError, exposition, loki, remote_write, zipkin};

/// Shortest time that a decoder is measured for, seconds.
const SECONDS: f64 = 1.0;

fn main() {
    let text = exposition_text();
    measure("prometheus text", text.as_bytes(), |body, context| decode(&exposition::TEXT, body, context));
    measure("prometheus text, parse only", text.as_bytes(), |body, _| {
        let mut nothing = Nothing;
        exposition::parse(body, exposition::Dialect::Text, &mut nothing)?;
        Ok(Decoded::default())
    });
    measure("remote write", &remote_write_body(), remote_write::decode_request);
    measure("loki push json", loki_body().as_bytes(), |body, context| {
        decode(&loki::LOKI_PUSH, body, &DecodeContext { content_type: "application/json", ..context.clone() })
    });
    measure("otlp traces protobuf", &traces_body(), |body, context| TRACES.decode_plain(Wire::Protobuf, body, context));
    measure("otlp logs protobuf", &logs_body(), |body, context| LOGS.decode_plain(Wire::Protobuf, body, context));
    measure("zipkin json", zipkin_body().as_bytes(), |body, context| decode(&zipkin::ZIPKIN, body, context));
}

struct Nothing;

impl exposition::Visitor for Nothing {
    fn sample(&mut self, sample: &exposition::Sample<'_>) -> Result<(), FormatError> {
        std::hint::black_box(sample);
        Ok(())
    }
}

fn decode(format: &dyn gw_formats::Format, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
    format.decode(body, context)
}

#[expect(clippy::print_stdout, reason = "printing is what this program is for")]
fn measure(name: &str, body: &[u8], decode: impl Fn(&[u8], &DecodeContext<'_>) -> Result<Decoded, FormatError>) {
    let world = SystemWorld::new(|_| Box::pin(std::future::ready(())));
    let limits = Limits::default();
    let context = DecodeContext::new(&limits, Timestamp::from_secs(1_700_000_000));
    let start = world.elapsed().as_secs_f64();
    let (mut bytes, mut rows, mut spent) = (0u64, 0u64, 0.0);
    while spent < SECONDS {
        let decoded = decode(body, &context).expect("the body was made for this format");
        rows += decoded.rows();
        bytes += body.len() as u64;
        spent = world.elapsed().as_secs_f64() - start;
    }
    println!("{name:28} {:8.0} MB/s {:12.0} rows/s", bytes as f64 / spent / 1e6, rows as f64 / spent);
}

fn exposition_text() -> String {
    let mut text = String::new();
    for family in 0..100 {
        writeln!(text, "# HELP metric_{family}_total Some help.\n# TYPE metric_{family}_total counter")
            .expect("String");
        for i in 0..100 {
            let labels = format!("code=\"200\",method=\"GET\",service=\"shop-{i}@docker\"");
            writeln!(text, "metric_{family}_total{{{labels}}} {}", i * 1_234_567).expect("String");
        }
    }
    text
}

fn remote_write_body() -> Vec<u8> {
    let mut request = MessageWriter::default();
    for i in 0..10_000 {
        request.message(1, |series| {
            let instance = format!("10.0.0.{}:9100", i % 250);
            let pod = format!("pod-{i}");
            let pairs = [("__name__", "http_requests_total"), ("code", "200"), ("instance", &instance), ("pod", &pod)];
            for (name, value) in pairs {
                series.message(1, |label| {
                    label.text(1, name).text(2, value);
                });
            }
            series.message(2, |sample| {
                sample.double(1, f64::from(i)).varint(2, 1_700_000_000_000);
            });
        });
    }
    request.finish()
}

fn loki_body() -> String {
    let mut body = String::from("{\"streams\":[");
    for stream in 0..10 {
        write!(
            body,
            "{}{{\"stream\":{{\"app\":\"shop\",\"pod\":\"pod-{stream}\"}},\"values\":[",
            if stream > 0 { "," } else { "" }
        )
        .expect("String");
        for i in 0..1000 {
            let line = format!(
                "level=info ts=2026-11-23T01:02:03.{i:03}Z caller=handler.go:{i} msg=\\\"request done\\\" path=/api/v1/items/{i} status=200 duration=12ms"
            );
            write!(body, "{}[\"17000000000000{i:05}\",\"{line}\"]", if i > 0 { "," } else { "" }).expect("String");
        }
        body.push_str("]}");
    }
    body + "]}"
}

fn attribute(writer: &mut MessageWriter, number: u32, key: &str, value: &str) {
    writer.message(number, |pair| {
        pair.text(1, key).message(2, |any| {
            any.text(1, value);
        });
    });
}

fn traces_body() -> Vec<u8> {
    let mut request = MessageWriter::default();
    request.message(1, |resource_spans| {
        resource_spans.message(1, |resource| attribute(resource, 1, "service.name", "shop"));
        resource_spans.message(2, |scope_spans| {
            for i in 0..10_000u64 {
                scope_spans.message(2, |span| {
                    span.bytes(1, &[7; 16]).bytes(2, &(i + 1).to_be_bytes()).text(5, "GET /api/items").varint(6, 2);
                    span.fixed64(7, 1_700_000_000_000_000_000 + i).fixed64(8, 1_700_000_000_001_000_000 + i);
                    for (key, value) in [
                        ("http.request.method", "GET"),
                        ("url.path", "/api/items/42"),
                        ("http.response.status_code", "200"),
                        ("server.address", "shop.example"),
                        ("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)"),
                    ] {
                        attribute(span, 9, key, value);
                    }
                });
            }
        });
    });
    request.finish()
}

fn logs_body() -> Vec<u8> {
    let mut request = MessageWriter::default();
    request.message(1, |resource_logs| {
        resource_logs.message(1, |resource| {
            attribute(resource, 1, "service.name", "shop");
            attribute(resource, 1, "host.name", "h1");
        });
        resource_logs.message(2, |scope_logs| {
            for i in 0..10_000u64 {
                scope_logs.message(2, |record| {
                    record.fixed64(1, 1_700_000_000_000_000_000 + i).varint(2, 9).text(3, "INFO");
                    record.message(5, |any| {
                        any.text(1, "request done path=/api/v1/items status=200 duration=12ms");
                    });
                    attribute(record, 6, "http.route", "/api/v1/items");
                    record.bytes(9, &[7; 16]).bytes(10, &[8; 8]);
                });
            }
        });
    });
    request.finish()
}

fn zipkin_body() -> String {
    let span = |i: u64| {
        format!(
            "{{\"traceId\":\"{:032x}\",\"id\":\"{:016x}\",\"kind\":\"SERVER\",\"name\":\"get /api\",\"timestamp\":1700000000000000,\"duration\":{i},\"localEndpoint\":{{\"serviceName\":\"shop\",\"ipv4\":\"10.0.0.1\"}},\"tags\":{{\"http.method\":\"GET\",\"http.path\":\"/api/items/{i}\"}}}}",
            i + 1,
            i + 1
        )
    };
    format!("[{}]", (0..10_000).map(span).collect::<Vec<_>>().join(","))
}

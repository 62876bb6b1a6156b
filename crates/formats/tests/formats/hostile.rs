//! Every decoder survives cut, changed and random bytes: an answer or an error, never a panic. Seeded, so that a failure
//! repeats.

use gw_base::{FakeWorld, Limits, World as _};
use gw_formats::{FORMATS, access_log, level};

use crate::{NOW, context, wire};

/// Mutations of each sample body.
const ROUNDS: usize = 10_000;

/// A valid body of every format: its name, content type and encoding, bytes.
fn bodies() -> Vec<(&'static str, &'static str, &'static str, Vec<u8>)> {
    let otlp_traces = br#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"n","kind":"SPAN_KIND_SERVER","startTimeUnixNano":"1","endTimeUnixNano":2,"attributes":[{"key":"l","value":{"arrayValue":{"values":[{"intValue":"1"},{"kvlistValue":{"values":[{"key":"k","value":{"bytesValue":"AAE="}}]}}]}}}],"events":[{"name":"e","timeUnixNano":"3"}],"status":{"code":2}}]}]}]}"#;
    let otlp_logs = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","severityNumber":9,"body":{"kvlistValue":{"values":[{"key":"a","value":{"doubleValue":0.5}}]}},"traceId":"0af7651916cd43dd8448eb211c80319c"}]}]}]}"#;
    let otlp_metrics = br#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeMetrics":[{"metrics":[{"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1","count":"3","sum":1.5,"bucketCounts":["1","2"],"explicitBounds":[1]}]}},{"name":"e","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1","count":"3","scale":2,"positive":{"offset":-1,"bucketCounts":["1","2"]}}]}}]}]}]}"#;
    vec![
        ("prometheus-text", "text/plain", "", b"# HELP a b\\n\n# TYPE a counter\na{b=\"c\\\"\",d=\"e\"} 1.5e3 1000\n{\"x.y\",\"z\"=\"\"} +Inf\n".to_vec()),
        ("openmetrics-text", "", "", b"# TYPE a counter\n# UNIT a_s s\na_total{b=\"c\"} 1 1.5 # {t=\"i\"} 0.5 1.2\n# EOF\n".to_vec()),
        ("prometheus-remote-write", "", "identity-snappy", wire::remote_write().finish()),
        ("loki-push", "application/x-protobuf", "identity-snappy", wire::loki_push().finish()),
        ("loki-push", "application/json", "", br#"{"streams":[{"stream":{"a":"b"},"values":[["1","line\n",{"m":"n"}],["2","x"]]},{"labels":"{a=\"b\"}","entries":[{"ts":"2026-01-01T00:00:00Z","line":"l"}]}]}"#.to_vec()),
        ("otlp-traces", "application/json", "", otlp_traces.to_vec()),
        ("otlp-logs", "application/json", "", otlp_logs.to_vec()),
        ("otlp-metrics", "application/json", "", otlp_metrics.to_vec()),
        ("zipkin-v2", "application/json", "", br#"[{"traceId":"a","id":"b","kind":"CLIENT","timestamp":1,"duration":2,"localEndpoint":{"serviceName":"s","port":1},"annotations":[{"timestamp":1,"value":"v"}],"tags":{"a":"b"},"shared":true}]"#.to_vec()),
        ("jaeger-thrift", "application/x-thrift", "", wire::jaeger_batch()),
    ]
}

fn decode(name: &str, content_type: &str, encoding: &str, body: &[u8]) {
    let format = FORMATS.iter().find(|format| format.about().name == name).expect("the format is listed");
    let limits = Limits { decoded_bytes: 1 << 20, ..Limits::default() };
    // Mutating compressed bytes would only try the decompressor, so messages are mutated first.
    let (body, encoding) = match encoding {
        "identity-snappy" => (gw_formats::remote_write::compress(body).unwrap(), "snappy"),
        encoding => (body.into(), encoding),
    };
    if let Ok(decoded) = format.decode(&body, &context(&limits, content_type, encoding)) {
        assert!(decoded.rows() < 1 << 20);
    }
}

fn mutate(body: &[u8], world: &FakeWorld) -> Vec<u8> {
    let mut bytes = body.to_vec();
    for _ in 0..=world.random() % 4 {
        let at = (world.random() % bytes.len().max(1) as u64) as usize;
        let byte = world.random() as u8;
        match world.random() % 6 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), byte),
            2 if !bytes.is_empty() => drop(bytes.remove(at)),
            3 => {
                let end = (at + (world.random() % 32) as usize).min(bytes.len());
                let copy = bytes.get(at..end).unwrap_or_default().to_vec();
                bytes.extend_from_slice(&copy);
            }
            4 if !bytes.is_empty() => bytes[at] = [0, 0xFF, 0x7F, 0x80, b'"', b'{', b'[', b'\\'][(byte % 8) as usize],
            _ if !bytes.is_empty() => bytes[at] ^= 1 << (byte % 8),
            _ => {}
        }
    }
    bytes
}

#[test]
fn mutated_bodies_do_no_harm() {
    for (i, (name, content_type, encoding, body)) in bodies().into_iter().enumerate() {
        decode(name, content_type, encoding, &body);
        for cut in 0..body.len() {
            decode(name, content_type, encoding, &body[..cut]);
        }
        let world = FakeWorld::new(NOW, i as u64);
        for _ in 0..ROUNDS {
            decode(name, content_type, encoding, &mutate(&body, &world));
        }
    }
}

#[test]
fn mutated_protobuf_of_otlp_does_no_harm() {
    use gw_formats::otlp::{LOGS, METRICS, TRACES, Wire};
    let limits = Limits::default();
    let messages = [wire::remote_write().finish(), wire::loki_push().finish(), vec![0x0A; 64]];
    for (i, format) in [&TRACES, &LOGS, &METRICS].into_iter().enumerate() {
        let world = FakeWorld::new(NOW, 100 + i as u64);
        for message in &messages {
            for _ in 0..ROUNDS {
                let body = mutate(message, &world);
                drop(format.decode_plain(Wire::Protobuf, &body, &context(&limits, "", "")));
            }
        }
    }
}

#[test]
fn mutated_lines_do_no_harm() {
    let lines: [&[u8]; 3] = [
        br#"10.0.0.7 - a [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/2.0" 502 2326 "-" "curl \"x\"" 17 "r@docker" "http://10.0.0.2:80" 5ms"#,
        br#"{"DownstreamStatus":200,"Duration":1500,"RequestMethod":"GET","ServiceURL":{"a":[1,{"b":null}]},"StartUTC":"2026-11-23T01:02:03Z"}"#,
        b"2026/11/23 01:02:03 [error] 12#0: level=\"warn\" lvl=",
    ];
    for (i, line) in lines.into_iter().enumerate() {
        let world = FakeWorld::new(NOW, 200 + i as u64);
        for _ in 0..ROUNDS {
            let bytes = mutate(line, &world);
            let text = String::from_utf8_lossy(&bytes);
            std::hint::black_box(level::detect(&text));
            for parser in access_log::LINE_PARSERS {
                std::hint::black_box(parser.parse(&text).map(|log| log.fields().count()));
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    let limits = Limits::default();
    let deep = |open: &str, close: &str, count: usize| open.repeat(count) + &close.repeat(count);
    let value = deep(r#"{"arrayValue":{"values":["#, "]}}", 2000);
    let body = format!(r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"a","value":{value}}}]}}}}]}}"#);
    let otlp = FORMATS.iter().find(|format| format.about().name == "otlp-traces").unwrap();
    assert!(otlp.decode(body.as_bytes(), &context(&limits, "application/json", "")).is_err());
    let loki = FORMATS.iter().find(|format| format.about().name == "loki-push").unwrap();
    assert!(loki.decode(deep("[", "]", 100_000).as_bytes(), &context(&limits, "application/json", "")).is_err());
}

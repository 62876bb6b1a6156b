//! Rows survive the way through bytes and back.

use gw_base::{Labels, Limits};
use gw_batch::{MetricType, MetricsView, SpansView};
use gw_formats::exposition::{Dialect, Writer, decode_with};
use gw_formats::jaeger::JAEGER_THRIFT;
use gw_formats::loki::LOKI_PUSH;
use gw_formats::remote_write::REMOTE_WRITE;
use gw_formats::zipkin::{ZIPKIN, write_span};
use gw_formats::{Decoded, Format};

use crate::{context, show, wire};

fn snappy(message: &[u8]) -> Vec<u8> {
    gw_formats::remote_write::compress(message).unwrap().into_owned()
}

#[test]
fn remote_write_is_read_whole() {
    let limits = Limits::default();
    let body = snappy(wire::remote_write().as_bytes());
    let decoded = REMOTE_WRITE.decode(&body, &context(&limits, "application/x-protobuf", "snappy")).unwrap();
    let expected = concat!(
        "{__name__=\"requests_total\", job=\"shop\"} @1000000000 1.5\n",
        "{__name__=\"requests_total\", job=\"shop\"} @2000000000 stale\n",
        "{__name__=\"requests_total\", job=\"shop\"} @1500000000 exemplar={trace_id=\"abc\"} 0.5 @1500000000\n",
        "{__name__=\"latency\"} @3000000000 Histogram { schema: 3, reset_hint: 2, zero_threshold: 0.001, zero_count: 1.0, ",
        "count: 6.0, sum: 12.5, positive_spans: [BucketSpan { offset: -2, length: 2 }], positive: [2.0, 3.0], ",
        "negative_spans: [], negative: [], custom_bounds: [] }\n",
        "meta {__name__=\"requests_total\"} counter unit=\"requests\" help=\"All requests.\"\n",
        "refused invalid_labels x1: invalid labels: series {job=\"nameless\"} has no metric name\n",
    );
    assert_eq!(show::decoded(&decoded), expected);
    for (content_type, encoding) in [
        ("application/json", "snappy"),
        ("application/x-protobuf;proto=io.prometheus.write.v3.Request", "snappy"),
        ("application/x-protobuf", "gzip"),
    ] {
        assert!(REMOTE_WRITE.decode(&body, &context(&limits, content_type, encoding)).is_err());
    }
}

#[test]
fn loki_protobuf_is_read_whole() {
    let limits = Limits::default();
    let body = snappy(wire::loki_push().as_bytes());
    let decoded = LOKI_PUSH.decode(&body, &context(&limits, "application/x-protobuf", "")).unwrap();
    let expected = concat!(
        "{environment=\"prod\", foo=\"bar2\"} @1570818238000000005 \"fizzbuzz level=warn\" severity=13 ",
        "trace=0af7651916cd43dd8448eb211c80319c {trace_id=\"0af7651916cd43dd8448eb211c80319c\"}\n",
        "refused invalid_labels x1: error parsing labels: 1:6: parse error: expected a quoted value, got \"}\"\n",
    );
    assert_eq!(show::decoded(&decoded), expected);
}

#[test]
fn jaeger_thrift_is_read_whole() {
    let limits = Limits::default();
    let decoded =
        JAEGER_THRIFT.decode(&wire::jaeger_batch(), &context(&limits, "application/x-thrift; x=y", "")).unwrap();
    let expected = concat!(
        "span 000000000000000052969a8955571a3f 0000000000647d98 parent=000000000068c4e3 \"api\" \"get\"\n",
        "  @1485467191639875000 +22938000 Server Error Jaeger\n",
        "  resource {service.name=\"api\", l=9223372036854775807}\n",
        "  attributes {span.kind=\"server\", d=float:0.5, error=true, l=9223372036854775807, b=bytes:\"ff00\", jaeger.flags=1}\n",
        "  event @1485467191639875000 \"retry\" {event=\"retry\"}\n",
        "  link 00000000000000000000000000000001 0000000000000002 \"\" {opentracing.ref_type=\"follows_from\"}\n",
    );
    assert_eq!(show::decoded(&decoded), expected);
}

fn text(body: &str, dialect: Dialect) -> Decoded {
    let limits = Limits::default();
    let labels = &mut |sample: &gw_formats::exposition::Sample<'_>| Ok(Some(sample.to_labels().unwrap()));
    decode_with(body.as_bytes(), dialect, &context(&limits, "", ""), labels).unwrap()
}

#[test]
fn exposition_text_is_read_as_written() {
    let values = [0.0, -0.0, 1e-7, 1e21, 123_456.789, f64::INFINITY, f64::NEG_INFINITY, 5e-324, f64::MAX];
    let mut writer = Writer::default();
    writer.family("odd", MetricType::Gauge, "back\\slash\nline");
    for (i, value) in values.iter().enumerate() {
        let i = i.to_string();
        writer.sample("odd", [("i", i.as_str()), ("quote", "a\"b\\c\nd"), ("utf", "é\u{0}")], *value);
    }
    writer.sample("utf.8 name", [("a.b", "c")], 1.0);
    let decoded = text(writer.as_str(), Dialect::Text);
    let view = MetricsView::of(&decoded.batches[0]).unwrap();
    for (row, value) in values.iter().enumerate() {
        assert_eq!(view.values.value(row).to_bits(), value.to_bits(), "{value}");
        let labels: Vec<_> = view.labels(row).collect();
        assert_eq!(labels[2..], [("quote", "a\"b\\c\nd"), ("utf", "é\u{0}")]);
    }
    let utf8 = Labels::from_pairs([("__name__", "utf.8 name"), ("a.b", "c")]);
    assert_eq!(view.series.value(view.keys[values.len()] as usize), utf8.as_bytes());
    assert_eq!(view.helps.value(values.len() + 1), "back\\slash\nline");
}

#[test]
fn zipkin_spans_come_back_as_they_were_sent() {
    let sent = concat!(
        r#"[{"traceId":"5296968955571a3f","parentId":"000000000068c4e3","id":"0000000000647d98","kind":"SERVER","#,
        r#""name":"get /","timestamp":1485467191639875,"duration":22938,"#,
        r#""localEndpoint":{"serviceName":"api","ipv4":"10.0.0.1","port":80},"#,
        r#""remoteEndpoint":{"serviceName":"web","ipv6":"2001:db8::1"},"#,
        r#""annotations":[{"timestamp":1485467191639876,"value":"ws"}],"#,
        r#""tags":{"error":"boom","http.path":"/\"x\""},"debug":true,"shared":true},"#,
        r#"{"traceId":"0af7651916cd43dd8448eb211c80319c","id":"0000000000000001","tags":{"peer.service":"own"}}]"#,
    );
    let limits = Limits::default();
    let decoded = ZIPKIN.decode(sent.as_bytes(), &context(&limits, "application/json", "")).unwrap();
    assert!(decoded.refused.is_empty());
    let view = SpansView::of(&decoded.batches[0]).unwrap();
    let mut back = String::from("[");
    for row in 0..view.len() {
        if row > 0 {
            back.push(',');
        }
        write_span(&mut back, &view.row(row));
    }
    back.push(']');
    assert_eq!(back, sent);
}

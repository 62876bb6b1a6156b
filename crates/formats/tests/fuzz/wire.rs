//! What comes over the wire: exposition texts and remote write.

use gw_base::{Labels, Limits, Tenant, Timestamp};
use gw_batch::{BucketSpan, Exemplar, Histogram, MetricType, MetricsBuilder};
use gw_formats::{DecodeContext, Decoded, Format, FormatError, exposition, remote_write};
use gw_testkit::fuzz::{Target, kind_of};

use crate::regressions;

fn outcome(decoded: &Result<Decoded, FormatError>) -> u64 {
    match decoded {
        Err(error) => kind_of(&error.to_string()),
        Ok(decoded) => {
            let rows = u64::from(decoded.rows().checked_ilog2().map_or(0, |log| log + 1));
            rows << 32 | decoded.refusal_message().map_or(0, |message| kind_of(&message)) & 0xFFFF_FFFF
        }
    }
}

fn decode(format: &dyn Format, input: &[u8], content_type: &str, encoding: &str) -> u64 {
    let limits = Limits { decoded_bytes: 1 << 20, body_bytes: 1 << 20, ..Limits::default() };
    let context = DecodeContext {
        content_type,
        content_encoding: encoding,
        ..DecodeContext::new(&limits, Timestamp::from_secs(1_700_000_000))
    };
    outcome(&format.decode(input, &context))
}

const TEXT: &[&[u8]] = &[
    b"# HELP a_total what\n# TYPE a_total counter\na_total{b=\"c\",d=\"\\\\\\\"\\n\"} 1.5 1700000000000\na_total 2\n",
    b"# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 0.7\nh_count 2\n",
    b"{\"a.b\",\"c.d\"=\"e\"} NaN\nx{} +Inf -5\n",
];
const OPEN_METRICS: &[&[u8]] = &[
    b"# HELP a what\n# TYPE a counter\n# UNIT a \na_total{b=\"c\"} 1 1700000000.123 # {trace_id=\"7\"} 0.5 1.5\na_created 5\n# EOF\n",
    b"# TYPE h gaugehistogram\nh_bucket{le=\"1.0\"} 1 # {} 0.1\nh_gsum 0.7\nh_gcount 2\n# TYPE i info\ni_info{v=\"1\"} 1\n# EOF\n",
    b"# TYPE s stateset\ns{s=\"on\"} 1\ns{s=\"off\"} 0\n# TYPE q summary\nq{quantile=\"0.5\"} 1\nq_count 1\nq_sum 2\n# EOF\n",
];
const TEXT_WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"\"",
    b"\\",
    b"\n",
    b" ",
    b",",
    b"=",
    b"# TYPE ",
    b"# HELP ",
    b"# UNIT ",
    b"# EOF\n",
    b" # {",
    b"NaN",
    b"+Inf",
    b"1e308",
    b"0x1p-2",
    b"_total",
    b"_bucket",
    b"le=\"",
    b"counter\n",
    b"histogram\n",
    b"\xC3\xA9",
    b"\xFF",
    b"\0",
    b"\r\n",
    b"-9223372036854775808",
    b"__name__",
];

#[test]
fn exposition_text() {
    let check = |input: &[u8]| decode(&exposition::TEXT, input, "text/plain; version=0.0.4", "");
    let mut seeds: Vec<Vec<u8>> = TEXT.iter().map(|text| text.to_vec()).collect();
    seeds.extend(regressions("exposition-text"));
    Target { name: "exposition-text", seeds, words: TEXT_WORDS, mend: |_| {}, check: &check }.run();
}

#[test]
fn open_metrics() {
    let check =
        |input: &[u8]| decode(&exposition::OPEN_METRICS, input, "application/openmetrics-text; version=1.0.0", "");
    let mut seeds: Vec<Vec<u8>> = OPEN_METRICS.iter().map(|text| text.to_vec()).collect();
    seeds.extend(regressions("open-metrics"));
    Target { name: "open-metrics", seeds, words: TEXT_WORDS, mend: |_| {}, check: &check }.run();
}

fn sample_request() -> Vec<u8> {
    let mut builder = MetricsBuilder::default();
    let up = builder.series(&Labels::from_pairs([("__name__", "up"), ("job", "a")]));
    (0..5).for_each(|second| builder.sample(up, Timestamp::from_secs(second), second as f64));
    let value = Histogram {
        schema: 2,
        count: 3.0,
        positive_spans: vec![BucketSpan { offset: -2, length: 2 }],
        positive: vec![1.0, 2.0],
        ..Histogram::default()
    };
    builder.histogram(up, Timestamp::from_secs(9), &value, None);
    let labels = Labels::from_pairs([("trace_id", "7")]);
    builder.exemplar(up, Timestamp::from_secs(9), &Exemplar { labels, value: 1.0, time: None });
    builder.metadata("up", MetricType::Gauge, "s", "help", Timestamp::EPOCH);
    remote_write::encode(&builder.finish(Tenant::default()))
}

/// A request of 2.0: symbols, then one series with a sample, a histogram, an exemplar and metadata.
fn sample_request_2() -> Vec<u8> {
    let mut message = Vec::new();
    for symbol in ["", "__name__", "up", "job", "a", "help"] {
        message.extend([4 << 3 | 2, symbol.len() as u8]);
        message.extend(symbol.bytes());
    }
    let mut series = vec![1 << 3 | 2, 4, 1, 2, 3, 4];
    series.extend([2 << 3 | 2, 12, 1 << 3 | 1]);
    series.extend(1.5f64.to_le_bytes());
    series.extend([2 << 3, 100, 3 << 3, 50].iter().take(3));
    series.extend([3 << 3 | 2, 4, 8, 3, 33, 0]);
    series.extend([4 << 3 | 2, 4, 1 << 3 | 2, 0, 3 << 3, 7]);
    series.extend([5 << 3 | 2, 4, 1 << 3, 1, 3 << 3, 5]);
    message.extend([5 << 3 | 2, series.len() as u8]);
    message.extend(series);
    message
}

const PROTOBUF_WORDS: &[&[u8]] = &[
    b"\x0A",
    b"\x12",
    b"\x1A",
    b"\x22",
    b"\x2A",
    b"\x09",
    b"\x10",
    b"\x08",
    b"\x0A\x00",
    b"__name__",
    b"\xFF\xFF\xFF\xFF\x0F",
    b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
    b"\x00\x00\x00\x00\x00\x00\xF0\x7F",
    b"\x02\x00\x00\x00\x00\x00\xF0\x7F",
];

/// Wraps a message as a snappy block, so that the fuzzer changes what is inside.
fn compressed(message: &[u8]) -> Vec<u8> {
    remote_write::compress(message).expect("small messages compress").into_owned()
}

#[test]
fn remote_write_1() {
    let check =
        |input: &[u8]| decode(&remote_write::REMOTE_WRITE, &compressed(input), "application/x-protobuf", "snappy");
    let mut seeds = vec![sample_request()];
    seeds.extend(regressions("remote-write-1"));
    Target { name: "remote-write-1", seeds, words: PROTOBUF_WORDS, mend: |_| {}, check: &check }.run();
}

#[test]
fn remote_write_2() {
    const TYPE: &str = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    let check = |input: &[u8]| decode(&remote_write::REMOTE_WRITE, &compressed(input), TYPE, "snappy");
    let mut seeds = vec![sample_request_2()];
    seeds.extend(regressions("remote-write-2"));
    Target { name: "remote-write-2", seeds, words: PROTOBUF_WORDS, mend: |_| {}, check: &check }.run();
}

#[test]
fn snappy_bodies() {
    let check = |input: &[u8]| decode(&remote_write::REMOTE_WRITE, input, "application/x-protobuf", "snappy");
    let seeds = vec![compressed(&sample_request()), compressed(&[0; 4096])];
    Target { name: "snappy-bodies", seeds, words: &[], mend: |_| {}, check: &check }.run();
}

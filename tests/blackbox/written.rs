//! The series of PromQL scripts as remote writes, 1.0 and 2.0: every kind of point, start times included.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use gw_testkit::http::Connection;
use gw_testkit::promqltest::{CounterResetHint, HistogramSpec, Load, LoadedSeries, Point};
use gw_testkit::protobuf::{bytes_field, double_field, number_field, packed_doubles, varint, zigzag};

use crate::wire::label_pairs;

/// Releases of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// 1.0, which has no start times.
    One,
    /// 2.0.
    Two,
}

/// Writes all series of a `load`; every one of them must be taken.
pub(crate) fn write(to: &mut Connection, load: &Load, release: Release) -> Result<()> {
    let series = load.all_series();
    let request = match release {
        Release::One => first(load.step_millis, &series),
        Release::Two => second(load.step_millis, &series),
    };
    let kind = match release {
        Release::One => ["application/x-protobuf", "0.1.0"],
        Release::Two => ["application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0"],
    };
    let headers =
        [("content-type", kind[0]), ("content-encoding", "snappy"), ("x-prometheus-remote-write-version", kind[1])];
    let body = snap::raw::Encoder::new().compress_vec(&request)?;
    let answer = to.send("POST", "/api/v1/write", &headers, &body)?;
    ensure!(answer.status == 204, "{release:?}: {} {}", answer.status, answer.text());
    Ok(())
}

fn first(step: i64, series: &[LoadedSeries]) -> Vec<u8> {
    let mut request = Vec::new();
    for one in series {
        let mut body = label_pairs(&one.labels);
        for (time, _, point) in points(step, one) {
            match point {
                Point::Missing => {}
                Point::Float(value) => bytes_field(&mut body, 2, &sample(*value, time, None)),
                Point::Histogram(spec) => bytes_field(&mut body, 4, &histogram(spec, time, None)),
            }
        }
        bytes_field(&mut request, 1, &body);
    }
    request
}

fn second(step: i64, series: &[LoadedSeries]) -> Vec<u8> {
    // Wire: number 0 is the empty text.
    let mut symbols: BTreeMap<&str, u64> = BTreeMap::from([("", 0)]);
    let mut table = vec![""];
    let mut written = Vec::new();
    for one in series {
        let (mut references, mut body) = (Vec::new(), Vec::new());
        for text in one.labels.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]) {
            let number = *symbols.entry(text).or_insert_with(|| {
                table.push(text);
                table.len() as u64 - 1
            });
            varint(&mut references, number);
        }
        bytes_field(&mut body, 1, &references);
        for (time, start, point) in points(step, one) {
            match point {
                Point::Missing => {}
                Point::Float(value) => bytes_field(&mut body, 2, &sample(*value, time, start)),
                Point::Histogram(spec) => bytes_field(&mut body, 3, &histogram(spec, time, start)),
            }
        }
        bytes_field(&mut written, 5, &body);
    }
    let mut request = Vec::new();
    table.iter().for_each(|text| bytes_field(&mut request, 4, text.as_bytes()));
    request.extend(written);
    request
}

/// The points of a series, each with its time and, where it is known, the time at which its counting started.
fn points(step: i64, series: &LoadedSeries) -> impl Iterator<Item = (i64, Option<i64>, &Point)> {
    (0..).zip(&series.points).map(move |(i, point)| {
        let offset = usize::try_from(i).ok().and_then(|i| *series.start_offsets_millis.get(i)?);
        (i * step, offset.map(|offset| i * step + offset), point)
    })
}

fn sample(value: f64, time: i64, start: Option<i64>) -> Vec<u8> {
    let mut out = Vec::new();
    double_field(&mut out, 1, value);
    signed_field(&mut out, 2, time);
    start.into_iter().for_each(|start| signed_field(&mut out, 3, start));
    out
}

/// Both releases number these fields alike; counts are floats.
fn histogram(spec: &HistogramSpec, time: i64, start: Option<i64>) -> Vec<u8> {
    let mut out = Vec::new();
    double_field(&mut out, 2, spec.count);
    double_field(&mut out, 3, spec.sum);
    number_field(&mut out, 4, zigzag(i64::from(spec.schema)));
    double_field(&mut out, 5, spec.zero_threshold);
    double_field(&mut out, 7, spec.zero_count);
    for (spans, counts, offset, buckets) in
        [(8, 10, spec.negative_offset, &spec.negative_buckets), (11, 13, spec.offset, &spec.buckets)]
    {
        if !buckets.is_empty() {
            let mut span = Vec::new();
            number_field(&mut span, 1, zigzag(i64::from(offset)));
            number_field(&mut span, 2, buckets.len() as u64);
            bytes_field(&mut out, spans, &span);
            packed_doubles(&mut out, counts, buckets);
        }
    }
    let hint = match spec.counter_reset_hint {
        Some(CounterResetHint::Unknown) | None => 0,
        Some(CounterResetHint::Reset) => 1,
        Some(CounterResetHint::NotReset) => 2,
        Some(CounterResetHint::Gauge) => 3,
    };
    number_field(&mut out, 14, hint);
    signed_field(&mut out, 15, time);
    packed_doubles(&mut out, 16, &spec.custom_values);
    start.into_iter().for_each(|start| signed_field(&mut out, 17, start));
    out
}

/// Negative numbers as the complement of two, in ten bytes.
fn signed_field(out: &mut Vec<u8>, number: u32, value: i64) {
    number_field(out, number, u64::from_ne_bytes(value.to_ne_bytes()));
}

//! Decoded rows as text for goldens: one line a row, the same for every format.

use std::fmt::Write as _;

use arrow_array::Array;
use gw_base::{Signal, labels::Iter};
use gw_batch::spans::{decode_events, decode_links};
use gw_batch::{Attributes, Batch, Histogram, LogsView, MetricType, MetricsView, SpansView, Value, is_stale};
use gw_formats::Decoded;

pub(crate) fn decoded(decoded: &Decoded) -> String {
    let mut out = String::new();
    for batch in &decoded.batches {
        match batch.signal() {
            Signal::Metrics => metrics(&mut out, batch),
            Signal::Logs => logs(&mut out, batch),
            Signal::Spans => spans(&mut out, batch),
            Signal::Events => {}
        }
    }
    for refusal in &decoded.refused {
        writeln!(out, "refused {} x{}: {}", refusal.reason, refusal.rows, refusal.message).unwrap();
    }
    out
}

fn labels(canonical: &[u8]) -> String {
    let pairs: Vec<String> = Iter::over(canonical).map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

fn attributes(encoded: &[u8]) -> String {
    let pairs: Vec<String> = Attributes::new(encoded)
        .iter()
        .map(|(key, value)| {
            let mut text = String::new();
            value.write_json(&mut text);
            let kind = match value {
                Value::Bytes(_) => "bytes:",
                Value::Float(_) => "float:",
                _ => "",
            };
            format!("{key}={kind}{text}")
        })
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

fn metrics(out: &mut String, batch: &Batch) {
    let view = MetricsView::of(batch).unwrap();
    for row in 0..batch.rows() {
        let series = labels(view.series.value(view.keys[row] as usize));
        if view.is_metadata(row) {
            let kind = MetricType::from_u8(view.types.value(row)).unwrap().as_str();
            let (unit, help) = (view.units.value(row), view.helps.value(row));
            writeln!(out, "meta {series} {kind} unit={unit:?} help={help:?}").unwrap();
            continue;
        }
        write!(out, "{series} @{}", view.times[row]).unwrap();
        if view.values.is_valid(row) {
            let value = view.values.value(row);
            if is_stale(value) {
                out.push_str(" stale");
            } else {
                write!(out, " {value}").unwrap();
            }
        }
        if view.histograms.is_valid(row) {
            write!(out, " {:?}", Histogram::decode(view.histograms.value(row)).unwrap()).unwrap();
        }
        if view.starts.is_valid(row) {
            write!(out, " start={}", view.starts.value(row)).unwrap();
        }
        if view.exemplar_labels.is_valid(row) {
            let own = labels(view.exemplar_labels.value(row));
            write!(out, " exemplar={own} {}", view.exemplar_values.value(row)).unwrap();
            if view.exemplar_times.is_valid(row) {
                write!(out, " @{}", view.exemplar_times.value(row)).unwrap();
            }
        }
        out.push('\n');
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn logs(out: &mut String, batch: &Batch) {
    let view = LogsView::of(batch).unwrap();
    for row in 0..batch.rows() {
        let stream = labels(view.streams.value(view.keys[row] as usize));
        write!(out, "{stream} @{} {:?}", view.times[row], view.lines.value(row)).unwrap();
        if view.observed.is_valid(row) {
            write!(out, " observed={}", view.observed.value(row)).unwrap();
        }
        if view.severities.is_valid(row) {
            write!(out, " severity={}", view.severities.value(row)).unwrap();
        }
        if view.traces.is_valid(row) {
            write!(out, " trace={}", hex(view.traces.value(row))).unwrap();
        }
        if view.spans.is_valid(row) {
            write!(out, " span={}", hex(view.spans.value(row))).unwrap();
        }
        if view.metadata.is_valid(row) {
            write!(out, " {}", labels(view.metadata.value(row))).unwrap();
        }
        out.push('\n');
    }
}

fn spans(out: &mut String, batch: &Batch) {
    let view = SpansView::of(batch).unwrap();
    for row in (0..view.len()).map(|row| view.row(row)) {
        let parent = row.parent.map_or_else(|| "-".to_owned(), |id| id.to_string());
        writeln!(out, "span {} {} parent={parent} {:?} {:?}", row.trace, row.span, row.service, row.name).unwrap();
        let (start, duration) = (row.start.nanos(), row.duration);
        writeln!(out, "  @{start} +{duration} {:?} {:?} {:?}", row.kind, row.status, row.source).unwrap();
        if row.status_message.is_some() || row.trace_state.is_some() {
            writeln!(out, "  message={:?} state={:?}", row.status_message, row.trace_state).unwrap();
        }
        for (name, cell) in [("resource", row.resource), ("scope", row.scope), ("attributes", row.attributes)] {
            if !cell.is_empty() {
                writeln!(out, "  {name} {}", attributes(cell)).unwrap();
            }
        }
        for (time, name, own) in row.events.into_iter().flat_map(decode_events) {
            writeln!(out, "  event @{} {name:?} {}", time.nanos(), attributes(&own)).unwrap();
        }
        for (trace, span, state, own) in row.links.into_iter().flat_map(decode_links) {
            writeln!(out, "  link {trace} {span} {state:?} {}", attributes(&own)).unwrap();
        }
    }
}

//! The payload of a record: all batches of one append that belong to one signal, as plain columns under zstd-1.
//!
//! Layout after decompression: `count`, then a batch each: tenant, rows, number of columns, the columns. A column is a
//! presence byte (all there, none there, or a bitmap follows) and its values: fixed-width ones as they lie in memory,
//! texts and bytes as lengths and then the bytes, dictionaries as values and then keys. All-null columns cost one byte.
//! Arrow's own IPC form repeats a schema of about two kilobytes a record, which single-line pushes would pay each time.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, DictionaryArray, FixedSizeBinaryArray, PrimitiveArray, RecordBatch, StringArray,
    new_null_array,
};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, TimeUnit};
use gw_base::{Signal, Tenant};
use gw_batch::Batch;

/// Largest payload after decompression that a reader believes.
const MAX_RAW_BYTES: usize = 1 << 30;
const ALL_VALID: u8 = 0;
const ALL_NULL: u8 = 1;
const BITMAP: u8 = 2;

/// Bytes that are no payload of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("payload of a write-ahead record does not decode")]
pub(crate) struct Malformed;

/// Encodes batches of one signal.
pub(crate) fn encode(batches: &[Batch]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(batches.iter().map(Batch::bytes).sum::<usize>() / 2);
    put_len(&mut raw, batches.len());
    for batch in batches {
        put_bytes(&mut raw, batch.tenant().as_str().as_bytes());
        put_len(&mut raw, batch.rows());
        put_len(&mut raw, batch.records().num_columns());
        batch.records().columns().iter().for_each(|column| put_column(&mut raw, column.as_ref()));
    }
    zstd::bulk::compress(&raw, 1).expect("compressing memory to memory cannot fail")
}

/// Decodes [`encode`]'s bytes.
pub(crate) fn decode(signal: Signal, payload: &[u8]) -> Result<Vec<Batch>, Malformed> {
    let size = zstd::zstd_safe::get_frame_content_size(payload).ok().flatten().ok_or(Malformed)?;
    let size = usize::try_from(size).ok().filter(|size| *size <= MAX_RAW_BYTES).ok_or(Malformed)?;
    let raw = zstd::bulk::decompress(payload, size).ok().ok_or(Malformed)?;
    let mut rest = raw.as_slice();
    let count = take_len(&mut rest)?;
    let batches = (0..count).map(|_| take_batch(&mut rest, signal)).collect::<Result<_, _>>()?;
    if rest.is_empty() { Ok(batches) } else { Err(Malformed) }
}

fn take_batch(rest: &mut &[u8], signal: Signal) -> Result<Batch, Malformed> {
    let tenant = std::str::from_utf8(take_bytes(rest)?).ok().and_then(|name| Tenant::new(name).ok());
    let rows = take_len(rest)?;
    let columns = take_len(rest)?;
    let schema = gw_batch::schema(signal);
    if columns > schema.fields().len() {
        return Err(Malformed);
    }
    let mut arrays = Vec::with_capacity(schema.fields().len());
    for (i, field) in schema.fields().iter().enumerate() {
        // A record of an older version has fewer columns; those that came later are optional.
        let array = if i < columns {
            take_column(rest, field.data_type(), rows)?
        } else {
            new_null_array(field.data_type(), rows)
        };
        arrays.push(array);
    }
    let records = RecordBatch::try_new(schema, arrays).ok().ok_or(Malformed)?;
    Batch::new(tenant.ok_or(Malformed)?, signal, records).ok().ok_or(Malformed)
}

fn put_column(out: &mut Vec<u8>, array: &dyn Array) {
    match array.null_count() {
        0 => out.push(ALL_VALID),
        nulls if nulls == array.len() => {
            out.push(ALL_NULL);
            return;
        }
        _ => {
            out.push(BITMAP);
            let bits: BooleanBuffer = (0..array.len()).map(|row| array.is_valid(row)).collect();
            out.extend_from_slice(&bits.values()[..array.len().div_ceil(8)]);
        }
    }
    match array.data_type() {
        DataType::UInt8 => put_fixed::<UInt8Type>(out, array),
        DataType::Int64 => put_fixed::<Int64Type>(out, array),
        DataType::Float64 => put_fixed::<Float64Type>(out, array),
        DataType::Timestamp(..) => put_fixed::<TimestampNanosecondType>(out, array),
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            put_variable(out, texts.value_offsets(), texts.value_data());
        }
        DataType::Binary => {
            let cells = array.as_binary::<i32>();
            put_variable(out, cells.value_offsets(), cells.value_data());
        }
        DataType::FixedSizeBinary(_) => {
            let cells = array.as_fixed_size_binary();
            (0..cells.len()).for_each(|row| out.extend_from_slice(cells.value(row)));
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_dictionary::<UInt32Type>();
            put_len(out, dictionary.values().len());
            put_column(out, dictionary.values().as_ref());
            put_fixed::<UInt32Type>(out, dictionary.keys());
        }
        other => unreachable!("no signal has a column of type {other}"),
    }
}

fn put_fixed<T: ArrowPrimitiveType>(out: &mut Vec<u8>, array: &dyn Array) {
    let values: &ScalarBuffer<T::Native> = array.as_primitive::<T>().values();
    out.extend_from_slice(values.inner().as_slice());
}

fn put_variable(out: &mut Vec<u8>, offsets: &[i32], data: &[u8]) {
    for pair in offsets.windows(2) {
        out.extend_from_slice(&(pair[1] - pair[0]).to_le_bytes());
    }
    out.extend_from_slice(&data[offsets[0].as_usize()..offsets[offsets.len() - 1].as_usize()]);
}

fn take_column(rest: &mut &[u8], data_type: &DataType, rows: usize) -> Result<ArrayRef, Malformed> {
    let nulls = match take(rest, 1)? {
        [ALL_VALID] => None,
        [ALL_NULL] => return null_column(data_type, rows),
        [BITMAP] => {
            let bits = take(rest, rows.div_ceil(8))?;
            Some(NullBuffer::new(BooleanBuffer::new(Buffer::from(bits), 0, rows)))
        }
        _ => return Err(Malformed),
    };
    Ok(match data_type {
        DataType::UInt8 => Arc::new(take_fixed::<UInt8Type>(rest, rows, nulls)?),
        DataType::Int64 => Arc::new(take_fixed::<Int64Type>(rest, rows, nulls)?),
        DataType::Float64 => Arc::new(take_fixed::<Float64Type>(rest, rows, nulls)?),
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            let times = take_fixed::<TimestampNanosecondType>(rest, rows, nulls)?;
            Arc::new(times.with_timezone_opt(zone.clone()))
        }
        DataType::Utf8 => {
            let (offsets, data) = take_variable(rest, rows)?;
            Arc::new(StringArray::try_new(offsets, data, nulls).ok().ok_or(Malformed)?)
        }
        DataType::Binary => {
            let (offsets, data) = take_variable(rest, rows)?;
            Arc::new(BinaryArray::try_new(offsets, data, nulls).ok().ok_or(Malformed)?)
        }
        DataType::FixedSizeBinary(width) => {
            let bytes = take(rest, rows.checked_mul(width.as_usize()).ok_or(Malformed)?)?;
            Arc::new(FixedSizeBinaryArray::try_new(*width, Buffer::from(bytes), nulls).ok().ok_or(Malformed)?)
        }
        DataType::Dictionary(_, value_type) => {
            let count = take_len(rest)?;
            let values = take_column(rest, value_type, count)?;
            let keys = take_fixed::<UInt32Type>(rest, rows, nulls)?;
            Arc::new(DictionaryArray::<UInt32Type>::try_new(keys, values).ok().ok_or(Malformed)?)
        }
        _ => return Err(Malformed),
    })
}

/// A column of nulls. Its rows cost no input, so they need a bound of their own.
fn null_column(data_type: &DataType, rows: usize) -> Result<ArrayRef, Malformed> {
    if rows > MAX_RAW_BYTES / 16 { Err(Malformed) } else { Ok(new_null_array(data_type, rows)) }
}

fn take_fixed<T: ArrowPrimitiveType>(
    rest: &mut &[u8],
    rows: usize,
    nulls: Option<NullBuffer>,
) -> Result<PrimitiveArray<T>, Malformed> {
    let bytes = take(rest, rows.checked_mul(size_of::<T::Native>()).ok_or(Malformed)?)?;
    // `Buffer::from` copies to an aligned allocation, which the scalar view needs.
    let values = ScalarBuffer::<T::Native>::new(Buffer::from(bytes), 0, rows);
    PrimitiveArray::try_new(values, nulls).ok().ok_or(Malformed)
}

fn take_variable(rest: &mut &[u8], rows: usize) -> Result<(OffsetBuffer<i32>, Buffer), Malformed> {
    let lengths = take(rest, rows.checked_mul(4).ok_or(Malformed)?)?;
    let mut offsets = Vec::with_capacity(rows + 1);
    let mut end = 0i32;
    offsets.push(end);
    for chunk in lengths.chunks_exact(4) {
        let length = i32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
        end = end.checked_add(length).filter(|_| length >= 0).ok_or(Malformed)?;
        offsets.push(end);
    }
    let data = take(rest, end.as_usize())?;
    Ok((OffsetBuffer::new(offsets.into()), Buffer::from(data)))
}

fn put_len(out: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("batches are bounded far below 2^32 rows");
    out.extend_from_slice(&length.to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_len(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (head, tail) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = tail;
    Ok(head)
}

fn take_len(rest: &mut &[u8]) -> Result<usize, Malformed> {
    let bytes = take(rest, 4)?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let length = take_len(rest)?;
    take(rest, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::{Labels, SpanId, Timestamp, TraceId};
    use gw_batch::{EventRow, EventsBuilder, LogRow, LogsBuilder, MetricType, MetricsBuilder, SpanRow, SpansBuilder};

    fn samples() -> Vec<Batch> {
        let mut metrics = MetricsBuilder::default();
        let series = metrics.series(&Labels::from_pairs([("__name__", "up"), ("job", "상점")]));
        metrics.sample(series, Timestamp::from_secs(1), f64::from_bits(gw_batch::STALE_NAN_BITS));
        metrics.metadata("up", MetricType::Gauge, "", "도움말", Timestamp::EPOCH);
        let mut logs = LogsBuilder::default();
        let stream = logs.stream(&Labels::from_pairs([("app", "a")]));
        for i in 0..20 {
            let trace = (i % 3 == 0).then_some(TraceId([i; 16]));
            logs.push(stream, &LogRow { line: "줄", trace, ..LogRow::default() });
        }
        let mut spans = SpansBuilder::default();
        spans.push(&SpanRow { service: "s", parent: Some(SpanId([3; 8])), attributes: &[1], ..SpanRow::default() });
        let mut events = EventsBuilder::default();
        events.push(&Labels::empty(), &EventRow { kind: "k", value: Some(-0.0), ..EventRow::default() });
        let tenant = Tenant::default;
        vec![metrics.finish(tenant()), logs.finish(tenant()), spans.finish(tenant()), events.finish(tenant())]
    }

    #[test]
    fn batches_round_trip() {
        for batch in samples() {
            let both = vec![batch.clone(), batch.with_tenant(Tenant::new("b").unwrap())];
            assert_eq!(format!("{:?}", decode(both[0].signal(), &encode(&both)).unwrap()), format!("{both:?}"));
        }
    }

    #[test]
    fn a_slice_is_written_as_what_it_shows() {
        let logs = &samples()[1];
        let part = Batch::new(Tenant::default(), Signal::Logs, logs.records().slice(3, 5)).unwrap();
        assert_eq!(decode(Signal::Logs, &encode(std::slice::from_ref(&part))).unwrap(), [part]);
    }

    #[test]
    fn hostile_payloads_are_refused() {
        for batch in samples() {
            let signal = batch.signal();
            let raw = zstd::bulk::decompress(&encode(&[batch]), 1 << 20).unwrap();
            for at in 0..raw.len() {
                for flip in [0x01, 0x80, 0xFF] {
                    let mut bytes = raw.clone();
                    bytes[at] ^= flip;
                    // Some flips hit plain values; the point is that none panics or allocates without bound.
                    drop(decode(signal, &zstd::bulk::compress(&bytes, 1).unwrap()));
                }
                assert!(decode(signal, &zstd::bulk::compress(&raw[..at], 1).unwrap()).is_err());
            }
            assert!(decode(signal, &raw).is_err());
        }
    }
}

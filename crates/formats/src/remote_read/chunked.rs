//! The stream of `ChunkedReadResponse` frames: length, checksum, message.

use gw_base::Timestamp;
use gw_batch::{Histogram, SeriesRow};

use super::put_labels;
use crate::crc32c;
use crate::protobuf::{MessageWriter, put_varint};
use crate::tsdb::chunk::HistogramChunk;
use crate::xor_chunk::{SAMPLES_PER_CHUNK, XorEncoder};

/// Wire: number of the encoding in `prometheus.Chunk`, as in a block.
const XOR: u8 = 1;

/// Cuts series into chunks and chunks into frames.
#[derive(Debug, Clone, Copy)]
pub struct ChunkedWriter {
    /// Bytes from which on a frame is sent; a chunk is never split.
    frame_bytes: usize,
}

/// A chunk that is ready.
struct Chunk {
    first: i64,
    last: i64,
    encoding: u8,
    data: Vec<u8>,
}

impl ChunkedWriter {
    /// A writer of frames of about this size.
    #[must_use]
    pub const fn new(frame_bytes: usize) -> Self {
        Self { frame_bytes }
    }

    /// The frames of a series of [`gw_batch::Shape::Samples`] that answers query number `query`.
    #[must_use]
    pub fn series(self, query: usize, labels: &[(&str, &str)], row: &SeriesRow<'_>) -> Vec<u8> {
        let mut frames = Vec::new();
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        for chunk in chunks(row) {
            bytes += chunk.data.len();
            waiting.push(chunk);
            if bytes >= self.frame_bytes {
                put_frame(&mut frames, query, labels, &waiting);
                waiting.clear();
                bytes = 0;
            }
        }
        if !waiting.is_empty() {
            put_frame(&mut frames, query, labels, &waiting);
        }
        frames
    }
}

/// Floats and histograms of a series take turns in chunks of their own.
fn chunks(row: &SeriesRow<'_>) -> Vec<Chunk> {
    let Some(times) = row.times else { return Vec::new() };
    let millis = |item: usize| Timestamp::from_nanos(times[item]).millis();
    let histograms: Vec<(usize, Histogram)> =
        (0..row.len()).filter_map(|item| row.histogram(item).map(|histogram| (item, histogram))).collect();
    let mut cutter = Cutter::default();
    let mut next = histograms.iter().peekable();
    for item in 0..row.len() {
        if let Some(value) = row.value(item) {
            cutter.float(millis(item), value);
        } else if let Some((_, histogram)) = next.next_if(|(at, _)| *at == item) {
            cutter.histogram(millis(item), histogram);
        }
    }
    cutter.finish()
}

/// Cuts samples into chunks.
#[derive(Default)]
struct Cutter<'a> {
    done: Vec<Chunk>,
    floats: XorEncoder,
    times: (i64, i64),
    histograms: HistogramChunk<'a>,
    last: Option<&'a Histogram>,
}

impl<'a> Cutter<'a> {
    fn float(&mut self, millis: i64, value: f64) {
        self.end_histograms();
        if self.floats.is_empty() {
            self.times.0 = millis;
        }
        self.times.1 = millis;
        self.floats.push(millis, value);
        if self.floats.len() == SAMPLES_PER_CHUNK {
            self.end_floats();
        }
    }

    fn histogram(&mut self, millis: i64, histogram: &'a Histogram) {
        self.end_floats();
        let full = self.histograms.len() >= SAMPLES_PER_CHUNK;
        if self.histograms.is_empty() || full || !self.histograms.push(millis, histogram) {
            self.end_histograms();
            self.histograms = HistogramChunk::after(self.last, (millis, histogram));
        }
        self.last = Some(histogram);
    }

    fn end_floats(&mut self) {
        if !self.floats.is_empty() {
            let data = std::mem::take(&mut self.floats).finish();
            self.done.push(Chunk { first: self.times.0, last: self.times.1, encoding: XOR, data });
        }
    }

    fn end_histograms(&mut self) {
        let chunk = std::mem::take(&mut self.histograms);
        if let Some((first, last)) = chunk.times() {
            let (encoding, data) = chunk.finish();
            self.done.push(Chunk { first, last, encoding, data });
        }
    }

    fn finish(mut self) -> Vec<Chunk> {
        self.end_floats();
        self.end_histograms();
        self.done
    }
}

fn put_frame(frames: &mut Vec<u8>, query: usize, labels: &[(&str, &str)], chunks: &[Chunk]) {
    let mut message = MessageWriter::default();
    message.message(1, |series| {
        put_labels(series, labels.iter().copied());
        for chunk in chunks {
            series.message(2, |message| {
                message.varint(1, chunk.first.cast_unsigned()).varint(2, chunk.last.cast_unsigned());
                message.varint(3, u64::from(chunk.encoding)).bytes(4, &chunk.data);
            });
        }
    });
    message.varint(2, query as u64);
    let bytes = message.as_bytes();
    put_varint(frames, bytes.len() as u64);
    frames.extend_from_slice(&crc32c::checksum(bytes).to_be_bytes());
    frames.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::Fields;
    use gw_base::Labels;
    use gw_batch::SamplesBuilder;

    #[test]
    fn frames_hold_every_sample() {
        let labels = Labels::from_pairs([("__name__", "up")]);
        let mut builder = SamplesBuilder::default();
        builder.push(labels.as_bytes(), (0..300).map(|i| (i * 15_000_000_000, Some(i as f64), None)));
        let batch = builder.finish();
        let row = SeriesRow::iter(&batch).next().unwrap();
        // One byte a frame: every chunk goes alone.
        let frames = ChunkedWriter::new(1).series(0, &[("__name__", "up")], &row);
        let (mut rest, mut seen, mut count) = (frames.as_slice(), Vec::new(), 0);
        while !rest.is_empty() {
            let low = usize::from(rest[0] & 0x7F);
            let (length, head) = if rest[0] < 0x80 { (low, 1) } else { (low | usize::from(rest[1]) << 7, 2) };
            let sum = u32::from_be_bytes(rest[head..head + 4].try_into().unwrap());
            let message = &rest[head + 4..head + 4 + length];
            assert_eq!(sum, crc32c::checksum(message));
            let series = Fields::new(message).next_field().unwrap().unwrap();
            let mut fields = series.message().unwrap();
            while let Some(field) = fields.next_field().unwrap() {
                if field.number == 2 {
                    let mut parts = field.message().unwrap();
                    while let Some(part) = parts.next_field().unwrap() {
                        if part.number == 4 {
                            let samples = crate::xor_chunk::decode(part.bytes().unwrap()).unwrap();
                            seen.extend(samples.map(Result::unwrap));
                        }
                    }
                }
            }
            rest = &rest[head + 4 + length..];
            count += 1;
        }
        assert_eq!((count, seen.len(), seen[299]), (3, 300, (299 * 15_000, 299.0)));
    }
}

//! Chunks come back as they went in, and damaged ones are errors.

use super::*;
use gw_batch::histogram::CUSTOM_BUCKETS;
use gw_batch::{BucketSpan, STALE_NAN_BITS};

fn read(encoding: u8, bytes: &[u8]) -> Result<Vec<Sample>, Fault> {
    let mut samples = Vec::new();
    decode(encoding, bytes, |sample| samples.push(sample)).map(|()| samples)
}

fn sample(step: u32) -> Histogram {
    let step = f64::from(step);
    Histogram {
        schema: 3,
        zero_threshold: 2f64.powi(-128),
        zero_count: step,
        count: 7.0 + 6.0 * step,
        sum: 0.1 + step * 3.3,
        positive_spans: vec![BucketSpan { offset: -2, length: 2 }, BucketSpan { offset: 3, length: 1 }],
        positive: vec![1.0 + step, 4.0 + step, step],
        negative_spans: vec![BucketSpan { offset: 0, length: 1 }],
        negative: vec![2.0 + step * 2.0],
        ..Histogram::default()
    }
}

fn round_trip(histograms: &[Histogram], encoding: u8) {
    let mut chunk = HistogramChunk::after(None, (-1000, &histograms[0]));
    for (i, histogram) in histograms.iter().enumerate().skip(1) {
        assert!(chunk.push(i as i64 * 15_000 + (i as i64 % 3), histogram), "sample {i}");
    }
    let (written, bytes) = chunk.finish();
    assert_eq!(written, encoding);
    let samples = read(encoding, &bytes).unwrap();
    assert_eq!(samples.len(), histograms.len());
    for (i, (sample, histogram)) in samples.iter().zip(histograms).enumerate() {
        let Value::Histogram(read) = &sample.value else { panic!("a histogram went in") };
        let mut wanted = histogram.clone();
        if gw_batch::is_stale(histogram.sum) {
            wanted = Histogram { sum: histogram.sum, ..Histogram::default() };
        } else if wanted.reset_hint == 0 && i > 0 {
            wanted.reset_hint = 2;
        }
        assert_eq!(read.encode(), wanted.encode(), "sample {i}");
    }
    for cut in 0..bytes.len() {
        assert!(read(encoding, &bytes[..cut]).is_err() || cut + 1 == bytes.len(), "cut at {cut}");
    }
}

#[test]
fn histograms_come_back_bit_for_bit() {
    let stale = Histogram { sum: f64::from_bits(STALE_NAN_BITS), ..Histogram::default() };
    let mut whole: Vec<Histogram> = (0..50).map(|i| sample(i * i)).collect();
    whole.extend([stale.clone(), stale.clone()]);
    round_trip(&whole, HISTOGRAM);
    let mut fractions: Vec<Histogram> =
        (0..50).map(|i| Histogram { zero_count: f64::from(i) / 7.0, ..sample(i) }).collect();
    fractions.push(stale.clone());
    round_trip(&fractions, FLOAT_HISTOGRAM);
    round_trip(&[stale], HISTOGRAM);
    let custom = Histogram {
        schema: CUSTOM_BUCKETS,
        count: 3.0,
        sum: 1.0,
        positive_spans: vec![BucketSpan { offset: 0, length: 4 }],
        positive: vec![1.0, 2.0, 0.0, 0.0],
        custom_bounds: vec![-1.5, 0.005, 1.0 / 3.0, 33_554.431],
        ..Histogram::default()
    };
    round_trip(&[custom.clone(), custom], HISTOGRAM);
    let gauges: Vec<Histogram> = [9, 3, 5].map(|i| Histogram { reset_hint: 3, ..sample(i) }).to_vec();
    round_trip(&gauges, HISTOGRAM);
    round_trip(&[Histogram { zero_threshold: 0.3, ..sample(1) }], HISTOGRAM);
}

#[test]
fn what_needs_a_chunk_of_its_own_is_refused() {
    let (three, five) = (sample(3), sample(5));
    let (coarse, said) = (Histogram { schema: 2, ..sample(9) }, Histogram { reset_hint: 1, ..sample(9) });
    let mut chunk = HistogramChunk::after(None, (0, &five));
    assert!(!chunk.push(1, &three), "counts fell");
    assert!(!chunk.push(1, &coarse), "another layout");
    assert!(!chunk.push(1, &said), "said to be reset");
    assert_eq!(chunk.len(), 1);
    let reset = HistogramChunk::after(Some(&five), (1, &three));
    let (encoding, bytes) = reset.finish();
    let samples = read(encoding, &bytes).unwrap();
    let Value::Histogram(read) = &samples[0].value else { panic!("a histogram went in") };
    assert_eq!(read.reset_hint, 1);
}

#[test]
fn hostile_chunks_are_errors_and_take_no_memory() {
    let wide = Histogram { positive_spans: vec![BucketSpan { offset: 0, length: u32::MAX }], ..Histogram::default() };
    let (_, bytes) = HistogramChunk::after(None, (0, &wide)).finish();
    assert!(matches!(read(HISTOGRAM, &bytes), Err(Fault::Malformed(_))));
    assert_eq!(read(7, &[]), Err(Fault::Version(7)));
    for encoding in [XOR, HISTOGRAM, FLOAT_HISTOGRAM, XOR2, HISTOGRAM_WITH_STARTS, FLOAT_HISTOGRAM_WITH_STARTS] {
        assert!(read(encoding, &[0]).is_err());
        let mut state = 1u64;
        for _ in 0..200 {
            let bytes: Vec<u8> = (0..64)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 56) as u8
                })
                .collect();
            drop(read(encoding, &bytes));
        }
    }
}

#[test]
fn floats_with_start_times_are_read() {
    // Three samples: 1000 with start 400, then two of the same value 1.0, the third with another start.
    let mut out = xor_chunk::BitWriter::after(vec![0, 3, 0x80 | 2]);
    out.varint(1000);
    out.bits(1f64.to_bits(), 64);
    out.varint(600);
    out.uvarint(500);
    out.bits(0, 1);
    out.bits(0, 1);
    varbit::write_signed(&mut out, 1500 - 1450);
    let samples = read(XOR2, &out.finish()).unwrap();
    let told: Vec<(i64, i64)> = samples.iter().map(|sample| (sample.time, sample.start)).collect();
    assert_eq!(told, [(1000, 400), (1500, 400), (2000, 1450)]);
    assert!(samples.iter().all(|sample| sample.value == Value::Float(1.0)));
}

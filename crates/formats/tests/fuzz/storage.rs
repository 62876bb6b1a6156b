//! Prometheus' storage: index, chunks, records of the log, files of the head. Checksums are mended after each mutation, so
//! that what lies behind them is reached.

use gw_base::Labels;
use gw_batch::{BucketSpan, Histogram};
use gw_formats::tsdb::chunk::{self, HistogramChunk};
use gw_formats::tsdb::{
    ChunkMeta, Entry, HeadSegment, Index, IndexSeries, Meta, Tombstones, WalSegment, record, write_index,
};
use gw_formats::{crc32c, xor_chunk};
use gw_testkit::fuzz::{Target, kind_of};

use crate::regressions;

/// Walks at most this many items: a hostile file may have many, each within its bounds.
const ITEMS: usize = 100_000;

fn index() -> Vec<u8> {
    let mut series: Vec<IndexSeries> = (0..6u64)
        .map(|i| IndexSeries {
            labels: Labels::from_pairs([("__name__", "up"), ("pod", &format!("pod-{i}"))]),
            chunks: (0..i as i64)
                .map(|n| ChunkMeta { min: n * 10, max: n * 10 + 9, reference: n as u64 * 50 })
                .collect(),
        })
        .collect();
    series.sort_by(|a, b| gw_formats::tsdb::order(&a.labels, &b.labels));
    let mut file = Vec::new();
    write_index(&series, &mut file).expect("memory takes it");
    file
}

/// Sets the checksums of symbols, series and table of contents to what the bytes give.
#[expect(clippy::ptr_arg, reason = "a target may make its file longer")]
fn mend_index(file: &mut Vec<u8>) {
    let Some(toc) = file.len().checked_sub(52) else { return };
    let word = |file: &[u8], at: usize| -> usize {
        let bytes = file.get(at..at + 8).and_then(|bytes| bytes.first_chunk::<8>());
        bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes) as usize)
    };
    let (symbols, mut series, end) = (word(file, toc), word(file, toc + 8), word(file, toc + 32));
    if let Some(length) = file.get(symbols..).and_then(|bytes| bytes.first_chunk::<4>()) {
        let length = u32::from_be_bytes(*length) as usize;
        seal(file, symbols.saturating_add(4), length);
    }
    while series < end.min(toc) {
        let length = usize::from(file.get(series).copied().unwrap_or_default());
        if length == 0 || length >= 0x80 {
            series += 1;
            continue;
        }
        seal(file, series + 1, length);
        series += 1 + length + 4;
    }
    seal(file, toc, 48);
}

/// Writes the checksum of `length` bytes behind them.
fn seal(file: &mut [u8], at: usize, length: usize) {
    let end = at.saturating_add(length);
    let Some(checksum) = file.get(at..end).map(crc32c::checksum) else { return };
    if let Some(place) = file.get_mut(end..).and_then(|rest| rest.first_chunk_mut::<4>()) {
        *place = checksum.to_be_bytes();
    }
}

#[test]
fn block_index() {
    let check = |input: &[u8]| -> u64 {
        let mut opened = match Index::open(input) {
            Ok(opened) => opened,
            Err(error) => return kind_of(&error.to_string()),
        };
        let (mut entry, mut outcome) = (Entry::default(), 0u64);
        for _ in 0..ITEMS {
            match opened.next_series(&mut entry) {
                Ok(true) => {
                    assert!(Labels::from_bytes(&entry.labels).is_ok(), "labels that are handed out are canonical");
                    outcome += 1 + entry.chunks.len() as u64;
                }
                Ok(false) => break,
                Err(error) => outcome ^= kind_of(&error.to_string()),
            }
        }
        outcome
    };
    let mut seeds = vec![index()];
    seeds.extend(regressions("block-index"));
    Target { name: "block-index", seeds, words: &[], mend: mend_index, check: &check }.run();
}

fn chunks() -> Vec<Vec<u8>> {
    let floats: Vec<(i64, f64)> = (0..60).map(|i| (i * 15_000 + i % 3, (i * i) as f64 / 3.0)).collect();
    let tagged = |(encoding, data): (u8, Vec<u8>)| [vec![encoding], data].concat();
    let histogram = |i: u32, fraction: f64| Histogram {
        schema: 3,
        count: f64::from(i) * 3.0,
        sum: f64::from(i),
        positive_spans: vec![BucketSpan { offset: -1, length: 2 }, BucketSpan { offset: 2, length: 1 }],
        positive: vec![f64::from(i), f64::from(i) + fraction, f64::from(i)],
        ..Histogram::default()
    };
    let mut seeds = vec![tagged((chunk::XOR, xor_chunk::encode(&floats)))];
    for fraction in [0.0, 0.5] {
        let all: Vec<Histogram> = (0..20).map(|i| histogram(i, fraction)).collect();
        let mut writer = HistogramChunk::after(None, (0, &all[0]));
        all.iter().zip(1..).skip(1).for_each(|(one, time)| assert!(writer.push(time * 15_000, one)));
        let (encoding, data) = writer.finish();
        seeds.push(tagged((encoding, data.clone())));
        seeds.push(tagged((encoding + 3, data)));
    }
    seeds.push(tagged((chunk::XOR2, [&[0, 60, 0x82][..], &xor_chunk::encode(&floats)[2..]].concat())));
    seeds
}

#[test]
fn chunk_bits() {
    let check = |input: &[u8]| -> u64 {
        let Some((encoding, data)) = input.split_first() else { return 0 };
        let mut samples = 0u64;
        let result = chunk::decode(*encoding, data, |_sample| samples += 1);
        let told = result.err().map_or(0, |fault| kind_of(&fault.to_string()));
        told ^ (u64::from(*encoding) << 8) ^ u64::from(samples.checked_ilog2().map_or(0, |log| log + 1))
    };
    let mut seeds = chunks();
    seeds.extend(regressions("chunk-bits"));
    Target { name: "chunk-bits", seeds, words: &[], mend: |_| {}, check: &check }.run();
}

fn records() -> Vec<Vec<u8>> {
    let mut series = vec![record::kind::SERIES];
    series.extend(7u64.to_be_bytes());
    series.extend(b"\x02\x08__name__\x02up\x03job\x01a");
    let base = |kind: u8| [&[kind][..], &7u64.to_be_bytes(), &1000u64.to_be_bytes(), &[0, 2]].concat();
    let mut exemplar = base(record::kind::EXEMPLARS);
    exemplar.extend(1.5f64.to_be_bytes());
    exemplar.extend(b"\x01\x08trace_id\x017");
    let histogram = |kind: u8| {
        let mut bytes = base(kind);
        bytes.extend([0, 6]);
        bytes.extend(0.001f64.to_be_bytes());
        bytes.extend([1, 9]);
        bytes.extend(2.5f64.to_be_bytes());
        bytes.extend([2, 0, 2, 2, 1, 0, 3, 4, 2, 1, 0]);
        bytes
    };
    let mut starts = vec![record::kind::SAMPLES_WITH_STARTS, 14, 20, 10];
    starts.extend([&1.5f64.to_be_bytes()[..], &[2, 2, 2, 9], &2.5f64.to_be_bytes()].concat());
    let metadata = b"\x06\x07\x01\x02\x04UNIT\x01s\x04HELP\x03abc".to_vec();
    let stones = [&[record::kind::TOMBSTONES][..], &7u64.to_be_bytes(), &[2, 20]].concat();
    vec![
        series,
        exemplar,
        histogram(record::kind::HISTOGRAMS),
        histogram(record::kind::FLOAT_HISTOGRAMS),
        [base(record::kind::SAMPLES), 1.5f64.to_be_bytes().to_vec()].concat(),
        starts,
        metadata,
        stones,
    ]
}

#[test]
fn log_records() {
    let check = |input: &[u8]| match record::decode(input, 0) {
        Ok(record) => kind_of(&format!("{record:?}").chars().take(40).collect::<String>()),
        Err(error) => kind_of(&error.to_string()),
    };
    let mut seeds = records();
    seeds.extend(regressions("log-records"));
    Target { name: "log-records", seeds, words: &[b"__name__"], mend: |_| {}, check: &check }.run();
}

/// Sets the checksums of all fragments.
#[expect(clippy::ptr_arg, reason = "a target may make its file longer")]
fn mend_log(file: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(head) = file.get(at..).and_then(|rest| rest.first_chunk::<7>()) {
        let length = usize::from(u16::from_be_bytes([head[1], head[2]]));
        let Some(checksum) = file.get(at + 7..at + 7 + length).map(crc32c::checksum) else { return };
        file[at + 3..at + 7].copy_from_slice(&checksum.to_be_bytes());
        at += 7 + length;
    }
}

#[test]
fn log_segments() {
    let check = |input: &[u8]| -> u64 {
        let mut segment = WalSegment::new(input);
        let mut outcome = 0;
        for _ in 0..ITEMS {
            match segment.next_record() {
                Ok(Some(raw)) => {
                    outcome += 1;
                    outcome ^=
                        record::decode(raw.bytes, raw.offset).err().map_or(0, |error| kind_of(&error.to_string()));
                }
                Ok(None) => break,
                Err(error) => return outcome ^ kind_of(&error.to_string()),
            }
        }
        outcome
    };
    let mut file = Vec::new();
    for (flags, record) in records()
        .iter()
        .map(|record| (0u8, record.clone()))
        .chain(records().iter().map(|record| (8, snap::raw::Encoder::new().compress_vec(record).expect("it is small"))))
        .chain(records().iter().map(|record| (16, zstd::stream::encode_all(&record[..], 1).expect("it is small"))))
    {
        file.push(1 | flags);
        file.extend((record.len() as u16).to_be_bytes());
        file.extend([0; 4]);
        file.extend(record);
    }
    mend_log(&mut file);
    let mut seeds = vec![file];
    seeds.extend(regressions("log-segments"));
    Target { name: "log-segments", seeds, words: &[], mend: mend_log, check: &check }.run();
}

#[test]
fn head_chunks() {
    let check = |input: &[u8]| -> u64 {
        let mut opened = match HeadSegment::open(input) {
            Ok(opened) => opened,
            Err(error) => return kind_of(&error.to_string()),
        };
        for count in 0..ITEMS as u64 {
            match opened.next_chunk() {
                Ok(Some(head)) => drop(chunk::decode(head.chunk.encoding, head.chunk.data, |_| {})),
                Ok(None) => return count,
                Err(error) => return count ^ kind_of(&error.to_string()),
            }
        }
        0
    };
    let mut file = vec![0x01, 0x30, 0xBC, 0x91, 1, 0, 0, 0];
    for seed in chunks() {
        let begun = file.len();
        file.extend([7u64.to_be_bytes(), 0u64.to_be_bytes(), 900_000u64.to_be_bytes()].concat());
        file.push(seed[0]);
        let mut length = seed.len() - 1;
        while length >= 0x80 {
            file.push(length as u8 | 0x80);
            length >>= 7;
        }
        file.push(length as u8);
        file.extend(&seed[1..]);
        let checksum = crc32c::checksum(&file[begun..]);
        file.extend(checksum.to_be_bytes());
    }
    Target { name: "head-chunks", seeds: vec![file], words: &[], mend: |_| {}, check: &check }.run();
}

#[test]
fn small_files() {
    let check = |input: &[u8]| {
        let stones = Tombstones::decode(input).map_or_else(|error| kind_of(&error.to_string()), |all| all.len() as u64);
        let meta = Meta::decode(input).map_or_else(|error| kind_of(&error.to_string()), |meta| u64::from(meta.version));
        stones ^ meta.rotate_left(7)
    };
    let mut stones = vec![0x01, 0x30, 0xBA, 0x30, 1, 5, 2, 20, 0, 0, 0, 0];
    let mend: fn(&mut Vec<u8>) = |file| {
        if let Some(length) = file.len().checked_sub(9) {
            seal(file, 5, length);
        }
    };
    mend(&mut stones);
    let meta = br#"{"version":1,"ulid":"01DXXFZDYD1MQW6079WK0K6EDQ","minTime":0,"maxTime":7,"compaction":{"parents":[{"ulid":"x"}]}}"#;
    let words: &[&[u8]] = &[b"{", b"}", b"[", b"\"", b"1e999", b"null", b"\\ud800", b"\"version\":1"];
    Target { name: "small-files", seeds: vec![stones, meta.to_vec()], words, mend, check: &check }.run();
}

//! Writes `index`, version 2: symbols, series, postings of every label pair, and the tables that find them.
//!
//! Label indices, which no Prometheus since 2.12 reads, are left out: the table of contents says that they do not exist.

use std::collections::BTreeMap;
use std::io::{self, Write};

use gw_base::{Labels, Map};

use super::index::{ALIGNMENT, ChunkMeta, MAGIC};
use crate::crc32c;

/// The version that is written.
const VERSION: u8 = 2;
/// Postings begin at multiples of this.
const POSTINGS_ALIGNMENT: u64 = 4;

/// A series of a block: its labels and where its chunks lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSeries {
    /// Its labels.
    pub labels: Labels,
    /// Its chunks, in rising time.
    pub chunks: Vec<ChunkMeta>,
}

/// The order of series in a block: by names and values, label by label.
#[must_use]
pub fn order(a: &Labels, b: &Labels) -> std::cmp::Ordering {
    a.iter().cmp(b.iter())
}

/// Writes the index of a block. Series must come in [`order`].
///
/// # Errors
/// What the writer says, and `InvalidInput` for more than the format can number.
pub fn write_index(series: &[IndexSeries], out: &mut dyn Write) -> io::Result<()> {
    let mut out = Counted { out, at: 0 };
    let mut head = MAGIC.to_be_bytes().to_vec();
    head.push(VERSION);
    out.put(&head)?;
    let symbols = symbols(series);
    let symbols_at = out.at;
    write_symbols(&symbols, &mut out)?;
    out.align(ALIGNMENT)?;
    let series_at = out.at;
    let postings = write_series(series, &symbols, &mut out)?;
    let postings_at = out.at;
    let table = write_postings(&postings, &mut out)?;
    let table_at = out.at;
    out.section(&table)?;
    let mut toc = Vec::new();
    for offset in [symbols_at, series_at, 0, 0, postings_at, table_at] {
        toc.extend(offset.to_be_bytes());
    }
    toc.extend(crc32c::checksum(&toc).to_be_bytes());
    out.put(&toc)
}

/// All texts of the labels, sorted, each with its number.
fn symbols(series: &[IndexSeries]) -> BTreeMap<&str, u32> {
    let mut symbols: BTreeMap<&str, u32> = BTreeMap::new();
    for (name, value) in series.iter().flat_map(|series| series.labels.iter()) {
        symbols.insert(name, 0);
        symbols.insert(value, 0);
    }
    // Wire: the list of all series is that of the empty label pair, so the empty text is a symbol.
    symbols.insert("", 0);
    symbols.values_mut().zip(0..).for_each(|(number, next)| *number = next);
    symbols
}

fn write_symbols(symbols: &BTreeMap<&str, u32>, out: &mut Counted<'_>) -> io::Result<()> {
    let mut body = number(symbols.len())?.to_be_bytes().to_vec();
    symbols.keys().for_each(|text| put_text(&mut body, text));
    out.section(&body)
}

/// References of the series of each label pair, in the order that the table must have.
type Postings<'a> = BTreeMap<(&'a str, &'a str), Vec<u32>>;

fn write_series<'a>(
    series: &'a [IndexSeries],
    symbols: &BTreeMap<&str, u32>,
    out: &mut Counted<'_>,
) -> io::Result<Postings<'a>> {
    // A pair is looked up once for each series that has it: hashing beats ordering here.
    let mut by_pair: Map<(&str, &str), Vec<u32>> = Map::default();
    let mut all = Vec::with_capacity(series.len());
    let (mut body, mut framed) = (Vec::new(), Vec::new());
    for one in series {
        out.align(ALIGNMENT)?;
        let reference = u32::try_from(out.at / ALIGNMENT).map_err(|_too_many| too_much())?;
        body.clear();
        put_uvarint(&mut body, one.labels.len() as u64);
        for (name, value) in &one.labels {
            for text in [name, value] {
                put_uvarint(&mut body, u64::from(*symbols.get(text).unwrap_or(&0)));
            }
            by_pair.entry((name, value)).or_default().push(reference);
        }
        all.push(reference);
        put_chunks(&mut body, &one.chunks);
        framed.clear();
        put_uvarint(&mut framed, body.len() as u64);
        framed.extend_from_slice(&body);
        framed.extend(crc32c::checksum(&body).to_be_bytes());
        out.put(&framed)?;
    }
    let mut postings: Postings<'a> = by_pair.into_iter().collect();
    postings.insert(("", ""), all);
    Ok(postings)
}

fn put_chunks(body: &mut Vec<u8>, chunks: &[ChunkMeta]) {
    put_uvarint(body, chunks.len() as u64);
    let mut before: Option<ChunkMeta> = None;
    for chunk in chunks {
        match before {
            None => put_varint(body, chunk.min),
            Some(before) => put_uvarint(body, chunk.min.wrapping_sub(before.max).cast_unsigned()),
        }
        put_uvarint(body, chunk.max.wrapping_sub(chunk.min).cast_unsigned());
        match before {
            None => put_uvarint(body, chunk.reference),
            Some(before) => put_varint(body, chunk.reference.wrapping_sub(before.reference).cast_signed()),
        }
        before = Some(*chunk);
    }
}

/// Returns the body of the table that finds them.
fn write_postings(postings: &Postings<'_>, out: &mut Counted<'_>) -> io::Result<Vec<u8>> {
    let mut table = number(postings.len())?.to_be_bytes().to_vec();
    let mut body = Vec::new();
    for ((name, value), references) in postings {
        out.align(POSTINGS_ALIGNMENT)?;
        // Wire: 2 is the number of texts of the key.
        table.push(2);
        put_text(&mut table, name);
        put_text(&mut table, value);
        put_uvarint(&mut table, out.at);
        body.clear();
        body.extend(number(references.len())?.to_be_bytes());
        references.iter().for_each(|reference| body.extend(reference.to_be_bytes()));
        out.section(&body)?;
    }
    Ok(table)
}

/// A writer that knows where it is.
struct Counted<'w> {
    out: &'w mut dyn Write,
    at: u64,
}

impl Counted<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn align(&mut self, to: u64) -> io::Result<()> {
        let zeros = [0; ALIGNMENT as usize];
        let missing = (self.at.next_multiple_of(to) - self.at) as usize;
        self.put(zeros.get(..missing).unwrap_or_default())
    }

    /// Length, bytes, checksum.
    fn section(&mut self, body: &[u8]) -> io::Result<()> {
        self.put(&number(body.len())?.to_be_bytes())?;
        self.put(body)?;
        self.put(&crc32c::checksum(body).to_be_bytes())
    }
}

fn number(length: usize) -> io::Result<u32> {
    u32::try_from(length).map_err(|_too_long| too_much())
}

fn too_much() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "more series or labels than one block can number, export shorter ranges",
    )
}

pub(super) fn put_uvarint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn put_varint(bytes: &mut Vec<u8>, value: i64) {
    put_uvarint(bytes, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_uvarint(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, Index};
    use super::*;

    #[test]
    fn an_index_comes_back_and_damage_is_found() {
        let chunk = |min: i64, reference| ChunkMeta { min, max: min + 9, reference };
        let mut series: Vec<IndexSeries> = (0..40)
            .map(|i: u64| IndexSeries {
                labels: Labels::from_pairs([("__name__", "up"), ("pod", &format!("pod-{i}")), ("JOB", "a")]),
                chunks: vec![chunk(-5, i * 100), chunk(100, (1 << 32) + i), chunk(1 << 40, (1 << 32) + i + 1)],
            })
            .collect();
        series.sort_by(|a, b| order(&a.labels, &b.labels));
        let mut file = Vec::new();
        write_index(&series, &mut file).unwrap();
        let read = |file: &[u8]| {
            let mut index = Index::open(file)?;
            let (mut entry, mut all) = (Entry::default(), Vec::new());
            while index.next_series(&mut entry)? {
                let labels = Labels::from_bytes(&entry.labels).unwrap();
                all.push(IndexSeries { labels, chunks: entry.chunks.clone() });
            }
            Ok::<_, super::super::TsdbError>(all)
        };
        assert_eq!(read(&file).unwrap(), series);
        for at in (0..file.len()).step_by(3) {
            let mut damaged = file.clone();
            damaged[at] ^= 0x40;
            let unread = (at < 5) || read(&damaged).is_err() || read(&damaged).is_ok_and(|read| read == series);
            assert!(unread, "byte {at}");
            assert!(read(&file[..at]).is_err(), "cut at {at}");
        }
        let mut empty = Vec::new();
        write_index(&[], &mut empty).unwrap();
        assert_eq!(read(&empty).unwrap(), []);
    }
}

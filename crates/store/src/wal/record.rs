//! Frames of the write-ahead log: `magic(4) length(4) crc32(4) sequence(8) payload`, little endian.
//!
//! The checksum covers length, sequence and payload. The magic word lets a reader find the next frame behind a damaged one,
//! and says whether it is a record or the parity of those before it.

/// Bytes in front of a payload.
pub(crate) const HEADER_BYTES: usize = 20;
/// Longest payload that a reader believes.
pub(crate) const MAX_PAYLOAD_BYTES: usize = 512 << 20;
const MAGIC: [u8; 4] = *b"GwR\x01";
const PARITY: [u8; 4] = *b"GwP\x01";
/// What both begin with.
const LEAD: &[u8] = b"Gw";

/// One frame read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Its place in the order of all records of the log.
    pub(crate) sequence: u64,
    /// What was written.
    pub(crate) payload: &'a [u8],
    /// Whether it is the parity of records before it, rather than a record.
    pub(crate) is_parity: bool,
}

/// What a reader meets at a place of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// A good frame, and where the next begins.
    Frame(Frame<'a>, usize),
    /// Bytes that are no frame, up to where the next good frame begins (or the end of the segment).
    Damage {
        /// Where the next good frame begins; `None` when there is none.
        resume: Option<usize>,
    },
    /// The end of the segment.
    End,
}

/// Appends a record.
pub(crate) fn write(out: &mut Vec<u8>, sequence: u64, payload: &[u8]) {
    put(out, MAGIC, sequence, payload);
}

/// Appends the parity of records up to this one.
pub(crate) fn write_parity(out: &mut Vec<u8>, sequence: u64, payload: &[u8]) {
    put(out, PARITY, sequence, payload);
}

fn put(out: &mut Vec<u8>, magic: [u8; 4], sequence: u64, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("payloads are bounded far below 4 GiB");
    out.extend_from_slice(&magic);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&checksum(length, sequence, payload).to_le_bytes());
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(payload);
}

/// Reads what is at `at`.
pub(crate) fn step(segment: &[u8], at: usize) -> Step<'_> {
    if at >= segment.len() {
        return Step::End;
    }
    match frame_at(segment, at) {
        Some((frame, next)) => Step::Frame(frame, next),
        None => Step::Damage { resume: resume(segment, at + 1) },
    }
}

fn frame_at(segment: &[u8], at: usize) -> Option<(Frame<'_>, usize)> {
    let (header, rest) = segment.get(at..)?.split_first_chunk::<HEADER_BYTES>()?;
    let word = |from: usize| u32::from_le_bytes([header[from], header[from + 1], header[from + 2], header[from + 3]]);
    let length = word(4) as usize;
    let is_parity = header[..4] == PARITY;
    if !is_parity && header[..4] != MAGIC || length > MAX_PAYLOAD_BYTES {
        return None;
    }
    let payload = rest.get(..length)?;
    let sequence = u64::from(word(12)) | u64::from(word(16)) << 32;
    let good = word(8) == checksum(word(4), sequence, payload);
    good.then_some((Frame { sequence, payload, is_parity }, at + HEADER_BYTES + length))
}

fn resume(segment: &[u8], from: usize) -> Option<usize> {
    let rest = segment.get(from..)?;
    memchr::memmem::find_iter(rest, LEAD).map(|offset| from + offset).find(|at| frame_at(segment, *at).is_some())
}

fn checksum(length: u32, sequence: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(&sequence.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment() -> Vec<u8> {
        let mut bytes = Vec::new();
        for (sequence, payload) in [(7, &b"first"[..]), (8, b"second, longer"), (9, b"")] {
            write(&mut bytes, sequence, payload);
        }
        bytes
    }

    fn sequences(bytes: &[u8]) -> (Vec<u64>, usize) {
        let (mut at, mut found, mut damages) = (0, Vec::new(), 0);
        loop {
            match step(bytes, at) {
                Step::Frame(frame, next) => {
                    found.push(frame.sequence);
                    at = next;
                }
                Step::Damage { resume } => {
                    damages += 1;
                    at = resume.unwrap_or(bytes.len());
                }
                Step::End => return (found, damages),
            }
        }
    }

    #[test]
    fn any_single_damage_costs_one_record_at_most() {
        let whole = segment();
        assert_eq!(sequences(&whole), (vec![7, 8, 9], 0));
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x41;
            let (found, damages) = sequences(&bytes);
            assert_eq!((found.len(), damages), (2, 1), "byte {at}");
        }
        for cut in 0..whole.len() {
            let (found, _) = sequences(&whole[..cut]);
            assert!(found.iter().zip([7, 8, 9]).all(|(a, b)| *a == b), "cut {cut}");
        }
    }
}

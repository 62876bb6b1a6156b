//! Integers whose width in bits grows with their size: the more set bits in front, the wider.

use crate::xor_chunk::{BitReader, BitWriter, ChunkError};

/// Widths after one, two, ... set bits; eight set bits without a clear one mean 64.
const WIDTHS: [u32; 7] = [3, 6, 9, 12, 18, 25, 56];

/// Reads the width.
fn width(from: &mut BitReader<'_>) -> Result<u32, ChunkError> {
    let mut set = 0;
    while set < 8 && from.bit()? {
        set += 1;
    }
    Ok(match set {
        0 => 0,
        8 => 64,
        _ => WIDTHS[set - 1],
    })
}

/// Reads an unsigned integer.
pub(super) fn read_unsigned(from: &mut BitReader<'_>) -> Result<u64, ChunkError> {
    let width = width(from)?;
    from.bits(width)
}

/// Reads a signed integer.
pub(super) fn read_signed(from: &mut BitReader<'_>) -> Result<i64, ChunkError> {
    let width = width(from)?;
    let bits = from.bits(width)?.cast_signed();
    // Wire: exactly half of the range is positive.
    Ok(if (1..64).contains(&width) && bits > 1 << (width - 1) { bits - (1 << width) } else { bits })
}

/// Writes an unsigned integer.
pub(super) fn write_unsigned(out: &mut BitWriter, value: u64) {
    let needed = 64 - value.leading_zeros();
    write(out, value, |width| needed <= width);
}

/// Writes a signed integer.
pub(super) fn write_signed(out: &mut BitWriter, value: i64) {
    write(out, value.cast_unsigned(), |width| {
        let half = 1i64 << (width - 1);
        (1 - half..=half).contains(&value)
    });
}

fn write(out: &mut BitWriter, bits: u64, fits: impl Fn(u32) -> bool) {
    if bits == 0 {
        return out.bit(false);
    }
    for (i, width) in WIDTHS.into_iter().enumerate() {
        if fits(width) {
            let set = i as u32 + 1;
            out.bits(((1 << set) - 1) << 1, set + 1);
            return out.bits(bits, width);
        }
    }
    out.bits(0xFF, 8);
    out.bits(bits, 64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_comes_back() {
        let mut out = BitWriter::default();
        let edges: Vec<i64> =
            (0..63).flat_map(|bit| [1i64 << bit, (1 << bit) - 1, -(1i64 << bit), 1 - (1 << bit)]).collect();
        for edge in &edges {
            write_signed(&mut out, *edge);
            write_unsigned(&mut out, edge.unsigned_abs());
        }
        write_unsigned(&mut out, u64::MAX);
        write_signed(&mut out, i64::MIN);
        let bytes = out.finish();
        let mut from = BitReader::new(&bytes);
        for edge in &edges {
            assert_eq!(read_signed(&mut from), Ok(*edge));
            assert_eq!(read_unsigned(&mut from), Ok(edge.unsigned_abs()));
        }
        assert_eq!(read_unsigned(&mut from), Ok(u64::MAX));
        assert_eq!(read_signed(&mut from), Ok(i64::MIN));
        assert_eq!(read_unsigned(&mut BitReader::new(&[0xFF])), Err(ChunkError::Truncated));
    }

    #[test]
    fn bits_are_where_the_format_has_them() {
        // 4 is the largest of three bits, -3 the smallest; -4 takes six.
        let mut out = BitWriter::default();
        write_signed(&mut out, 4);
        write_signed(&mut out, -3);
        write_signed(&mut out, -4);
        write_signed(&mut out, 0);
        assert_eq!(out.finish(), [0b1010_0101, 0b0111_0111, 0b1000_0000]);
    }
}

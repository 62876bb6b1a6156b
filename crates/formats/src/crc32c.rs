//! CRC-32C (Castagnoli), the checksum of Prometheus' storage and of streamed remote read.
//!
//! In plain Rust, eight bytes a step: what is checked is read from disk or written to a socket anyway.

/// The polynomial, bits reversed.
const POLYNOMIAL: u32 = 0x82F6_3B78;

/// `TABLES[k][b]` is the remainder of byte `b` followed by `k` zero bytes.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0u32; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut remainder = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            let odd = remainder & 1 == 1;
            remainder >>= 1;
            if odd {
                remainder ^= POLYNOMIAL;
            }
            bit += 1;
        }
        tables[0][byte] = remainder;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[zeros - 1][byte];
            tables[zeros][byte] = (before >> 8) ^ tables[0][(before & 0xFF) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

/// The checksum of bytes.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    extend(0, bytes)
}

/// The checksum of what `so_far` is the checksum of, followed by `bytes`.
#[must_use]
pub fn extend(so_far: u32, bytes: &[u8]) -> u32 {
    let mut remainder = !so_far;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut eight = [0u8; 8];
        eight.copy_from_slice(word);
        let mixed = u64::from_le_bytes(eight) ^ u64::from(remainder);
        remainder = 0;
        for (zeros, byte) in mixed.to_le_bytes().into_iter().rev().enumerate() {
            remainder ^= TABLES[zeros][usize::from(byte)];
        }
    }
    for byte in words.remainder() {
        let index = (remainder as u8) ^ byte;
        remainder = (remainder >> 8) ^ TABLES[0][usize::from(index)];
    }
    !remainder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_examples_hold() {
        // RFC 3720, B.4.
        assert_eq!(checksum(b"123456789"), 0xE306_9283);
        assert_eq!(checksum(&[0; 32]), 0x8A91_36AA);
        assert_eq!(checksum(&[0xFF; 32]), 0x62A8_AB43);
        let rising: Vec<u8> = (0..32).collect();
        assert_eq!(checksum(&rising), 0x46DD_794E);
        for cut in 0..rising.len() {
            assert_eq!(extend(checksum(&rising[..cut]), &rising[cut..]), 0x46DD_794E);
        }
        assert_eq!(checksum(b""), 0);
    }
}

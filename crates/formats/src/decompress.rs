//! The one way compressed bodies become plain ones: bounded, so that a bomb is refused before it fills memory.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use gw_base::Limits;

use crate::FormatError;

/// A content encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not compressed.
    Identity,
    /// RFC 1952, possibly of several members.
    Gzip,
    /// RFC 1950 or, as some clients send, bare RFC 1951.
    Deflate,
    /// Snappy's block format (not the framed one).
    Snappy,
    /// RFC 8878.
    Zstd,
}

impl Encoding {
    /// The encoding of a `Content-Encoding` header; empty and `identity` are [`Encoding::Identity`].
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        match header.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "snappy" => Some(Self::Snappy),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The header's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Snappy => "snappy",
            Self::Zstd => "zstd",
        }
    }
}

/// Largest zstd window accepted, as a power of two: 128 MiB would be the format's own bound, browsers stop at 8 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 26;

/// Most that a body may grow by decompression, as a factor: telemetry compresses 10 to 100 times, zeros a thousand and more.
const RATIO_MAX: usize = 500;
/// Bodies may always grow to this size, whatever the ratio: small ones repeat themselves.
const RATIO_FREE_BYTES: usize = 8 << 20;
/// Smallest step in which the buffer grows.
const STEP_BYTES: usize = 64 << 10;

/// Decompresses a body within `limits.body_bytes` (as sent) and `limits.decoded_bytes` (as decoded).
///
/// # Errors
/// [`FormatError::Oversized`], [`FormatError::Bomb`], or [`FormatError::Compression`] for damaged bytes.
pub fn decompress<'a>(encoding: Encoding, body: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, FormatError> {
    if body.len() > limits.body_bytes {
        return Err(FormatError::Oversized { size: body.len(), limit: limits.body_bytes });
    }
    let limit = limits.decoded_bytes.min(body.len().saturating_mul(RATIO_MAX).max(RATIO_FREE_BYTES));
    match encoding {
        Encoding::Identity if body.len() > limit => Err(FormatError::Oversized { size: body.len(), limit }),
        Encoding::Identity => Ok(Cow::Borrowed(body)),
        Encoding::Snappy => snappy(body, limit).map(Cow::Owned),
        Encoding::Gzip => read_bounded(MultiGzDecoder::new(body), encoding, body.len(), limit).map(Cow::Owned),
        Encoding::Deflate if has_zlib_header(body) => {
            read_bounded(ZlibDecoder::new(body), encoding, body.len(), limit).map(Cow::Owned)
        }
        Encoding::Deflate => read_bounded(DeflateDecoder::new(body), encoding, body.len(), limit).map(Cow::Owned),
        Encoding::Zstd => {
            let failed =
                |error: std::io::Error| FormatError::Compression { encoding: "zstd", message: error.to_string() };
            let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(failed)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(failed)?;
            read_bounded(decoder, encoding, body.len(), limit).map(Cow::Owned)
        }
    }
}

fn snappy(body: &[u8], limit: usize) -> Result<Vec<u8>, FormatError> {
    let failed = |error: snap::Error| FormatError::Compression { encoding: "snappy", message: error.to_string() };
    let size = snap::raw::decompress_len(body).map_err(failed)?;
    if size > limit {
        return Err(FormatError::Bomb { limit });
    }
    // Wire: a snappy block cannot expand more than 64 bytes for 3; a header that claims more is hostile, and believing it
    // would allocate what it says.
    if size > body.len().saturating_mul(32) {
        return Err(FormatError::Compression { encoding: "snappy", message: "claimed size is impossible".to_owned() });
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(failed)
}

fn has_zlib_header(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..] if method & 0x0F == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0)
}

/// Reads to the end or one byte past the limit. The buffer grows in exact steps, so that it never holds more than the limit.
fn read_bounded(mut reader: impl Read, encoding: Encoding, size: usize, limit: usize) -> Result<Vec<u8>, FormatError> {
    let mut plain = Vec::with_capacity(size.saturating_mul(4).clamp(STEP_BYTES.min(limit), limit));
    loop {
        let room = plain.capacity() - plain.len();
        let read = reader.by_ref().take(room as u64).read_to_end(&mut plain);
        let read =
            read.map_err(|error| FormatError::Compression { encoding: encoding.as_str(), message: error.to_string() })?;
        if read < room {
            return Ok(plain);
        }
        let left = (limit + 1).saturating_sub(plain.len());
        if left == 0 {
            return Err(FormatError::Bomb { limit });
        }
        plain.reserve_exact(plain.len().max(STEP_BYTES).min(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::{HasKind, Kind};
    use std::io::Write;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_encoding_round_trips() {
        let limits = Limits::default();
        let plain = b"hello hello hello hello".repeat(20);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(&plain).unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        raw.write_all(&plain).unwrap();
        for (encoding, body) in [
            (Encoding::Identity, plain.clone()),
            (Encoding::Gzip, gzip(&plain)),
            (Encoding::Gzip, [gzip(&plain[..100]), gzip(&plain[100..])].concat()),
            (Encoding::Deflate, zlib.finish().unwrap()),
            (Encoding::Deflate, raw.finish().unwrap()),
            (Encoding::Snappy, snap::raw::Encoder::new().compress_vec(&plain).unwrap()),
            (Encoding::Zstd, zstd::encode_all(&plain[..], 3).unwrap()),
        ] {
            assert_eq!(decompress(encoding, &body, &limits).unwrap(), plain, "{encoding:?}");
            if encoding != Encoding::Identity {
                assert!(decompress(encoding, &body[..body.len() / 2], &limits).is_err(), "{encoding:?} cut");
            }
        }
    }

    #[test]
    fn bombs_are_refused() {
        let limits = Limits { decoded_bytes: 1 << 20, ..Limits::default() };
        let zeros = vec![0u8; (1 << 20) + 1];
        for (encoding, body) in [
            (Encoding::Gzip, gzip(&zeros)),
            (Encoding::Snappy, snap::raw::Encoder::new().compress_vec(&zeros).unwrap()),
            (Encoding::Zstd, zstd::encode_all(&zeros[..], 3).unwrap()),
        ] {
            let error = decompress(encoding, &body, &limits).unwrap_err();
            assert_eq!(error.to_string(), "decompressed body exceeds 1048576 bytes", "{encoding:?}");
            assert_eq!(error.kind(), Kind::TooMuch);
        }
        let small = zstd::encode_all(&vec![0u8; RATIO_FREE_BYTES + 1][..], 3).unwrap();
        assert!(matches!(decompress(Encoding::Zstd, &small, &Limits::default()), Err(FormatError::Bomb { .. })));
        let claims_a_gigabyte = [0x80u8, 0x80, 0x80, 0x80, 0x04, 0x00];
        assert!(
            decompress(Encoding::Snappy, &claims_a_gigabyte, &Limits { decoded_bytes: 2 << 30, ..limits }).is_err()
        );
    }
}

//! A remote-write sender that costs little: requests are laid out once, and then only times and values change.

use anyhow::{Context as _, Result};

use crate::http::{Answer, Connection};
use crate::protobuf::{bytes_field, label, snappy_literal_head};

/// Headers of remote write 1.0.
pub const HEADERS: [(&str, &str); 3] = [
    ("content-type", "application/x-protobuf"),
    ("content-encoding", "snappy"),
    ("x-prometheus-remote-write-version", "0.1.0"),
];

/// Bytes of a sample: a float field, then a time of six groups of seven bits.
const SAMPLE_BYTES: usize = 9 + 7;

/// A request of remote write 1.0 with one sample a series, in a snappy block without compression.
#[derive(Debug, Clone)]
pub struct Request {
    bytes: Vec<u8>,
    /// Where the samples begin.
    places: Vec<usize>,
}

impl Request {
    /// Lays out a request of series, each given by its labels in rising order, `__name__` among them.
    #[must_use]
    pub fn of(series: impl IntoIterator<Item = Vec<(&'static str, String)>>) -> Self {
        let (mut message, mut places) = (Vec::new(), Vec::new());
        for labels in series {
            let mut body = Vec::new();
            for (name, value) in &labels {
                label(&mut body, name, value);
            }
            bytes_field(&mut body, 2, &[0; SAMPLE_BYTES]);
            bytes_field(&mut message, 1, &body);
            places.push(message.len() - SAMPLE_BYTES);
        }
        let mut bytes = snappy_literal_head(message.len());
        places.iter_mut().for_each(|place| *place += bytes.len());
        bytes.extend(message);
        Self { bytes, places }
    }

    /// Number of series.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Gives all series a sample at this time (milliseconds, of this century), and each its value.
    pub fn set(&mut self, millis: u64, value: impl Fn(usize) -> f64) {
        let mut time = [0x80; 7];
        time[0] = 2 << 3;
        for (group, byte) in time[1..].iter_mut().enumerate() {
            *byte |= (millis >> (7 * group)) as u8 & 0x7F;
        }
        time[6] &= 0x7F;
        for (number, place) in self.places.iter().enumerate() {
            let sample = &mut self.bytes[*place..place + SAMPLE_BYTES];
            sample[0] = 1 << 3 | 1;
            sample[1..9].copy_from_slice(&value(number).to_le_bytes());
            sample[9..].copy_from_slice(&time);
        }
    }

    /// Sends it.
    ///
    /// # Errors
    /// When the connection breaks or times out.
    pub fn send(&self, to: &mut Connection) -> Result<Answer> {
        to.send("POST", "/api/v1/write", &HEADERS, &self.bytes).context("cannot send a remote write")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_form_of_the_protocol() {
        let mut request = Request::of([vec![("__name__", "up".to_owned())]]);
        request.set(1_767_225_600_000, |_| 1.5);
        // Length 36, a literal of 36 bytes; a series of 34; a label of 14: name, value; a sample of 16: value, time.
        let mut wanted = vec![36, 0xFC, 35, 0, 0, 0, 0x0A, 34, 0x0A, 14, 0x0A, 8];
        wanted.extend(b"__name__\x12\x02up\x12\x10\x09");
        wanted.extend(1.5f64.to_le_bytes());
        wanted.push(0x10);
        let (before, time) = request.bytes.split_at(wanted.len());
        assert_eq!(before, wanted);
        assert!(time.len() == 6 && time.last().is_some_and(|byte| *byte < 0x80), "{time:?}");
        let time = time.iter().rev();
        assert_eq!(time.fold(0u64, |value, byte| value << 7 | u64::from(byte & 0x7F)), 1_767_225_600_000);
    }
}

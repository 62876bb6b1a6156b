//! Formats through their public face: golden corpora, upstream conformance data, round trips, hostile bytes.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod conformance;
mod corpus;
mod hostile;
mod round_trip;
mod show;
mod wire;

use gw_base::{Limits, Timestamp};
use gw_formats::DecodeContext;

/// Time of receipt in every test.
const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A context for a body with these headers.
fn context<'a>(limits: &'a Limits, content_type: &'a str, content_encoding: &'a str) -> DecodeContext<'a> {
    DecodeContext { content_type, content_encoding, ..DecodeContext::new(limits, NOW) }
}

//! How the room behaves, as flags and configuration decide.

use std::time::Duration;

use regex::Regex;

/// What may be done here and how much of it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether series may be deleted and snapshots be made over HTTP.
    pub admin: bool,
    /// Whether remote writes are taken.
    pub receive_writes: bool,
    /// Look-back of queries that name none.
    pub lookback: Duration,
    /// Whether metric names that an operation drops stay until the end of a query.
    pub delayed_names: bool,
    /// Whether series get their type and unit as labels, and remarks go by these.
    pub type_and_unit_labels: bool,
    /// Labels that tell replicas apart, where a query names none itself; without any all series are answered as they are.
    pub replica_labels: Vec<String>,
    /// Bounds of remote reads.
    pub read: ReadLimits,
    /// Origins of web pages that may read answers; without it no page of another origin may.
    pub cors: Option<Origins>,
}

/// Bounds of remote reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Samples of one query.
    pub samples: usize,
    /// Requests that are answered at the same time; others wait.
    pub concurrent: usize,
    /// Bytes from which on a frame of a stream is sent.
    pub frame_bytes: usize,
}

impl Default for ReadLimits {
    /// Prometheus' defaults.
    fn default() -> Self {
        Self { samples: 50_000_000, concurrent: 10, frame_bytes: 1 << 20 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            admin: false,
            receive_writes: true,
            lookback: Duration::from_mins(5),
            delayed_names: true,
            type_and_unit_labels: false,
            replica_labels: Vec::new(),
            read: ReadLimits::default(),
            cors: None,
        }
    }
}

/// A pattern of origins.
#[derive(Debug, Clone)]
pub struct Origins {
    pattern: Regex,
    any: bool,
}

impl Origins {
    /// Compiles a pattern, which must match a whole origin.
    ///
    /// # Errors
    /// When it is no pattern.
    pub fn new(pattern: &str) -> Result<Self, regex::Error> {
        let regex = regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 20).build()?;
        Ok(Self { pattern: regex, any: pattern == ".*" })
    }

    /// What `Access-Control-Allow-Origin` says to a page of this origin.
    pub(crate) fn answer<'a>(&self, origin: &'a str) -> Option<&'a str> {
        match (self.any, self.pattern.is_match(origin)) {
            (true, _) => Some("*"),
            (false, true) => Some(origin),
            (false, false) => None,
        }
    }
}

//! Limits that hold at the doors, with defaults that one machine bears.

use std::time::Duration;

/// Upper bounds for input and queries. Passing one is [`crate::Kind::TooMuch`], never an exhausted machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Request body as sent, in bytes.
    pub body_bytes: usize,
    /// Request body after decompression, in bytes.
    pub decoded_bytes: usize,
    /// Labels of one series or stream.
    pub labels_per_series: usize,
    /// Bytes of one label name.
    pub label_name_bytes: usize,
    /// Bytes of one label value.
    pub label_value_bytes: usize,
    /// Bytes of one log line.
    pub line_bytes: usize,
    /// Attributes of one span or log record.
    pub attributes: usize,
    /// Series held in the hot head of one tenant.
    pub active_series: usize,
    /// Of them, series of one metric name: beyond it new ones are refused by name and other metrics are kept.
    pub series_per_metric: usize,
    /// Samples that one query may load.
    pub query_samples: usize,
    /// Bytes that one query may hold.
    pub query_bytes: usize,
    /// Rows that one answer may have.
    pub query_rows: usize,
    /// Steps of a range query.
    pub query_steps: usize,
    /// Wall time of one query.
    pub query_time: Duration,
    /// Queries that run at the same time.
    pub concurrent_queries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 << 20,
            decoded_bytes: 128 << 20,
            labels_per_series: 128,
            label_name_bytes: 1 << 10,
            label_value_bytes: 64 << 10,
            line_bytes: 256 << 10,
            attributes: 512,
            active_series: 2_000_000,
            series_per_metric: 1_000_000,
            query_samples: 50_000_000,
            query_bytes: 512 << 20,
            query_rows: 100_000,
            query_steps: 11_000,
            query_time: Duration::from_mins(2),
            concurrent_queries: 20,
        }
    }
}

//! Files of others: configurations of Prometheus and Promtail, and data directories of Prometheus, read by us and by
//! `promtool tsdb dump`: the same samples.

mod damage;
mod dump;
mod round_trip;
mod shared;
mod upstream;
mod words;

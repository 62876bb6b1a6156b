//! The collectors through their public face: a runtime with a fake clock, real files and real sockets on loopback.

#![cfg(test)]

mod containers;
mod harness;
mod host;
mod host_faults;
mod inventory;
mod probe;
mod process_groups;
mod scrape;
mod tail;

//! The binary: command line, wiring, port table, personalities.

fn main() {}

//! Room: Gatewatch's own API, on every UI port.

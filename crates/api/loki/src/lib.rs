//! Room: Loki (port 1004).

//! Room: Jaeger (ports 1005 and 1006).

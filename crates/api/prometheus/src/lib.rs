//! Room: Prometheus (port 1002).

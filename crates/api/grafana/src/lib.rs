//! Room: Grafana (port 1003).

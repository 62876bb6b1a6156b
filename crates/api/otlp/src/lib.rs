//! Room: OpenTelemetry protocol (ports 4317 and 4318).

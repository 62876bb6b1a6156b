//! Room: Zipkin (port 1014).

//! The single ingest path: stages, limits, backpressure, acknowledgement.

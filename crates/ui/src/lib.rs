//! The built web UI as embedded, pre-compressed bytes.

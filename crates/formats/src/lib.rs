//! Decode and encode public wire formats, one folder each.

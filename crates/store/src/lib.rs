//! Append batches durably; list and read what matches.

//! Lower each syntax tree to the one algebra.

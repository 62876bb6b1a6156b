//! Query languages to syntax trees with source spans.

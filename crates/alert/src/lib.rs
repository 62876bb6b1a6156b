//! Routing, grouping, silences and the notifiers.

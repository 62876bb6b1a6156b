//! Arrow schemas of the signals, builders, typed readers, and the two seams `Sink` and `Queries`.

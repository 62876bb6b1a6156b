//! Evaluate rules on data; asks through `dyn Queries`.

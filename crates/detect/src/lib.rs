//! Evaluate rules on data; asks through `dyn Queries`.

pub mod template;

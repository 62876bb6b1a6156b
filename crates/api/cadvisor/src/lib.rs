//! Room: cAdvisor (port 1008). Metrics page, REST API v1.0 to v2.1, health and validation pages; the readings are the container
//! collector's. See `compat.md`.

mod errors;
mod events;
mod pages;
mod params;
mod render;
mod room;
mod usage;
mod versions;

pub use room::{Paths, room, room_at};

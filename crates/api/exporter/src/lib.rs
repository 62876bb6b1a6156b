//! Room: `node_exporter` (port 1007). The page is the host collector's; this room adds what HTTP clients of `node_exporter`
//! expect around it. See `compat.md`.

mod room;

pub use room::{ExporterOptions, room, room_with};

//! Room: uptime monitors (port 1009), as `docs/native-api.md` describes it, and the metrics page of Uptime Kuma.

mod history;
mod render;
mod room;

pub use room::{Changed, Desk, room};

//! Room: the OpenTelemetry protocol, over HTTP (4318) and gRPC (4317).
//!
//! See `compat.md` for what is imitated and to which version.

mod errors;
mod grpc;
mod http_export;
mod params;
mod render;
mod room;

pub use room::{grpc_room, room};

//! Strict YAML with line and column, environment expansion, unknown-key errors, secrets.
//!
//! Every configuration file of the product, its own and those of imitated products, is read here: [`yaml`] fills a
//! `serde` type, and any refusal names file, line, column, key path, the allowed words and the one probably meant.
//! [`Loader`] adds what only our own file has: `${NAME}` in values and flag > `GW_SECTION_KEY` > file > default.
//!
//! No component's configuration struct lives here; each component owns its own.

mod de;
mod environment;
mod error;
mod layers;
mod loader;
mod print;
mod scalars;
mod secret;
mod spanned;
mod suggest;
mod tree;

pub use environment::Environment;
pub use error::ConfigError;
pub use loader::{Loaded, Loader, yaml};
pub use print::print_yaml;
pub use scalars::{ByteSize, ByteSizeError, PromDuration};
pub use secret::Secret;
pub use spanned::Spanned;
pub use tree::{Origin, Position};

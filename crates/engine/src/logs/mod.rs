//! Log queries: lines through pipelines, and numbers made of windows of lines.

mod entry;
mod fields;
mod filter;
mod json;
mod lines;
mod pattern;
mod pipeline;
mod template;
mod units;
mod window;

pub(crate) use lines::lines;
pub(crate) use window::LogWindowScan;

//! Every kind of question, over the real store.

mod bench;
mod limits;
mod logs;
mod metrics;
mod rollups;
mod sql;
mod traces;

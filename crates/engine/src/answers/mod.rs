//! Answers to every kind of question: plans on the blocking pool, and tables read straight from the store.

mod conditions;
mod names;
mod relational;
mod stored;
mod stream;
mod tables;
mod traces;

pub(crate) use conditions::conditions;
pub(crate) use names::names;
pub(crate) use relational::{events, exemplars};
pub(crate) use stored::stored;
pub(crate) use stream::{blocking, matrix, samples, text};
pub(crate) use tables::{dependencies, metadata, operations, services, usage};
pub(crate) use traces::{find_traces, traces};

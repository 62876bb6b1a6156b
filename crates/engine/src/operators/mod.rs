//! The operators on step matrices.

mod absent;
mod aggregate;
mod binary;
mod choose;
mod classic;
mod extended;
mod finish;
mod fold;
mod info;
mod join;
mod literal;
mod map;
mod names;
mod relabel;
mod scan;
mod set;
mod slide;
mod sort;
mod subquery;

pub(crate) use absent::Absent;
pub(crate) use aggregate::Aggregate;
pub(crate) use binary::ScalarBinary;
pub(crate) use choose::Choose;
pub(crate) use classic::Classic;
pub(crate) use finish::Finish;
pub(crate) use info::Info;
pub(crate) use join::Join;
pub(crate) use literal::{Constant, ScalarOf, Time};
pub(crate) use map::Map;
pub(crate) use names::{compare, key};
pub(crate) use relabel::Relabel;
pub(crate) use scan::{Select, Window, described, raw_samples};
pub(crate) use set::SetOperation;
pub(crate) use slide::{Frame, Track, slide};
pub(crate) use sort::Sort;
pub(crate) use subquery::Subquery;

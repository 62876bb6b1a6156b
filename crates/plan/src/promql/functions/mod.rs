//! The functions of PromQL: one entry each, with what is needed to run it.
//!
//! To add a function: write its kernel in a family file here, add its line to the family's list, and its signature to
//! `gw_lang::promql::functions`.

mod counters;
mod histograms;
mod labels;
mod maps;
mod over_time;
mod sine;
mod smoothing;
mod time;
mod vectors;

use std::sync::Arc;

use gw_batch::Histogram;

use crate::PlanError;
use crate::algebra::{Grid, Node};
use crate::promql::Release;
use crate::promql::lower::Lowering;
use crate::window::{Refuses, Value, WindowKernel};

pub use counters::{Change, Ends, extrapolated_rise};
pub use histograms::{Bucket, ClassicInput, Family};

/// A function and how it runs.
#[derive(Debug)]
pub struct Function {
    /// The name as it is written.
    pub name: &'static str,
    /// How it runs.
    pub kind: Kind,
    /// Says what is wrong with scalar arguments; only asked where there is a series to work on.
    pub refuses: Option<Refuses>,
}

/// How a function runs.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Over windows of samples.
    Window {
        /// The function.
        kernel: WindowKernel,
        /// Whether the result keeps the metric name.
        keeps_name: bool,
    },
    /// On each cell alone; the first argument is the vector, the others are scalars.
    Map(MapKernel),
    /// By making nodes.
    Lower(LowerKernel),
}

/// What a map function sees besides the value.
#[derive(Debug, Clone, Copy)]
pub struct MapInput<'a> {
    /// The point of evaluation, nanoseconds.
    pub at: i64,
    /// Scalar arguments at this point.
    pub params: &'a [f64],
}

/// A function of one cell; `None` where there is no result.
#[derive(Debug, Clone, Copy)]
pub enum MapKernel {
    /// Of floats; histograms have no result.
    Float(fn(f64, &MapInput<'_>) -> Option<f64>),
    /// Of histograms; floats have no result.
    Histogram(fn(&Histogram) -> f64),
    /// Of both.
    Both(fn(&Value, &MapInput<'_>) -> Option<Value>),
}

/// A function of the classic buckets and native histogram that share a label set at one point.
pub type ClassicKernel = fn(&Family<'_>, &ClassicInput<'_>) -> Option<f64>;

/// A function that is lowered to nodes of its own.
pub type LowerKernel = fn(&mut Lowering<'_>, &gw_lang::promql::ast::Call, Grid) -> Result<Node, PlanError>;

/// All functions, by family.
pub static FUNCTIONS: &[&[Function]] = &[
    counters::FAMILY,
    over_time::FAMILY,
    smoothing::FAMILY,
    maps::FAMILY,
    time::FAMILY,
    labels::FAMILY,
    vectors::FAMILY,
    histograms::FAMILY,
];

/// The function of a name in a release line.
#[must_use]
pub fn find(name: &str, release: Release) -> Option<&'static Function> {
    let own: &[&[Function]] = match release {
        Release::V3 => &[],
        Release::V2 => &[counters::V2, histograms::V2],
    };
    own.iter().chain(FUNCTIONS).flat_map(|family| family.iter()).find(|function| function.name == name)
}

const fn window(name: &'static str, kernel: WindowKernel) -> Function {
    Function { name, kind: Kind::Window { kernel, keeps_name: false }, refuses: None }
}

const fn map(name: &'static str, kernel: fn(f64, &MapInput<'_>) -> Option<f64>) -> Function {
    Function { name, kind: Kind::Map(MapKernel::Float(kernel)), refuses: None }
}

const fn lower(name: &'static str, kernel: LowerKernel) -> Function {
    Function { name, kind: Kind::Lower(kernel), refuses: None }
}

fn float(value: f64) -> Option<Value> {
    Some(Value::Float(value))
}

fn histogram(value: Histogram) -> Option<Value> {
    Some(Value::Histogram(Arc::new(value)))
}

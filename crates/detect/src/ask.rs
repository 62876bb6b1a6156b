//! Asks an instant PromQL query of the engine and reads its answer.

use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use futures_util::StreamExt;
use gw_base::{Labels, Limits, Tenant, TimeRange, Timestamp};
use gw_batch::{Direction, Histogram, Language, Queries, Query, Request, Shape};

/// One element of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) labels: Labels,
    pub(crate) value: f64,
    pub(crate) histogram: Option<Histogram>,
}

/// The last sample of a series within a window.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LastSample {
    pub(crate) labels: Labels,
    pub(crate) time: Timestamp,
}

/// Whose data is asked, within which limits.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(crate) tenant: Tenant,
    pub(crate) limits: Limits,
}

impl Asker {
    /// An instant vector; a scalar is a vector of one element without labels.
    pub(crate) async fn vector(
        &self,
        queries: &dyn Queries,
        text: &str,
        at: Timestamp,
        lookback: Option<Duration>,
    ) -> Result<Vec<Reply>, String> {
        let mut replies = Vec::new();
        let (shape, batches) = self.batches(queries, text, at, lookback).await?;
        if !matches!(shape, Shape::Matrix | Shape::Scalar) {
            return Err("rule result is not a vector or scalar".to_owned());
        }
        for batch in &batches {
            read_vector(batch, &mut replies).ok_or_else(|| malformed(text))?;
        }
        Ok(replies)
    }

    /// The last sample of each series of a range selector.
    pub(crate) async fn last_samples(
        &self,
        queries: &dyn Queries,
        text: &str,
        at: Timestamp,
    ) -> Result<Vec<LastSample>, String> {
        let (shape, batches) = self.batches(queries, text, at, None).await?;
        if shape != Shape::Samples {
            return Err(malformed(text));
        }
        let mut found = Vec::new();
        for batch in &batches {
            read_last(batch, &mut found).ok_or_else(|| malformed(text))?;
        }
        Ok(found)
    }

    async fn batches(
        &self,
        queries: &dyn Queries,
        text: &str,
        at: Timestamp,
        lookback: Option<Duration>,
    ) -> Result<(Shape, Vec<RecordBatch>), String> {
        let request = Request::Expression {
            language: Language::PromQl,
            text: text.to_owned(),
            step: None,
            lookback,
            direction: Direction::Forward,
            limit: None,
            reading: gw_batch::Reading::default(),
        };
        let range = TimeRange::new(at, at);
        let query = Query { tenant: self.tenant.clone(), request, range, limits: self.limits.clone() };
        let mut answer = queries.query(query).await.map_err(|error| error.to_string())?;
        let mut batches = Vec::new();
        while let Some(batch) = answer.batches.next().await {
            batches.push(batch.map_err(|error| error.to_string())?);
        }
        Ok((answer.shape, batches))
    }
}

fn malformed(text: &str) -> String {
    format!("the answer of {text:?} does not have the shape of an instant query")
}

fn read_vector(batch: &RecordBatch, out: &mut Vec<Reply>) -> Option<()> {
    let labels = batch.column_by_name("labels")?.as_binary_opt::<i32>()?;
    let values = batch.column_by_name("values")?.as_list_opt::<i32>()?;
    let histograms = batch.column_by_name("histograms").and_then(|column| column.as_list_opt::<i32>());
    for row in 0..batch.num_rows() {
        let labels = Labels::from_bytes(labels.value(row)).ok()?;
        let step = values.value(row);
        let step = step.as_primitive_opt::<Float64Type>()?;
        if !step.is_empty() && step.is_valid(0) {
            out.push(Reply { labels, value: step.value(0), histogram: None });
            continue;
        }
        let encoded = histograms.filter(|column| column.is_valid(row)).map(|column| column.value(row));
        let encoded = encoded.as_ref().and_then(|step| step.as_binary_opt::<i32>());
        if let Some(encoded) = encoded.filter(|step| !step.is_empty() && step.is_valid(0)) {
            let histogram = Histogram::decode(encoded.value(0))?;
            out.push(Reply { labels, value: histogram.count, histogram: Some(histogram) });
        }
    }
    Some(())
}

fn read_last(batch: &RecordBatch, out: &mut Vec<LastSample>) -> Option<()> {
    let labels = batch.column_by_name("labels")?.as_binary_opt::<i32>()?;
    let times = batch.column_by_name("times")?.as_list_opt::<i32>()?;
    for row in 0..batch.num_rows() {
        let series = times.value(row);
        let series = series.as_primitive_opt::<TimestampNanosecondType>()?;
        if let Some(nanos) = series.len().checked_sub(1).map(|last| series.value(last)) {
            let labels = Labels::from_bytes(labels.value(row)).ok()?;
            out.push(LastSample { labels, time: Timestamp::from_nanos(nanos) });
        }
    }
    Some(())
}

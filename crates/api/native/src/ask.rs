//! Short ways to ask: PromQL text in, labelled numbers out. Pages are made of these and nothing else.

use std::time::Duration;

use gw_base::{Labels, TimeRange, Timestamp};
use gw_batch::{Direction, Language, Query, QueryError, Request, SeriesRow};
use gw_serve::{Services, collect};

/// A series of one value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) labels: Labels,
    pub(crate) value: f64,
}

/// Evaluates at one point; series without a float value are left out.
pub(crate) async fn instant(services: &Services, text: &str, at: Timestamp) -> Result<Vec<Point>, QueryError> {
    let rows = matrix(services, text, TimeRange::new(at, at), None).await?;
    Ok(rows.into_iter().filter_map(|(labels, values)| Some(Point { labels, value: (*values.first()?)? })).collect())
}

/// Evaluates at points of a grid.
pub(crate) async fn range(
    services: &Services,
    text: &str,
    range: TimeRange,
    step: Duration,
) -> Result<Vec<(Labels, Vec<Option<f64>>)>, QueryError> {
    matrix(services, text, range, Some(step)).await
}

async fn matrix(
    services: &Services,
    text: &str,
    range: TimeRange,
    step: Option<Duration>,
) -> Result<Vec<(Labels, Vec<Option<f64>>)>, QueryError> {
    let request = Request::Expression {
        language: Language::PromQl,
        text: text.to_owned(),
        step,
        lookback: None,
        direction: Direction::Forward,
        limit: None,
        reading: gw_batch::Reading::default(),
    };
    let query = Query { tenant: services.default_tenant(), request, range, limits: services.limits.clone() };
    let mut answer = services.queries.query(query).await?;
    let batches = collect(&mut answer).await?;
    let rows = batches.iter().flat_map(SeriesRow::iter).map(|row| {
        let labels = Labels::from_pairs(gw_base::labels::Iter::over(row.labels));
        (labels, (0..row.len()).map(|i| row.value(i)).collect())
    });
    Ok(rows.collect())
}

/// The rows of any other request.
pub(crate) async fn rows(
    services: &Services,
    request: Request,
    range: TimeRange,
) -> Result<Vec<arrow_array::RecordBatch>, QueryError> {
    let query = Query { tenant: services.default_tenant(), request, range, limits: services.limits.clone() };
    let mut answer = services.queries.query(query).await?;
    collect(&mut answer).await
}

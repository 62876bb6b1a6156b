//! `/api/gw/sql`: SQL over the tables `metrics`, `logs`, `spans`, `events`.

use axum::Json;
use axum::extract::State;
use gw_base::{Kind, TimeRange};
use gw_batch::{Direction, Language, Request};
use gw_serve::{Fault, Services};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{ask, cells};

/// Rows that one answer has unless the request says otherwise.
const ROWS: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    query: String,
    limit: Option<usize>,
}

/// Runs a statement.
pub(crate) async fn run(State(services): State<Services>, body: Option<Json<Statement>>) -> Result<Json<Value>, Fault> {
    let Json(statement) =
        body.ok_or_else(|| Fault::new(Kind::Invalid, "the body is not {\"query\": TEXT, \"limit\": NUMBER}"))?;
    let limit = statement.limit.unwrap_or(ROWS).min(services.limits.query_rows);
    let started = services.world.elapsed();
    let request = Request::Expression {
        language: Language::Sql,
        text: statement.query,
        step: None,
        lookback: None,
        direction: Direction::Backward,
        limit: Some(limit),
        reading: gw_batch::Reading::default(),
    };
    let batches = ask::rows(&services, request, TimeRange::ALL).await?;
    let columns: Vec<Value> = batches.first().map_or_else(Vec::new, |batch| {
        let schema = batch.schema();
        schema
            .fields()
            .iter()
            .map(|field| json!({"name": field.name(), "type": field.data_type().to_string()}))
            .collect()
    });
    let rows: Vec<Value> =
        batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| cells::row(batch, row))).collect();
    let millis = services.world.elapsed().saturating_sub(started).as_secs_f64() * 1000.0;
    Ok(Json(json!({"columns": columns, "stats": {"rows": rows.len(), "millis": millis}, "rows": rows})))
}

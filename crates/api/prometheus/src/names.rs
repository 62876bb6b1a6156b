//! `/api/v1/labels`, `/api/v1/label/NAME/values`, `/api/v1/series` and `/api/v1/metadata`.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use axum::extract::{Path, State};
use axum::response::Response;
use gw_base::labels::Iter;
use gw_base::{Labels, Signal, TimeRange};
use gw_batch::{Cost, Names, Query, Request};
use gw_serve::{Params, Services, collect};

use crate::errors::ApiError;
use crate::room::Operations;
use crate::{params, render};

/// Label names.
pub(crate) async fn labels(State(services): State<Services>, given: Params) -> Result<Response, ApiError> {
    answer(&services, &given, Names::Labels).await
}

/// Values of one label.
pub(crate) async fn values(
    State(services): State<Services>,
    Path(name): Path<String>,
    given: Params,
) -> Result<Response, ApiError> {
    let name = unescape(&name);
    if name.is_empty() {
        return Err(ApiError::bad_data(format!("invalid label name: {name:?}")));
    }
    answer(&services, &given, Names::Values(name)).await
}

/// Label sets of series, those of replicas as one.
pub(crate) async fn series(operations: Operations, services: Services, given: Params) -> Result<Response, ApiError> {
    if given.all("match[]").next().is_none() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let limit = params::limit(&given)?;
    let replica_labels = params::replica_labels(&given, &operations.settings.replica_labels)?;
    if replica_labels.is_empty() {
        return answer(&services, &given, Names::Series).await;
    }
    let (batches, cost) = ask(&services, &given, (Names::Series, None)).await?;
    let sets = batches.iter().filter_map(|batch| batch.column(0).as_binary_opt::<i32>());
    let is_kept = |name: &str| !replica_labels.iter().any(|label| label == name);
    let kept = |bytes: &[u8]| Labels::from_pairs(Iter::over(bytes).filter(|(name, _)| is_kept(name)));
    let sets: BTreeSet<Labels> = sets.flat_map(|sets| sets.iter().flatten()).map(kept).collect();
    Ok(render::label_sets(&sets.into_iter().collect::<Vec<_>>(), limit, &cost))
}

async fn answer(services: &Services, given: &Params, names: Names) -> Result<Response, ApiError> {
    let limit = params::limit(given)?;
    let (batches, cost) = ask(services, given, (names, limit)).await?;
    Ok(render::names(&batches, limit, &cost))
}

/// The texts or label sets of series that match.
async fn ask(
    services: &Services,
    given: &Params,
    (names, limit): (Names, Option<usize>),
) -> Result<(Vec<RecordBatch>, Arc<Cost>), ApiError> {
    let query = Query {
        tenant: services.default_tenant(),
        request: Request::Names {
            signal: Signal::Metrics,
            names,
            selectors: given.all("match[]").map(str::to_owned).collect(),
            // One more than asked tells whether the answer was cut.
            limit: limit.map(|limit| limit + 1),
        },
        range: params::names_range(given)?,
        limits: services.limits.clone(),
    };
    let mut answer = services.queries.query(query).await.map_err(|error| ApiError::query("match[]", &error))?;
    let batches = collect(&mut answer).await.map_err(|error| ApiError::query("match[]", &error))?;
    Ok((batches, answer.cost))
}

/// Types, units and help texts of metric families.
pub(crate) async fn metadata(State(services): State<Services>, given: Params) -> Result<Response, ApiError> {
    let query = Query {
        tenant: services.default_tenant(),
        request: Request::Metadata { metric: given.get("metric").map(str::to_owned), limit: params::limit(&given)? },
        range: TimeRange::ALL,
        limits: services.limits.clone(),
    };
    let mut answer = services.queries.query(query).await.map_err(|error| ApiError::query("metric", &error))?;
    let batches = collect(&mut answer).await.map_err(|error| ApiError::query("metric", &error))?;
    let per_metric = params::count(&given, "limit_per_metric")?.unwrap_or(usize::MAX);
    Ok(render::metadata(&batches, per_metric))
}

/// Undoes upstream's escaping of label names that are no classic identifiers: `U__` then `_HEX_` for other characters and
/// `__` for an underscore. A name that is not so escaped stays as it is.
pub(crate) fn unescape(name: &str) -> String {
    let Some(escaped) = name.strip_prefix("U__") else { return name.to_owned() };
    let mut plain = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = rest.find('_') {
        let (before, after) = rest.split_at(at);
        plain.push_str(before);
        let after = after.strip_prefix('_').unwrap_or(after);
        if let Some(tail) = after.strip_prefix('_') {
            plain.push('_');
            rest = tail;
            continue;
        }
        let decoded = after.split_once('_').and_then(|(hex, tail)| {
            let code = u32::from_str_radix(hex, 16).ok()?;
            Some((char::from_u32(code)?, tail))
        });
        let Some((c, tail)) = decoded else { return name.to_owned() };
        plain.push(c);
        rest = tail;
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names_come_back() {
        for (escaped, plain) in
            [("job", "job"), ("U__http_2e_status", "http.status"), ("U__a__b", "a_b"), ("U__bad_zz", "U__bad_zz")]
        {
            assert_eq!(unescape(escaped), plain);
        }
    }
}

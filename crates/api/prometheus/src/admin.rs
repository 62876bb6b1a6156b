//! `/api/v1/admin/tsdb/*`: deleting series, cleaning up after that, and snapshots.

use std::sync::Arc;

use axum::Extension;
use axum::response::Response;
use gw_base::{BoxFuture, Kind, TimeRange, Timestamp};
use gw_serve::{Params, Permission, Principal, access};

use crate::errors::ApiError;
use crate::room::Operations;
use crate::{params, render};

/// Why storage did not do what an administrator asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminError {
    /// Who must act.
    pub kind: Kind,
    /// What failed.
    pub message: String,
}

/// What an administrator may do to the stored metrics.
pub trait Admin: Send + Sync {
    /// Deletes the samples in the range of the series that one of the PromQL selectors selects.
    fn delete_series(&self, selectors: Vec<String>, range: TimeRange) -> BoxFuture<'_, Result<(), AdminError>>;

    /// Takes what was deleted off the disk.
    fn clean_tombstones(&self) -> BoxFuture<'_, Result<(), AdminError>>;

    /// Copies what is stored into a new folder under the data directory and gives its name.
    fn snapshot(&self, skip_head: bool) -> BoxFuture<'_, Result<String, AdminError>>;
}

type Who = Option<Extension<Principal>>;

fn admin(operations: &Operations, who: &Who) -> Result<Arc<dyn Admin>, ApiError> {
    access::require(who.as_deref(), Permission::Administer)
        .map_err(|fault| ApiError::of_kind(fault.kind, fault.message))?;
    let admin = operations.admin.clone().filter(|_| operations.settings.admin);
    admin.ok_or_else(|| ApiError::unavailable("admin APIs disabled"))
}

fn failed(error: AdminError) -> ApiError {
    ApiError::of_kind(error.kind, error.message)
}

/// Deletes series.
pub(crate) async fn delete_series(operations: Operations, who: Who, given: Params) -> Result<Response, ApiError> {
    let admin = admin(&operations, &who)?;
    let selectors: Vec<String> = given.all("match[]").map(str::to_owned).collect();
    if selectors.is_empty() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let start = params::time(&given, "start")?.unwrap_or(Timestamp::MIN);
    let end = params::time(&given, "end")?.unwrap_or(Timestamp::MAX);
    admin.delete_series(selectors, TimeRange::new(start, end)).await.map_err(failed)?;
    Ok(render::nothing())
}

/// Cleans up after deletions.
pub(crate) async fn clean_tombstones(operations: Operations, who: Who) -> Result<Response, ApiError> {
    admin(&operations, &who)?.clean_tombstones().await.map_err(failed)?;
    Ok(render::nothing())
}

/// Makes a snapshot.
pub(crate) async fn snapshot(operations: Operations, who: Who, given: Params) -> Result<Response, ApiError> {
    let admin = admin(&operations, &who)?;
    let skip_head = given.get("skip_head").map_or(Ok(false), |text| params::boolean("skip_head", text))?;
    let name = admin.snapshot(skip_head).await.map_err(failed)?;
    Ok(render::success(&serde_json::json!({"name": name}).to_string()))
}

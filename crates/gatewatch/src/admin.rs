//! What the Prometheus room lets administrators do, over the store.

use std::path::PathBuf;
use std::sync::Arc;

use gw_api_prometheus::{Admin, AdminError};
use gw_base::{BoxFuture, HasKind, Kind, Matcher, Tenant, TimeRange, World};
use gw_store::{Store, StoreError};

/// Folder of snapshots under the data directory.
const SNAPSHOTS: &str = "snapshots";

/// Deletes and snapshots of the default tenant's metrics.
pub(crate) struct StoreAdmin {
    pub(crate) store: Arc<Store>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) dir: PathBuf,
}

fn failed(error: &StoreError) -> AdminError {
    AdminError { kind: error.kind(), message: error.to_string() }
}

fn matchers(selector: &str) -> Result<Vec<Matcher>, AdminError> {
    let parsed = gw_plan::promql::selector(selector);
    parsed
        .map_err(|error| AdminError { kind: Kind::Invalid, message: format!("invalid parameter \"match[]\": {error}") })
}

impl Admin for StoreAdmin {
    fn delete_series(&self, selectors: Vec<String>, range: TimeRange) -> BoxFuture<'_, Result<(), AdminError>> {
        Box::pin(async move {
            // All are read before the first one deletes, so that a wrong one deletes nothing.
            let selectors: Vec<Vec<Matcher>> = selectors.iter().map(|text| matchers(text)).collect::<Result<_, _>>()?;
            for matchers in &selectors {
                let deleted = self.store.delete_series(&Tenant::default(), matchers, range).await;
                deleted.map_err(|error| failed(&error))?;
            }
            Ok(())
        })
    }

    fn clean_tombstones(&self) -> BoxFuture<'_, Result<(), AdminError>> {
        Box::pin(async move { self.store.clean_tombstones().await.map_err(|error| failed(&error)) })
    }

    fn snapshot(&self, skip_head: bool) -> BoxFuture<'_, Result<String, AdminError>> {
        Box::pin(async move {
            // Wire: upstream's names, the time and a random number.
            let time: String =
                self.world.now().to_string().chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
            let name = format!("{time}Z-{:016x}", self.world.random());
            let dir = self.dir.join(SNAPSHOTS).join(&name);
            let made = tokio::fs::create_dir_all(&dir).await;
            made.map_err(|error| AdminError {
                kind: Kind::Unavailable,
                message: format!("{}: {error}", dir.display()),
            })?;
            self.store.snapshot(&dir, !skip_head).await.map_err(|error| failed(&error))?;
            Ok(name)
        })
    }
}

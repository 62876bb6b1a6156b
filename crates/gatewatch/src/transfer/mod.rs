//! Data directories of the originals into our store, and out of it again.
//!
//! Both work on the store of a product that does not run: they take its lock. Into a running product, data is sent with
//! `--url`, over its own remote-write door.

mod blocks;
mod export;
mod import;
mod outcome;
mod remote;

pub(crate) use export::{ExportJob, export};
pub(crate) use import::{ImportJob, import};

use std::sync::Arc;

use anyhow::{Context as _, Result};
use gw_base::World;
use gw_config::Environment;
use gw_store::Store;

use crate::config::{GatewatchConfig, Origin};
use crate::lock::DirLock;
use crate::product;

/// The store of a product that does not run.
struct OpenStore {
    config: GatewatchConfig,
    store: Arc<Store>,
    world: Arc<dyn World>,
    _lock: DirLock,
}

impl OpenStore {
    async fn open(origin: &Origin, environment: &Environment, remedy: &str) -> Result<Self> {
        let world = product::world();
        let config = origin.load(environment)?;
        let lock = DirLock::take(&config.store.dir).context(remedy.to_owned())?;
        let store = Store::open(product::store_options(&config), Arc::clone(&world)).await?;
        Ok(Self { config, store, world, _lock: lock })
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(crate::memory::runtime().build()?)
}

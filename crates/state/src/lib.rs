//! Small transactional state: users, sessions, tokens, silences, monitors, dashboards, and keyed leftovers of other parts.
//!
//! One SQLite file, readable by its owner alone. Everything is transactional and small; observations never come here.
//! This crate knows no HTTP and no signals: rooms turn its answers into status codes, and documents of other crates
//! (monitors, dashboards) are kept as JSON whose shape their owners define.

mod authenticate;
mod dashboards;
mod database;
mod error;
mod kv;
mod monitors;
mod password;
mod roles;
mod secrets;
mod sessions;
mod silences;
mod throttle;
mod tokens;
mod users;

use std::path::Path;
use std::sync::Arc;

use gw_base::World;
use sqlx_sqlite::SqlitePool;

pub use authenticate::{Credentials, Principal, Via};
pub use dashboards::Dashboard;
pub use error::StateError;
pub use roles::{Permission, Role};
pub use sessions::SignedIn;
pub use silences::{Silence, SilenceState};
pub use tokens::{NewToken, Token};
pub use users::{User, UserChange};

/// The name of the file inside the data directory.
pub const FILE_NAME: &str = "state.db";

/// The state of one installation. Cloning shares it.
#[derive(Debug, Clone)]
pub struct State {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: SqlitePool,
    world: Arc<dyn World>,
    hasher: password::Hasher,
    throttle: throttle::Throttle,
    verified: authenticate::VerifiedPairs,
}

impl State {
    /// Opens `dir/state.db`, creating it (mode 0600) or bringing its schema up to date.
    ///
    /// # Errors
    /// [`StateError::Newer`] when a later release wrote the file, [`StateError::Damaged`] when it is no sound database,
    /// [`StateError::Io`] when it cannot be created.
    pub async fn open(dir: &Path, world: Arc<dyn World>) -> Result<Self, StateError> {
        let pool = database::open(&dir.join(FILE_NAME), world.now()).await?;
        let hasher = password::Hasher::new(&*world);
        let verified = authenticate::VerifiedPairs::new(&*world);
        let inner = Inner { pool, world, hasher, throttle: throttle::Throttle::default(), verified };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Writes everything back into the one file and closes it, so that a copy of that file is a whole backup.
    pub async fn close(&self) {
        if let Err(error) = database::fold_log(self.pool()).await {
            tracing::warn!(%error, "state database keeps its log beside it until the next start");
        }
        self.inner.pool.close().await;
    }

    fn pool(&self) -> &SqlitePool {
        &self.inner.pool
    }

    fn now(&self) -> gw_base::Timestamp {
        self.inner.world.now()
    }
}

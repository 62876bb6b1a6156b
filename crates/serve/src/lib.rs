//! What every room stands on: listeners, authentication, bounded uploads, parameters, and `Kind` to status.
//!
//! A room is `pub fn room(services: Services, ...) -> axum::Router`. It decodes with `gw-formats`, stores through
//! [`Services::intake`], asks through [`Services::queries`], and never sees storage or the engine.

pub mod access;
pub mod answer;
pub mod fault;
pub mod ingest;
pub mod listen;
pub mod params;
pub mod telemetry;
pub mod text;
pub mod upload;

use std::sync::Arc;

use gw_base::{Limits, Tenant, Timestamp, World};
use gw_batch::Queries;
use gw_intake::Intake;
use gw_state::State;

pub use access::{Exposure, Gate};
pub use answer::{collect, rows};
pub use fault::{Fault, status_of};
pub use gw_state::{Permission, Principal};
pub use ingest::{IngestError, Ingested};
pub use params::Params;
pub use telemetry::{Page, Telemetry};
pub use upload::Upload;

/// What a room may use. Cloning is cheap.
#[derive(Clone)]
pub struct Services {
    /// The one door into storage.
    pub intake: Intake,
    /// Everything that may be asked of storage.
    pub queries: Arc<dyn Queries>,
    /// Users, sessions, silences, monitors.
    pub state: State,
    /// Clock and randomness.
    pub world: Arc<dyn World>,
    /// Bounds of requests and queries.
    pub limits: Limits,
    /// Whether pushed series get `__type__` and `__unit__`.
    pub type_and_unit_labels: bool,
    /// The product's own metrics.
    pub telemetry: Telemetry,
    /// Facts that status pages show.
    pub about: Arc<About>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").field("about", &self.about).finish_non_exhaustive()
    }
}

/// Facts about this process.
#[derive(Debug, Clone)]
pub struct About {
    /// Product version.
    pub version: &'static str,
    /// When the process started.
    pub started_at: Timestamp,
    /// Where data lies.
    pub data_dir: String,
    /// Listening ports, in table order.
    pub ports: Vec<Port>,
    /// Whether the simulated gateway runs.
    pub demo: bool,
    /// Flags as given, for status pages.
    pub flags: Vec<(String, String)>,
    /// The effective configuration as YAML, secrets hidden.
    pub config: String,
}

/// One listening port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Port number.
    pub port: u16,
    /// Which product's clients find their API there.
    pub role: &'static str,
    /// Address to open or to configure.
    pub url: String,
}

impl Services {
    /// The tenant of requests that name none.
    #[must_use]
    pub fn default_tenant(&self) -> Tenant {
        Tenant::default()
    }
}

//! Joins the monitors and accepted endpoints that are kept in the state with the collectors that run them.

use std::sync::Arc;

use anyhow::Result;
use gw_base::{BoxFuture, Kind};
use gw_collect::{MonitorSettings, MonitorSpec, Runtime};
use gw_serve::Fault;
use gw_state::State;
use tokio::sync::watch;

/// Where accepted endpoints are kept.
const ACCEPTED: &str = "collect.accepted";

/// The monitors as the collectors see them, and the endpoints that somebody accepted.
#[derive(Debug, Clone)]
pub(crate) struct Monitors {
    state: State,
    sender: Arc<watch::Sender<Arc<[MonitorSpec]>>>,
}

impl Monitors {
    /// Reads what is kept.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(crate) async fn open(state: &State) -> Result<Self> {
        let monitors = Self { state: state.clone(), sender: Arc::new(watch::Sender::new(Arc::default())) };
        monitors.reload().await?;
        Ok(monitors)
    }

    /// Follows the list.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<[MonitorSpec]>> {
        self.sender.subscribe()
    }

    /// Reads the list again after somebody changed it.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(crate) async fn reload(&self) -> Result<()> {
        let kept: Vec<(i64, MonitorSettings)> = self.state.monitors().await?;
        let specs = kept.into_iter().map(|(id, settings)| MonitorSpec { id, settings }).collect();
        self.sender.send_replace(specs);
        Ok(())
    }

    /// What the uptime room calls after a change.
    pub(crate) fn changed(&self) -> gw_api_uptime::Changed {
        let monitors = self.clone();
        Arc::new(move || {
            let monitors = monitors.clone();
            Box::pin(async move {
                monitors.reload().await.map_err(|error| Fault::new(Kind::Internal, format!("{error:#}")))
            })
        })
    }

    /// Ids of the endpoints that somebody accepted.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(crate) async fn accepted(&self) -> Result<Vec<String>> {
        Ok(self.state.list(ACCEPTED).await?.into_iter().map(|(id, _)| id).collect())
    }

    /// What the sources page does when somebody accepts an endpoint.
    pub(crate) fn accept(&self, collect: &Runtime) -> gw_api_native::Accept {
        let (monitors, collect) = (self.clone(), collect.clone());
        Arc::new(move |id, accepted| {
            let (monitors, collect) = (monitors.clone(), collect.clone());
            Box::pin(async move {
                let value = accepted.then(Vec::new);
                monitors.state.put(ACCEPTED, &[(id, value)]).await.map_err(|error| error.to_string())?;
                collect.accept(monitors.accepted().await.map_err(|error| format!("{error:#}"))?);
                Ok(())
            }) as BoxFuture<'static, Result<(), String>>
        })
    }
}

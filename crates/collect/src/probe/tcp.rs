//! TCP: whether a port takes connections.

use gw_base::BoxFuture;
use tokio::net::TcpStream;

use super::config::MonitorSettings;
use super::{Answer, Failure, Monitor};
use crate::runtime::Context;

/// The TCP monitor.
#[derive(Debug)]
pub(super) struct Tcp;

impl Monitor for Tcp {
    fn kind(&self) -> &'static str {
        "tcp"
    }

    fn check_target(&self, target: &str) -> Result<(), String> {
        let port = target.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        match port.and_then(|(_, port)| port.parse::<u16>().ok()) {
            Some(1..) => Ok(()),
            _ => Err(format!("target \"{target}\" is not host:port")),
        }
    }

    fn check<'a>(
        &'a self,
        settings: &'a MonitorSettings,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let started = context.world.elapsed();
            TcpStream::connect(&settings.target).await.map_err(|error| Failure::new(error.to_string()))?;
            let seconds = context.world.elapsed().saturating_sub(started).as_secs_f64();
            Ok(Answer { seconds, message: "connected".to_owned(), certificate: None })
        })
    }
}

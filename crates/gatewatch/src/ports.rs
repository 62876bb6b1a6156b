//! The port table: which product's clients find their API where, and binding it.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;

/// A line of the port table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// Whose API it is.
    pub(crate) role: &'static str,
    /// Port in our table.
    pub(crate) port: u16,
    /// Port that the original listens on.
    pub(crate) native: u16,
    /// Path that a browser lands on; `None` on ports without pages.
    pub(crate) home: Option<&'static str>,
}

const fn line(role: &'static str, port: u16, native: u16, home: Option<&'static str>) -> Line {
    Line { role, port, native, home }
}

/// The table. A port whose room does not exist yet is not in it.
pub(crate) const TABLE: [Line; 11] = [
    line("prometheus", 1002, 9090, Some("/explore/metrics")),
    line("grafana", 1003, 3000, Some("/overview")),
    line("loki", 1004, 3100, Some("/explore/logs")),
    line("jaeger", 1005, 16686, Some("/explore/traces")),
    line("jaeger_collector", 1006, 14268, None),
    line("node_exporter", 1007, 9100, None),
    line("cadvisor", 1008, 8080, Some("/containers")),
    line("uptime", 1009, 3001, Some("/uptime")),
    line("zipkin", 1014, 9411, Some("/explore/traces")),
    line("otlp_grpc", 4317, 4317, None),
    line("otlp_http", 4318, 4318, None),
];

/// Where the table goes when its ports are privileged and may not be bound.
const UNPRIVILEGED_OFFSET: u16 = 10_000;
/// Ports below need a privilege.
const FIRST_UNPRIVILEGED: u16 = 1024;

/// A bound line.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) line: Line,
    pub(crate) port: u16,
    pub(crate) listener: TcpListener,
}

/// Binds the whole table. Without a chosen offset, a refused privileged port moves the privileged part of the table up.
///
/// # Errors
/// When a port is in use, or the address is not of this machine.
pub(crate) async fn bind(address: IpAddr, offset: Option<u16>, native: bool) -> Result<(Vec<Bound>, bool)> {
    match bind_table(address, |line| line.port.checked_add(offset.unwrap_or(0))).await {
        Ok(bound) => Ok((with_native(address, native, bound).await?, false)),
        Err(Refused { kind: ErrorKind::PermissionDenied, .. }) if offset.is_none() => {
            let moved = |line: &Line| match line.port {
                port if port < FIRST_UNPRIVILEGED => Some(port + UNPRIVILEGED_OFFSET),
                port => Some(port),
            };
            let bound = bind_table(address, moved).await.map_err(Refused::explain)?;
            Ok((with_native(address, native, bound).await?, true))
        }
        Err(refused) => Err(refused.explain()),
    }
}

#[derive(Debug)]
struct Refused {
    role: &'static str,
    address: SocketAddr,
    kind: ErrorKind,
}

impl Refused {
    fn explain(self) -> anyhow::Error {
        let Self { role, address, kind } = self;
        match kind {
            ErrorKind::AddrInUse => {
                anyhow::anyhow!(
                    "port {} ({role}) on {} is in use; stop the other program or choose --port-offset N",
                    address.port(),
                    address.ip()
                )
            }
            ErrorKind::AddrNotAvailable => {
                anyhow::anyhow!("{} is not an address of this machine; change --listen", address.ip())
            }
            ErrorKind::PermissionDenied => {
                anyhow::anyhow!(
                    "port {} ({role}) needs a privilege; choose --port-offset N with N of 22 or more",
                    address.port()
                )
            }
            kind => anyhow::anyhow!("listening on {address} ({role}) failed: {kind}"),
        }
    }
}

async fn bind_table(address: IpAddr, port_of: impl Fn(&Line) -> Option<u16>) -> Result<Vec<Bound>, Refused> {
    let mut bound = Vec::with_capacity(TABLE.len());
    for line in TABLE {
        let refused =
            |port: u16, kind: ErrorKind| Refused { role: line.role, address: SocketAddr::new(address, port), kind };
        let port = port_of(&line).ok_or_else(|| refused(u16::MAX, ErrorKind::InvalidInput))?;
        let listener = TcpListener::bind((address, port)).await.map_err(|error| refused(port, error.kind()))?;
        let port = listener.local_addr().map_err(|error| refused(port, error.kind()))?.port();
        bound.push(Bound { line, port, listener });
    }
    Ok(bound)
}

/// Adds the originals' own ports to the table, when that is configured.
async fn with_native(address: IpAddr, native: bool, mut bound: Vec<Bound>) -> Result<Vec<Bound>> {
    if !native {
        return Ok(bound);
    }
    for line in TABLE {
        if bound.iter().any(|other| other.port == line.native) {
            continue;
        }
        let listener = TcpListener::bind((address, line.native)).await;
        let listener =
            listener.with_context(|| format!("listen.native: port {} ({}) cannot be bound", line.native, line.role))?;
        bound.push(Bound { line, port: line.native, listener });
    }
    Ok(bound)
}

/// Binds one more listener for a role at an address of the user's own, as personalities do.
///
/// # Errors
/// When the role is unknown or the address cannot be bound.
pub(crate) async fn bind_one(role: &str, address: SocketAddr) -> Result<Bound> {
    let Some(line) = TABLE.into_iter().find(|line| line.role == role) else { bail!("no such role: {role}") };
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| Refused { role: line.role, address, kind: error.kind() }.explain())?;
    let port = listener.local_addr()?.port();
    Ok(Bound { line, port, listener })
}

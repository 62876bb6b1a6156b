//! One listener: HTTP/1 and HTTP/2 on one port, with TLS or without, bounded connections, graceful end.

pub mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Connections that one port holds at a time; more wait in the kernel's queue.
const CONNECTIONS: usize = 2048;
/// How long a client may take to send its request head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long requests in flight may take to end at shutdown.
const GRACE: Duration = Duration::from_secs(5);
/// Pause after `accept` fails (out of file handles), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `cancel`, then lets requests in flight end.
pub async fn serve(listener: TcpListener, router: Router, world: Arc<dyn gw_base::World>, cancel: CancellationToken) {
    serve_with(listener, router, None, (world, cancel)).await;
}

/// As [`serve`], with TLS where a configuration is given.
pub async fn serve_with(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<tls::ServerConfig>>,
    (world, cancel): (Arc<dyn gw_base::World>, CancellationToken),
) {
    let builder = protocols();
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    while let Some((slot, accepted)) = next(&listener, &slots, &cancel).await {
        while connections.try_join_next().is_some() {}
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                world.sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let service = router.clone().layer(axum::Extension(axum::extract::ConnectInfo(peer)));
        let (stream, service) = (without_delay(stream), TowerToHyperService::new(service));
        match &tls {
            None => {
                let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
                connections.spawn(finish(graceful.watch(connection.into_owned()), slot));
            }
            Some(tls) => {
                let (tls, builder, watcher) = (Arc::clone(tls), builder.clone(), graceful.watcher());
                connections.spawn(async move {
                    let Some(stream) = tls::shake(tls, stream).await else { return };
                    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
                    finish(watcher.watch(connection.into_owned()), slot).await;
                });
            }
        }
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = world.sleep(GRACE) => {}
    }
    connections.shutdown().await;
}

fn protocols() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(64 << 10);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(256).keep_alive_interval(Duration::from_mins(1));
    builder
}

type Accepted = std::io::Result<(TcpStream, SocketAddr)>;

/// Waits for a free slot, then for a client; `None` when it is time to stop.
async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    cancel: &CancellationToken,
) -> Option<(OwnedSemaphorePermit, Accepted)> {
    let accepted = async {
        let slot = Arc::clone(slots).acquire_owned().await.expect("the semaphore is never closed");
        (slot, listener.accept().await)
    };
    tokio::select! {
        () = cancel.cancelled() => None,
        accepted = accepted => Some(accepted),
    }
}

fn without_delay(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "switching off delayed sending failed");
    }
    stream
}

/// Waits for a connection's end. A broken one is the client's affair: it is worth a line only when someone looks for it.
async fn finish<E: std::fmt::Display>(connection: impl Future<Output = Result<(), E>>, slot: OwnedSemaphorePermit) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection ended");
    }
    drop(slot);
}

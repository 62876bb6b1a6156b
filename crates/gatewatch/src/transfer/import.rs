//! `gatewatch import prometheus DIR`: reads a data directory and keeps it.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use gw_base::time::nanos_of;
use gw_base::{HasKind as _, Kind, World};
use gw_batch::Batch;
use gw_config::Environment;
use gw_import::ImportError;
use gw_import::tsdb::{DataDir, Summary};
use gw_intake::{Intake, Receipt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::outcome::{self, Teller};
use super::remote::Remote;
use super::{OpenStore, runtime};
use crate::config::Origin;
use crate::product;

/// Batches that may wait for the store.
const WAITING: usize = 2;
/// How long a full store is given before it is asked again.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
/// How often it is asked: ten minutes without any progress are a fault, not a queue.
const TRIES: usize = 12_000;

/// What is to be imported, and where to.
#[derive(Debug, Clone)]
pub(crate) struct ImportJob {
    /// The data directory.
    pub(crate) dir: PathBuf,
    /// The product's configuration.
    pub(crate) origin: Origin,
    /// Address of a running product, or of any receiver of remote write.
    pub(crate) url: Option<String>,
}

/// Reads the directory and keeps all of it; again, nothing changes: equal samples are one.
///
/// # Errors
/// The directory cannot be read, the store is in use or refuses, or pieces of the directory are damaged (the rest is kept).
pub(crate) fn import(job: ImportJob, environment: &Environment) -> Result<()> {
    runtime()?.block_on(async {
        let summary = match &job.url {
            Some(url) => {
                let world = product::world();
                let remote = Remote::new(url, Arc::clone(&world))?;
                pour(&job, world, |batch| remote.send(batch)).await?
            }
            None => into_store(&job, environment).await?,
        };
        write!(std::io::stdout(), "{}", outcome::print(&summary))?;
        if summary.damaged > 0 {
            bail!("{} pieces of {} are damaged; everything else was imported", summary.damaged, job.dir.display());
        }
        Ok(())
    })
}

async fn into_store(job: &ImportJob, environment: &Environment) -> Result<Summary> {
    let remedy = "import writes into the store of a stopped product; into a running one, give its address: --url http://127.0.0.1:1002";
    let open = OpenStore::open(&job.origin, environment, remedy).await?;
    let (store, world) = (Arc::clone(&open.store), Arc::clone(&open.world));
    let intake = Intake::new(Arc::clone(&store) as Arc<dyn gw_batch::Sink>, open.config.limits(), Arc::clone(&world));
    let cancel = CancellationToken::new();
    let tasks = TaskTracker::new();
    {
        let (store, cancel) = (Arc::clone(&store), cancel.clone());
        tasks.spawn(async move { store.maintain(cancel.cancelled_owned()).await });
    }
    let poured = pour(job, Arc::clone(&world), |batch| keep(&intake, &world, batch)).await;
    cancel.cancel();
    tasks.close();
    tasks.wait().await;
    store.flush().await.context("writing parts failed")?;
    store.shutdown().await.context("closing the store failed")?;
    let mut summary = poured?;
    let oldest = world.now().offset(-nanos_of(open.config.store.retention.get())).millis();
    if summary.times.is_some_and(|(first, _)| first < oldest) {
        let retention = gw_base::duration::print_prometheus(open.config.store.retention.get());
        let kept =
            if open.config.store.retention_rules.is_empty() { "" } else { " unless a retention rule keeps them" };
        summary.notes.push(format!(
            "samples before {} are older than store.retention ({retention}) and will be dropped{kept}; raise it to keep \
             them",
            outcome::day(oldest)
        ));
    }
    Ok(summary)
}

/// Reads on a thread of its own, a few batches ahead of what keeps them.
async fn pour<F: Future<Output = Result<Receipt>>>(
    job: &ImportJob,
    world: Arc<dyn World>,
    mut keep: impl FnMut(Batch) -> F,
) -> Result<Summary> {
    let (sender, mut batches) = mpsc::channel::<Batch>(WAITING);
    let dir = job.dir.clone();
    let reader = tokio::task::spawn_blocking(move || -> Result<Summary, ImportError> {
        let mut teller = Teller::new(world);
        let closed =
            |_closed| ImportError::Refused { kind: Kind::Unavailable, message: "nobody takes the rows".to_owned() };
        let read = DataDir::open(&dir)?
            .read(&mut |batch| sender.blocking_send(batch).map_err(closed), &mut |progress| teller.tell(progress));
        teller.end();
        read
    });
    let mut refused = Vec::new();
    while let Some(batch) = batches.recv().await {
        refused.extend(keep(batch).await?.refused);
    }
    let mut summary = reader.await.context("the reader failed")??;
    for refusal in refused {
        let note = refusal.to_string();
        if !summary.notes.contains(&note) {
            summary.notes.push(note);
        }
    }
    Ok(summary)
}

/// Waits while the store is full.
async fn keep(intake: &Intake, world: &Arc<dyn World>, batch: Batch) -> Result<Receipt> {
    for _ in 0..TRIES {
        match intake.send(vec![batch.clone()]).await {
            Err(error) if error.kind() == Kind::Busy => world.sleep(PAUSE).await,
            result => return Ok(result?),
        }
    }
    bail!("the store takes nothing; its disk may be full or failing")
}

//! Crashes at every kind of moment: what was acknowledged is there exactly once.

use std::sync::Arc;

use gw_base::{Signal, World as _};
use gw_batch::Sink as _;
use object_store::memory::InMemory;

use super::model::{Model, batch, read_all, world};
use crate::objects::Objects;
use crate::wal::disk::Disk;
use crate::wal::simulated::SimulatedDisk;
use crate::{Store, StoreError, StoreOptions};

/// A machine whose disk outlives the store.
struct Machine {
    disk: SimulatedDisk,
    objects: Arc<InMemory>,
}

impl Machine {
    async fn boot(&self, seed: u64) -> Result<Arc<Store>, StoreError> {
        let objects = Objects::remote(Arc::<InMemory>::clone(&self.objects)).on_machine(self.disk.clone());
        let disks = Signal::ALL.iter().map(|s| Arc::new(self.disk.folder(s.as_str())) as Arc<dyn Disk>).collect();
        let options = StoreOptions { segment_bytes: 2000, ..StoreOptions::new("") };
        Store::on(options, world(seed), objects, disks, None).await
    }
}

/// Appends, flushes and merges until the fuse burns through, then restarts and compares; several times over.
async fn life(seed: u64) {
    let machine = Machine { disk: SimulatedDisk::new(seed), objects: Arc::new(InMemory::new()) };
    let world = world(seed);
    let (mut certain, mut serial) = (Model::default(), 0);
    for round in 0..4 {
        let store = machine.boot(seed + round).await.unwrap();
        let found = read_all(&store).await;
        assert_holds(&certain, &found, seed, round);
        assert_stored_once(&store, &found, seed, round);
        // What was in doubt has been decided by what is there now.
        certain = found;
        machine.disk.set_fuse(Some(1 + world.random() % 120));
        loop {
            let mut next = certain.clone();
            let batch = batch(&world, &mut next, &mut serial);
            match store.append(vec![batch]).await {
                Ok(_) => certain = next,
                Err(_) => break,
            }
            let dice = world.random() % 8;
            if dice == 0 && store.flush().await.is_err() {
                break;
            }
            if dice == 1 {
                store.tend().await;
            }
        }
        store.shutdown().await.unwrap();
        drop(store);
        machine.disk.crash();
    }
}

/// Everything certain is there; beyond it only what was being appended when the machine stopped.
fn assert_holds(certain: &Model, found: &Model, seed: u64, round: u64) {
    let place = format!("seed {seed}, round {round}");
    for (key, value) in &certain.samples {
        assert!(found.samples.contains_key(key), "{place}: lost sample {key:?} = {value}");
    }
    assert!(certain.lines.is_subset(&found.lines), "{place}: lost lines");
    assert!(certain.spans.is_subset(&found.spans), "{place}: lost spans");
    assert!(certain.events.is_subset(&found.events), "{place}: lost events");
    let extra = (found.lines.len() - certain.lines.len()) + (found.spans.len() - certain.spans.len());
    assert!(extra <= 40, "{place}: {extra} rows came from nowhere");
}

/// Reads drop repeated rows, so what is stored is counted too.
fn assert_stored_once(store: &Store, found: &Model, seed: u64, round: u64) {
    let stored = |signal: Signal| store.usage()[signal as usize].rows as usize;
    assert_eq!(stored(Signal::Logs), found.lines.len(), "seed {seed}, round {round}: lines are stored twice");
    assert_eq!(stored(Signal::Spans), found.spans.len(), "seed {seed}, round {round}: spans are stored twice");
    assert_eq!(stored(Signal::Events), found.events.len(), "seed {seed}, round {round}: events are stored twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_batches_survive_any_crash_exactly_once() {
    for seed in 0..80 {
        life(seed).await;
    }
}

#[tokio::test]
async fn a_disk_that_was_full_takes_appends_again() {
    let machine = Machine { disk: SimulatedDisk::new(1), objects: Arc::new(InMemory::new()) };
    let world = world(1);
    let store = machine.boot(1).await.unwrap();
    let (mut model, mut serial) = (Model::default(), 0);
    for round in 0..20 {
        let mut next = model.clone();
        let batch = batch(&world, &mut next, &mut serial);
        if round % 3 == 0 {
            machine.disk.fail_next(1 + round % 2);
            let error = store.append(vec![batch]).await.unwrap_err();
            assert_eq!(error.kind, gw_base::Kind::Unavailable);
            machine.disk.fail_next(0);
        } else {
            store.append(vec![batch]).await.unwrap();
            model = next;
        }
    }
    assert_eq!(read_all(&store).await, model);
    store.shutdown().await.unwrap();
    machine.disk.crash();
    assert_eq!(read_all(&machine.boot(2).await.unwrap()).await, model);
}

//! The object store under the parts and the catalog: local disk by default, anything else by the same few calls.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};

use crate::StoreError;

/// Objects by path.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Where a local store keeps its files; its puts are not durable until synced.
    root: Option<PathBuf>,
    /// The machine that crashes under it.
    #[cfg(test)]
    machine: Option<crate::wal::simulated::SimulatedDisk>,
}

impl Objects {
    /// Objects as files of a folder, created when missing.
    pub(crate) fn local(root: PathBuf) -> Result<Self, StoreError> {
        let shown = root.display().to_string();
        std::fs::create_dir_all(&root).map_err(|error| StoreError::disk("create", shown.as_str(), error))?;
        // A relative root has ancestors that cannot be opened; the absolute one does not change with the working directory.
        let root = root.canonicalize().map_err(|error| StoreError::disk("open", shown.as_str(), error))?;
        let store = object_store::local::LocalFileSystem::new_with_prefix(&root)
            .map_err(|error| StoreError::disk("open", shown, error))?;
        Ok(Self {
            store: Arc::new(store),
            root: Some(root),
            #[cfg(test)]
            machine: None,
        })
    }

    /// Objects in any store that makes its puts durable itself.
    pub(crate) fn remote(store: Arc<dyn ObjectStore>) -> Self {
        Self {
            store,
            root: None,
            #[cfg(test)]
            machine: None,
        }
    }

    /// The folder of objects that are files.
    pub(crate) fn root(&self) -> Option<&std::path::Path> {
        self.root.as_deref()
    }

    /// The same objects on a machine that can crash.
    #[cfg(test)]
    pub(crate) fn on_machine(self, machine: crate::wal::simulated::SimulatedDisk) -> Self {
        Self { machine: Some(machine), ..self }
    }

    /// Whether a writing operation takes effect, and what it then answers.
    #[cfg(test)]
    fn operate(&self, path: &str) -> (bool, Result<(), StoreError>) {
        match self.machine.as_ref().map_or(Ok(()), crate::wal::simulated::SimulatedDisk::operate) {
            Ok(()) => (true, Ok(())),
            Err(applied) => (applied, Err(StoreError::disk("write", path, "the simulated machine is off"))),
        }
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the simulated machine of tests decides here")]
    const fn operate(&self, _path: &str) -> (bool, Result<(), StoreError>) {
        (true, Ok(()))
    }

    /// Writes an object; when it answers no crash loses it.
    pub(crate) async fn put(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        let (applied, outcome) = self.operate(path);
        if !applied {
            return outcome;
        }
        let failed = |error: object_store::Error| StoreError::disk("write", path, error);
        self.store.put(&Path::from(path), PutPayload::from(bytes)).await.map_err(failed)?;
        self.sync(path).await?;
        outcome
    }

    /// Writes an object that must not be there yet; `false` when it is.
    pub(crate) async fn create(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        let (applied, outcome) = self.operate(path);
        if !applied {
            return outcome.map(|()| false);
        }
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&Path::from(path), PutPayload::from(bytes), options).await {
            Ok(_) => {
                self.sync(path).await?;
                outcome.map(|()| true)
            }
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(StoreError::disk("write", path, error)),
        }
    }

    /// A whole object.
    pub(crate) async fn get(&self, path: &str) -> Result<Bytes, StoreError> {
        let failed = |error| StoreError::disk("read", path, error);
        self.store.get(&Path::from(path)).await.map_err(failed)?.bytes().await.map_err(failed)
    }

    /// Copies an object to the same path of another store, as a hard link where both are local.
    pub(crate) async fn copy_to(&self, target: &Self, path: &str) -> Result<(), StoreError> {
        let (Some(from), Some(to)) = (&self.root, &target.root) else {
            return target.put(path, self.get(path).await?).await;
        };
        let (from, to) = (from.join(path), to.join(path));
        let linked = tokio::task::spawn_blocking(move || {
            to.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::hard_link(&from, &to)
        });
        match linked.await.map_err(|error| StoreError::Internal(error.to_string()))? {
            Ok(()) => target.sync(path).await,
            // Another file system: the bytes themselves have to go.
            Err(_) => target.put(path, self.get(path).await?).await,
        }
    }

    /// Parts of an object.
    pub(crate) async fn get_ranges(&self, path: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, StoreError> {
        let read = self.store.get_ranges(&Path::from(path), ranges).await;
        read.map_err(|error| StoreError::disk("read", path, error))
    }

    /// Removes an object; one that is gone already is fine.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), StoreError> {
        let (applied, outcome) = self.operate(path);
        if !applied {
            return outcome;
        }
        match self.store.delete(&Path::from(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => outcome,
            Err(error) => Err(StoreError::disk("remove", path, error)),
        }
    }

    /// Moves an object aside; one that is gone already is fine.
    pub(crate) async fn rename(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let (applied, outcome) = self.operate(from);
        if !applied {
            return outcome;
        }
        match self.store.rename(&Path::from(from), &Path::from(to)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => outcome,
            Err(error) => Err(StoreError::disk("rename", from, error)),
        }
    }

    /// Paths and sizes of the objects under a prefix.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let listing = self.store.list(Some(&Path::from(prefix)));
        let found: Vec<_> = listing
            .map_ok(|meta| (meta.location.to_string(), meta.size))
            .try_collect()
            .await
            .map_err(|error| StoreError::disk("list", prefix, error))?;
        Ok(found)
    }

    async fn sync(&self, path: &str) -> Result<(), StoreError> {
        let Some(root) = &self.root else { return Ok(()) };
        let (root, file) = (root.clone(), root.join(path));
        let synced = tokio::task::spawn_blocking(move || {
            std::fs::File::open(&file)?.sync_all()?;
            // New folders on the way must be durable too, up to the root.
            let parents = file.ancestors().skip(1).take_while(|folder| folder.starts_with(&root));
            parents.map(std::fs::File::open).try_for_each(|folder| folder?.sync_all())
        });
        let result = synced.await.map_err(|error| StoreError::Internal(error.to_string()))?;
        result.map_err(|error| StoreError::disk("sync", path, error))
    }
}

//! The catalog: versioned manifest objects, each a whole list of parts, moved on by creating the next version.
//!
//! Creating fails when the version exists, so two writers can never both believe that they moved the catalog. A manifest
//! is JSON and, on its last line, the CRC-32 of what is before it.

use std::collections::BTreeMap;

use bytes::Bytes;
use gw_base::Signal;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::StoreError;
use crate::erase::Deletion;
use crate::objects::Objects;
use crate::part::PartMeta;
use crate::rollups::Rolled;

const FOLDER: &str = "manifest";
/// Versions kept, so that a reader that has just listed them finds what it saw.
const KEPT: u64 = 3;

/// What the store holds at one version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Counts up by one.
    pub(crate) version: u64,
    /// Per signal: records of the write-ahead log up to here are in parts.
    pub(crate) flushed: BTreeMap<String, u64>,
    /// All parts.
    pub(crate) parts: Vec<PartMeta>,
    /// Per tenant: the object with its metric families.
    pub(crate) families: BTreeMap<String, String>,
    /// Deletions whose rows are still in parts.
    #[serde(default)]
    pub(crate) tombstones: Vec<Deletion>,
    /// Per tenant: what has been rolled up, and what of it retention has let go.
    #[serde(default)]
    pub(crate) rolled: BTreeMap<String, Rolled>,
}

impl Manifest {
    /// Up to which record a signal is in parts.
    pub(crate) fn flushed(&self, signal: Signal) -> u64 {
        self.flushed.get(signal.as_str()).copied().unwrap_or(0)
    }

    fn encode(&self) -> Result<Bytes, StoreError> {
        let body = serde_json::to_string(self).map_err(|error| StoreError::Internal(error.to_string()))?;
        let checksum = crc32fast::hash(body.as_bytes());
        Ok(Bytes::from(format!("{body}\n{checksum:08x}\n")))
    }

    fn decode(path: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let damaged = |message: &str| StoreError::damaged(path, message);
        let text = std::str::from_utf8(bytes).map_err(|error| StoreError::damaged(path, error))?;
        let (body, checksum) =
            text.strip_suffix('\n').and_then(|text| text.rsplit_once('\n')).ok_or_else(|| damaged("it is cut"))?;
        if u32::from_str_radix(checksum, 16) != Ok(crc32fast::hash(body.as_bytes())) {
            return Err(damaged("checksum differs"));
        }
        serde_json::from_str(body).map_err(|error| StoreError::damaged(path, error))
    }
}

/// The current manifest and the way to the next.
#[derive(Debug)]
pub(crate) struct Catalog {
    objects: Objects,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    manifest: Manifest,
    /// The last attempt failed half-way, so the next version may exist although nobody was told of it.
    doubtful: bool,
}

/// A catalog just opened.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) catalog: Catalog,
    pub(crate) manifest: Manifest,
    /// The newest manifest was damaged and the one before it stands: objects that no one names may be of value.
    pub(crate) fell_back: bool,
}

impl Catalog {
    /// Finds the newest manifest that is whole; without any, the store is empty.
    pub(crate) async fn open(objects: Objects) -> Result<Found, StoreError> {
        let mut versions: Vec<u64> =
            objects.list(FOLDER).await?.iter().filter_map(|(path, _)| version_of(path)).collect();
        versions.sort_unstable();
        let mut fell_back = false;
        let mut manifest = Manifest::default();
        let newest = versions.last().copied();
        while let Some(version) = versions.pop() {
            let path = path_of(version);
            match Manifest::decode(&path, &objects.get(&path).await?) {
                Ok(found) => {
                    manifest = found;
                    break;
                }
                Err(error) => {
                    tracing::error!(%error, "manifest set aside, taking the one before it");
                    objects.rename(&path, &format!("quarantine/{path}")).await?;
                    fell_back = true;
                }
            }
        }
        if fell_back && manifest.version == 0 {
            let path = path_of(newest.unwrap_or(0));
            return Err(StoreError::damaged(path, "no manifest is whole, restore one from quarantine/manifest"));
        }
        let current = Mutex::new(Current { manifest: manifest.clone(), doubtful: false });
        Ok(Found { catalog: Self { objects, current }, manifest, fell_back })
    }

    /// What the store holds now.
    pub(crate) async fn manifest(&self) -> Manifest {
        self.current.lock().await.manifest.clone()
    }

    /// Moves the catalog on by one version. When it answers, no crash takes the step back.
    pub(crate) async fn commit(&self, edit: impl FnOnce(&mut Manifest) + Send) -> Result<(), StoreError> {
        let mut current = self.current.lock().await;
        let mut next = current.manifest.clone();
        edit(&mut next);
        next.version += 1;
        let path = path_of(next.version);
        if current.doubtful {
            self.objects.delete(&path).await?;
            current.doubtful = false;
        }
        let created = self.objects.create(&path, next.encode()?).await;
        current.doubtful = created.is_err();
        if !created? {
            return Err(StoreError::CatalogMoved(next.version));
        }
        if let Some(old) = next.version.checked_sub(KEPT)
            && let Err(error) = self.objects.delete(&path_of(old)).await
        {
            tracing::warn!(%error, "old manifest stays");
        }
        current.manifest = next;
        Ok(())
    }
}

fn path_of(version: u64) -> String {
    format!("{FOLDER}/{version:012}.json")
}

fn version_of(path: &str) -> Option<u64> {
    path.rsplit('/').next()?.strip_suffix(".json")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use std::sync::Arc;

    #[tokio::test]
    async fn versions_advance_and_a_damaged_one_is_set_aside() {
        let objects = Objects::remote(Arc::new(InMemory::new()));
        let found = Catalog::open(objects.clone()).await.unwrap();
        for sequence in 1..=5 {
            found.catalog.commit(|m| m.flushed = [("logs".to_owned(), sequence)].into()).await.unwrap();
        }
        assert_eq!(objects.list(FOLDER).await.unwrap().len(), KEPT as usize);
        let rival = Catalog::open(objects.clone()).await.unwrap();
        assert_eq!((rival.manifest.version, rival.manifest.flushed(Signal::Logs)), (5, 5));
        rival.catalog.commit(|_| {}).await.unwrap();
        assert!(matches!(found.catalog.commit(|_| {}).await, Err(StoreError::CatalogMoved(6))));
        objects.put(&path_of(6), Bytes::from_static(b"{}")).await.unwrap();
        let found = Catalog::open(objects.clone()).await.unwrap();
        assert_eq!((found.manifest.version, found.fell_back), (5, true));
    }
}

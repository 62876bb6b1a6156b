//! A copy of the store's parts that opens as a store of its own.
//!
//! Parts never change, so on a local disk the copy is made of hard links and costs no room until the originals go.

use std::path::Path;

use bytes::Bytes;
use gw_base::Signal;

use crate::StoreError;
use crate::catalog::Catalog;
use crate::objects::Objects;
use crate::state::State;

/// Copies what the catalog names into a new folder and answers with the bytes that it holds.
pub(crate) async fn snapshot(state: &State, dir: &Path) -> Result<u64, StoreError> {
    let shown = dir.display().to_string();
    if dir.join("manifest").exists() {
        return Err(StoreError::disk("snapshot into", shown, "there is a store already, choose an empty folder"));
    }
    let target = Objects::local(dir.to_owned())?;
    // The views keep the parts' objects alive while they are copied.
    let views = Signal::ALL.map(|signal| state.view(signal));
    let manifest = state.catalog.manifest().await;
    let mut bytes = 0;
    for part in views.iter().flat_map(|view| view.parts.iter()) {
        for (path, size) in part.objects() {
            state.objects.copy_to(&target, &path).await?;
            bytes += size;
        }
    }
    for path in manifest.families.values() {
        let families: Bytes = state.objects.get(path).await?;
        target.put(path, families).await?;
    }
    let parts =
        views.iter().flat_map(|view| view.parts.iter().map(|part| crate::part::PartMeta::clone(part))).collect();
    let found = Catalog::open(target).await?;
    let (families, tombstones, rolled) = (manifest.families, manifest.tombstones, manifest.rolled);
    found
        .catalog
        .commit(move |next| {
            next.parts = parts;
            next.families = families;
            next.tombstones = tombstones;
            next.rolled = rolled;
        })
        .await?;
    Ok(bytes)
}

//! Damaged files: detected, reported, set aside, never served.

use std::path::{Path, PathBuf};

use gw_base::{Labels, METRIC_NAME, Tenant, Timestamp};
use gw_batch::{MetricsBuilder, Sink as _};

use super::model::{Model, batch, read_all, world};
use crate::{Store, StoreOptions};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gw-store-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.to_string_lossy().ends_with(suffix) {
                found.push(path);
            }
        }
    }
    found
}

async fn fill(dir: &Path, seed: u64) -> Model {
    let store = Store::open(StoreOptions::new(dir), world(seed)).await.unwrap();
    let (world, mut model, mut serial) = (world(seed), Model::default(), 0);
    for _ in 0..20 {
        store.append(vec![batch(&world, &mut model, &mut serial)]).await.unwrap();
    }
    store.flush().await.unwrap();
    store.shutdown().await.unwrap();
    model
}

#[tokio::test]
async fn a_real_directory_keeps_everything_and_admits_one_process() {
    let folder = Folder::new("real");
    let model = fill(&folder.0, 1).await;
    let store = Store::open(StoreOptions::new(&folder.0), world(2)).await.unwrap();
    assert_eq!(read_all(&store).await, model);
    let error = Store::open(StoreOptions::new(&folder.0), world(3)).await.unwrap_err();
    assert!(matches!(error, crate::StoreError::InUse(_)), "{error}");
}

#[tokio::test]
async fn a_truncated_part_is_set_aside_at_start() {
    let folder = Folder::new("truncated");
    fill(&folder.0, 2).await;
    let part = files(&folder.0.join("parts/default/logs"), ".parquet").remove(0);
    let length = std::fs::metadata(&part).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&part).unwrap().set_len(length / 2).unwrap();
    let store = Store::open(StoreOptions::new(&folder.0), world(2)).await.unwrap();
    let found = read_all(&store).await;
    assert!(found.lines.is_empty() && !found.samples.is_empty() && !found.spans.is_empty());
    assert!(!files(&folder.0.join("quarantine"), ".parquet").is_empty() && !part.exists());
}

#[tokio::test]
async fn flipped_bytes_are_never_served() {
    let folder = Folder::new("flipped");
    for (seed, suffix, at) in
        [(3, ".parquet", 300), (4, ".parquet", usize::MAX), (5, ".index", 40), (6, ".traces", 9), (7, "metrics", 40)]
    {
        drop(std::fs::remove_dir_all(&folder.0));
        let model = fill(&folder.0, seed).await;
        let of_metrics = suffix == "metrics";
        let (signal, suffix) = if of_metrics { ("metrics", ".index") } else { ("spans", suffix) };
        let path = files(&folder.0.join("parts/default").join(signal), suffix).remove(0);
        let mut bytes = std::fs::read(&path).unwrap();
        let at = at.min(bytes.len() - 20);
        bytes[at] ^= 0x10;
        std::fs::write(&path, bytes).unwrap();
        let store = Store::open(StoreOptions::new(&folder.0), world(2)).await.unwrap();
        let found = read_all(&store).await;
        if suffix != ".traces" {
            assert!(if of_metrics { found.samples.is_empty() } else { found.spans.is_empty() }, "{suffix} {at}");
            store.tend().await;
            assert!(!path.exists(), "{suffix} {at}");
        }
        assert_eq!(found.lines, model.lines);
        assert!(of_metrics || found.samples == model.samples);
    }
}

#[tokio::test]
async fn a_damaged_record_of_the_log_takes_no_other_sample_along() {
    let folder = Folder::new("record");
    for (appends, series) in [(9, 3), (120, 400)] {
        drop(std::fs::remove_dir_all(&folder.0));
        let store = Store::open(StoreOptions::new(&folder.0), world(1)).await.unwrap();
        for second in 0..appends {
            let mut builder = MetricsBuilder::default();
            // Each request brings a new series, which only its record names.
            for i in 0..series + second {
                let key = builder.series(&Labels::from_pairs([(METRIC_NAME, "m"), ("i", &i.to_string())]));
                builder.sample(key, Timestamp::from_secs(second), (i * 31 + second * 7) as f64 / 8.0);
            }
            store.append(vec![builder.finish(Tenant::default())]).await.unwrap();
        }
        let expected = read_all(&store).await;
        // A copy of the log as a crash would leave it: nobody has closed it.
        let path = files(&folder.0.join("wal/metrics"), ".wal").remove(0);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 3;
        bytes[middle] ^= 0x20;
        let copy = folder.0.join("copy");
        std::fs::create_dir_all(copy.join("wal/metrics")).unwrap();
        std::fs::write(copy.join("wal/metrics").join(path.file_name().unwrap()), bytes).unwrap();
        let found = Store::open(StoreOptions::new(&copy), world(2)).await.unwrap();
        assert_eq!(read_all(&found).await, expected, "{appends} appends");
        found.shutdown().await.unwrap();
        store.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn leftovers_of_an_unfinished_flush_are_swept() {
    let folder = Folder::new("leftover");
    fill(&folder.0, 7).await;
    let stray = folder.0.join("parts/default/logs/stray.parquet");
    std::fs::write(&stray, b"half").unwrap();
    drop(Store::open(StoreOptions::new(&folder.0), world(2)).await.unwrap());
    assert!(!stray.exists());
}

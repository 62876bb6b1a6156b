//! Samples of the store as blocks, one for every two hours.
//!
//! A window's label sets are held in memory, and of the samples those of one metric.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use gw_base::{Labels, METRIC_NAME, Map, Matcher, Signal, Tenant, TimeRange, World};
use gw_formats::tsdb::{Stats, order};
use gw_import::tsdb::{BlockWriter, SeriesSamples, ulid};
use gw_store::{Selection, Series, Store};

use super::OpenStore;
use super::outcome::Teller;

/// What was written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written {
    pub(super) blocks: u64,
    pub(super) stats: Stats,
    /// First and last time, milliseconds.
    pub(super) times: Option<(i64, i64)>,
}

/// Writes blocks.
pub(super) struct Blocks {
    store: Arc<Store>,
    world: Arc<dyn World>,
    dir: PathBuf,
    teller: Teller,
    written: Written,
}

impl Blocks {
    pub(super) fn new(open: &OpenStore, dir: PathBuf) -> Self {
        let (store, world) = (Arc::clone(&open.store), Arc::clone(&open.world));
        let teller = Teller::new(Arc::clone(&world));
        Self { store, world, dir, teller, written: Written::default() }
    }

    pub(super) fn finish(self) -> Written {
        self.teller.end();
        self.written
    }

    /// Writes the block of a window; none when it has no samples.
    pub(super) async fn write(&mut self, window: TimeRange, selectors: &[Vec<Matcher>]) -> Result<()> {
        let mut sets = Vec::new();
        for selector in selectors {
            let selection = Selection::new(Tenant::default(), Signal::Metrics, window).matching(selector.clone());
            sets.extend(self.store.label_sets(&selection).await?);
        }
        if sets.is_empty() {
            return Ok(());
        }
        sets.sort_by(order);
        sets.dedup();
        let random = u128::from(self.world.random()) << 64 | u128::from(self.world.random());
        let mut writer = BlockWriter::create(&self.dir, &ulid(self.world.now().millis(), random))?;
        let mut loaded = Loaded::default();
        for labels in &sets {
            let series = loaded.take(&self.store, labels, window).await?;
            writer = push(writer, series).await?;
        }
        let count = self.written.stats.num_series + sets.len() as u64;
        self.teller.say(&format!("{} series written, up to {}", super::outcome::grouped(count), window.end));
        let meta = tokio::task::spawn_blocking(move || writer.finish()).await.context("writing a block failed")??;
        let Some(meta) = meta else { return Ok(()) };
        let (written, stats) = (&mut self.written, meta.stats);
        written.blocks += 1;
        written.stats.num_series += stats.num_series;
        written.stats.num_float_samples += stats.num_float_samples;
        written.stats.num_histogram_samples += stats.num_histogram_samples;
        let (first, last) = written.times.unwrap_or((meta.min_time, meta.max_time - 1));
        written.times = Some((first.min(meta.min_time), last.max(meta.max_time - 1)));
        Ok(())
    }
}

/// The series of the metric that is being written. Label sets come in Prometheus' order, in which those of one metric are
/// neighbours but for labels that sort before `__name__`.
#[derive(Default)]
struct Loaded {
    metric: Option<String>,
    series: Map<Labels, Series>,
}

impl Loaded {
    async fn take(&mut self, store: &Store, labels: &Labels, window: TimeRange) -> Result<Series> {
        let metric = labels.metric().unwrap_or("");
        if self.metric.as_deref() != Some(metric) || !self.series.contains_key(labels) {
            let selection = Selection::new(Tenant::default(), Signal::Metrics, window);
            let all = store.series(&selection.matching(vec![Matcher::equal(METRIC_NAME, metric)])).await?;
            self.series = all.into_iter().map(|series| (series.labels.clone(), series)).collect();
            self.metric = Some(metric.to_owned());
        }
        Ok(self.series.remove(labels).unwrap_or_else(|| Series { labels: labels.clone(), ..Series::default() }))
    }
}

/// Encoding takes longer than a reactor may be held.
async fn push(mut writer: BlockWriter, series: Series) -> Result<BlockWriter> {
    let work = move || -> Result<BlockWriter> {
        let floats = by_millis(series.times.iter().zip(series.values.iter().copied()));
        let histograms = by_millis(series.histogram_times.iter().zip(series.histograms.iter().map(Arc::as_ref)));
        let samples = SeriesSamples { floats: &floats, histograms: &histograms };
        writer.push(&series.labels, samples)?;
        Ok(writer)
    };
    tokio::task::spawn_blocking(work).await.context("encoding a series failed")?
}

/// Times of Prometheus are milliseconds; of samples within one the last holds.
fn by_millis<'a, V: Copy>(samples: impl Iterator<Item = (&'a i64, V)>) -> Vec<(i64, V)> {
    let mut out: Vec<(i64, V)> = Vec::new();
    for (nanos, value) in samples {
        let millis = nanos.div_euclid(1_000_000);
        match out.last_mut() {
            Some(last) if last.0 == millis => last.1 = value,
            _ => out.push((millis, value)),
        }
    }
    out
}

//! Turns a frozen head into parts: write the parts, move the catalog on, let the head and its log segments go.
//!
//! A crash between any two of these steps repeats or loses nothing: parts that no manifest names are swept at the next
//! start, and a manifest says up to which record the log needs no replay.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use gw_base::{Labels, Signal, Tenant, TimeRange, Timestamp};
use gw_batch::{Exemplar, MetricsBuilder};

use crate::head::metrics::MetricsHead;
use crate::head::rows::RowsHead;
use crate::head::series::settle;
use crate::head::{Generation, TenantHead};
use crate::matching::Conditions;
use crate::part::PartMeta;
use crate::part::metrics::SeriesWriter;
use crate::part::order::{by_rank, gather};
use crate::part::writer::{PartWriter, Written, as_signal, runs_of};
use crate::state::State;
use crate::{Family, Series, StoreError, StoreStats};

/// Rows handed to the part writer at a time.
const BATCH_ROWS: usize = 16 << 10;

/// Writes a frozen head as parts and replaces it by them.
pub(crate) async fn flush(state: &State, head: &Arc<Generation>) -> Result<(), StoreError> {
    let signal = head.signal();
    let mut parts = Vec::new();
    let mut described = BTreeMap::new();
    for (tenant, rows) in head.tenants() {
        if let Some(families) = describe(state, &tenant, &rows).await? {
            described.insert(tenant.clone(), families);
        }
        let written = tokio::task::spawn_blocking(move || write(signal, &rows));
        let written = written.await.map_err(|error| StoreError::Internal(error.to_string()))??;
        if written.rows > 0 {
            parts.push(Arc::new(
                put(state, (&tenant, signal), written, At { through: head.through(), ..At::default() }).await?,
            ));
        }
    }
    let through = head.through();
    let added: Vec<PartMeta> = parts.iter().map(|part| PartMeta::clone(part)).collect();
    state
        .catalog
        .commit(|manifest| {
            manifest.parts.extend(added);
            manifest.flushed.insert(signal.as_str().to_owned(), through);
            let paths = described.iter().map(|(tenant, (path, _))| (tenant.to_string(), path.clone()));
            manifest.families.extend(paths);
        })
        .await?;
    let count = parts.len();
    remember(state, described).await;
    state.edit_view(signal, |view| {
        view.frozen.retain(|frozen| !Arc::ptr_eq(frozen, head));
        let mut all: Vec<Arc<PartMeta>> = view.parts.iter().cloned().chain(parts).collect();
        all.sort_by(|a, b| (a.through, &a.id).cmp(&(b.through, &b.id)));
        view.parts = all.into();
    });
    StoreStats::add(&state.stats.flushes, 1);
    tracing::debug!(%signal, rows = head.rows(), parts = count, "head flushed");
    Ok(())
}

/// Where a part stands among others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct At {
    /// The last record of the log that went in.
    pub(crate) through: u64,
    /// How often its rows have been merged.
    pub(crate) level: u32,
    /// Length of the intervals of rollups, zero of rows.
    pub(crate) rollup: i64,
}

/// Puts the objects of a part where the catalog will find them.
pub(crate) async fn put(
    state: &State,
    (tenant, signal): (&Tenant, Signal),
    written: Written,
    At { through, level, rollup }: At,
) -> Result<PartMeta, StoreError> {
    let part = PartMeta {
        id: format!("{through:016x}-{:016x}", state.world.random()),
        tenant: tenant.to_string(),
        signal: signal.to_string(),
        rows: written.rows,
        min: written.bounds.0,
        max: written.bounds.1,
        through,
        level,
        bytes: written.data.len() as u64,
        tail: written.tail,
        index_bytes: written.index.len() as u64,
        index_crc: crc32fast::hash(&written.index),
        traces: written.traces.as_ref().map(|bytes| (bytes.len() as u64, crc32fast::hash(bytes))),
        rollup,
        series: written.series,
        days: written.days,
    };
    state.objects.put(&part.data_path(), written.data).await?;
    state.objects.put(&part.index_path(), written.index).await?;
    if let Some(traces) = written.traces {
        state.objects.put(&part.traces_path(), traces).await?;
    }
    Ok(part)
}

fn write(signal: Signal, rows: &TenantHead) -> Result<Written, StoreError> {
    match rows {
        TenantHead::Metrics(head) => write_metrics(head),
        TenantHead::Rows(head) => {
            let mut writer = PartWriter::new(signal, 0, 0)?;
            write_rows(signal, head, &mut writer)?;
            writer.finish()
        }
    }
}

fn write_rows(signal: Signal, head: &RowsHead, writer: &mut PartWriter) -> Result<(), StoreError> {
    let batches = head.batches();
    let mut names: Vec<Labels> = batches.iter().flat_map(|batch| batch.labels().iter().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    let rank = |labels: &Labels| names.binary_search(labels).map_or(0, |rank| rank as u32);
    let ranks: Vec<Vec<u32>> = batches
        .iter()
        .map(|batch| {
            let of: Vec<u32> = batch.labels().iter().map(rank).collect();
            batch.keys().iter().map(|key| of[*key as usize]).collect()
        })
        .collect();
    let records: Vec<_> = batches.iter().map(|batch| batch.records().clone()).collect();
    let order = by_rank(signal, &records, &ranks);
    for rows in order.chunks(BATCH_ROWS) {
        let runs = runs_of(rows.iter().map(|at| ranks[at.source as usize][at.row as usize]), &names);
        writer.write(&as_signal(signal, &gather(&records, rows)?)?, &runs)?;
    }
    Ok(())
}

fn write_metrics(head: &MetricsHead) -> Result<Written, StoreError> {
    let mut writer = SeriesWriter::new(0, 0)?;
    let (mut labels, mut series) = (Vec::new(), Series::default());
    for number in head.select(&Conditions::default(), TimeRange::ALL) {
        labels.clear();
        head.labels_into(number, &mut labels);
        series.clear();
        head.read(number, TimeRange::ALL, &mut series);
        settle(&mut series);
        let mut exemplars = head.exemplars(number, TimeRange::ALL);
        crate::exemplars::settle(&mut exemplars);
        writer.push(&labels, &series, &exemplars)?;
    }
    writer.finish()
}

/// Series as rows of a metrics batch, on their way to a part or to a scan.
#[derive(Debug, Default)]
pub(crate) struct MetricRows {
    builder: MetricsBuilder,
    runs: Vec<(Labels, usize)>,
}

impl MetricRows {
    /// Rows so far.
    pub(crate) fn len(&self) -> usize {
        self.builder.len()
    }

    /// Appends the rows of a settled series in time order.
    pub(crate) fn push(&mut self, series: &Series, exemplars: &[Exemplar]) {
        let before = self.builder.len();
        let key = self.builder.series(&series.labels);
        let mut starts = series.starts.iter().peekable();
        let mut start = None;
        let mut start_at = |time: i64| {
            while let Some((_, found)) = starts.next_if(|(from, _)| *from <= time) {
                start = Some(*found).filter(|found| *found != 0).map(Timestamp::from_nanos);
            }
            start
        };
        let mut exemplars: Vec<&Exemplar> = exemplars.iter().collect();
        exemplars.sort_by_key(|exemplar| exemplar.time);
        let (mut floats, mut histograms, mut examples) = (0, 0, 0);
        loop {
            let float = series.times.get(floats).copied();
            let histogram = series.histogram_times.get(histograms).copied();
            let exemplar = exemplars.get(examples).and_then(|e| e.time).map(Timestamp::nanos);
            let Some(next) = [float, histogram, exemplar].into_iter().flatten().min() else { break };
            let time = Timestamp::from_nanos(next);
            if float == Some(next) {
                self.builder.sample_with(key, time, series.values[floats], start_at(next), None);
                floats += 1;
            } else if histogram == Some(next) {
                self.builder.histogram(key, time, &series.histograms[histograms], start_at(next));
                histograms += 1;
            } else {
                self.builder.exemplar(key, time, exemplars[examples]);
                examples += 1;
            }
        }
        let rows = self.builder.len() - before;
        if rows > 0 {
            self.runs.push((series.labels.clone(), rows));
        }
    }

    /// The rows so far as records; starts over.
    pub(crate) fn take(&mut self) -> (arrow_array::RecordBatch, Vec<(Labels, usize)>) {
        let builder = std::mem::take(&mut self.builder);
        (builder.finish(Tenant::default()).records().clone(), std::mem::take(&mut self.runs))
    }
}

/// All families of a tenant after this head, and the path of a new object that lists them; `None` when nothing changed.
async fn describe(
    state: &State,
    tenant: &Tenant,
    rows: &TenantHead,
) -> Result<Option<(String, BTreeMap<String, Family>)>, StoreError> {
    let fresh = rows.metrics().map(MetricsHead::families).unwrap_or_default();
    let mut all = known(state, tenant);
    let before = all.clone();
    all.extend(fresh.into_iter().map(|family| (family.metric.clone(), family)));
    if all == before {
        return Ok(None);
    }
    let path = format!("families/{tenant}/{:016x}.json", state.world.random());
    let list: Vec<(&str, u8, &str, &str)> =
        all.values().map(|f| (f.metric.as_str(), f.kind as u8, f.unit.as_str(), f.help.as_str())).collect();
    let text = serde_json::to_vec(&list).map_err(|error| StoreError::Internal(error.to_string()))?;
    state.objects.put(&path, Bytes::from(text)).await?;
    Ok(Some((path, all)))
}

fn known(state: &State, tenant: &Tenant) -> BTreeMap<String, Family> {
    let families = state.families.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    families.get(tenant).cloned().unwrap_or_default()
}

async fn remember(state: &State, described: BTreeMap<Tenant, (String, BTreeMap<String, Family>)>) {
    for (tenant, (path, families)) in described {
        if let Err(error) = drop_older(state, &tenant, &path).await {
            tracing::warn!(%error, "old list of metric families stays");
        }
        state.families.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(tenant, families);
    }
}

/// Removes the lists of a tenant's families that `path` replaces.
async fn drop_older(state: &State, tenant: &Tenant, path: &str) -> Result<(), StoreError> {
    for (other, _) in state.objects.list(&format!("families/{tenant}")).await? {
        if other != path {
            state.objects.delete(&other).await?;
        }
    }
    Ok(())
}

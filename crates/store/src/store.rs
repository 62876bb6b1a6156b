//! The store's face: open, append, read, maintain.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use arrow_array::{Array as _, RecordBatch};
use futures_util::stream::BoxStream;
use gw_base::{BoxFuture, HasKind as _, Labels, Matcher, Signal, Tenant, TimeRange, Timestamp, World};
use gw_batch::{Ack, Batch, Direction, Sink, SinkError, SpanKind};
use tokio::sync::{mpsc, oneshot};

use crate::commit::{Command, Committer, Pending, Record};

use crate::maintain::Maintenance;
use crate::matching::Conditions;
use crate::objects::Objects;
use crate::open::Ground;
use crate::state::State;
use crate::wal::codec;
use crate::wal::disk::{Disk, Folder, Memory};
use crate::{
    Counted, Family, Operation, Selection, Series, SeriesCursor, SeriesExemplars, SignalUsage, StoreError,
    StoreOptions, StoreStats, Texts, erase, read, snapshot,
};

/// Appends that may wait for the commit thread.
const QUEUE: usize = 1024;
/// Batches of more bytes than this are encoded off the reactor.
const INLINE_BYTES: usize = 128 << 10;

/// Keeps batches of all signals and tenants durably, and reads them back.
#[derive(Debug)]
pub struct Store {
    state: Arc<State>,
    commands: mpsc::Sender<Command>,
    maintenance: Maintenance,
    thread: Mutex<Option<JoinHandle<()>>>,
    _lock: Option<File>,
}

impl Store {
    /// Opens the store in `options.dir`, creating it when missing, and brings back what the write-ahead log holds.
    ///
    /// # Errors
    /// The directory cannot be used, is in use, or its catalog is damaged.
    pub async fn open(options: StoreOptions, world: Arc<dyn World>) -> Result<Arc<Self>, StoreError> {
        let dir = options.dir.clone();
        let lock = crate::open::lock(&dir)?;
        let objects = Objects::local(dir.clone())?;
        let mut disks: Vec<Arc<dyn Disk>> = Vec::new();
        for signal in Signal::ALL {
            let path = dir.join("wal").join(signal.as_str());
            let shown = path.display().to_string();
            disks.push(Arc::new(Folder::open(path).map_err(|error| StoreError::disk("open", shown, error))?));
        }
        Self::on(options, world, objects, disks, Some(lock)).await
    }

    /// A store that keeps nothing beyond its own life, for tests.
    ///
    /// # Errors
    /// None that a store in memory could meet.
    pub async fn in_memory(world: Arc<dyn World>) -> Result<Arc<Self>, StoreError> {
        Self::in_memory_with(StoreOptions::new(""), world).await
    }

    /// The same with options; their directory is not used.
    ///
    /// # Errors
    /// None that a store in memory could meet.
    pub async fn in_memory_with(options: StoreOptions, world: Arc<dyn World>) -> Result<Arc<Self>, StoreError> {
        let objects = Objects::remote(Arc::new(object_store::memory::InMemory::new()));
        let disks = Signal::ALL.iter().map(|_| Arc::new(Memory::default()) as Arc<dyn Disk>).collect();
        Self::on(options, world, objects, disks, None).await
    }

    /// Opens a store on any ground.
    pub(crate) async fn on(
        options: StoreOptions,
        world: Arc<dyn World>,
        objects: Objects,
        disks: Vec<Arc<dyn Disk>>,
        lock: Option<File>,
    ) -> Result<Arc<Self>, StoreError> {
        let disks =
            disks.try_into().ok().ok_or_else(|| StoreError::Internal("one disk a signal is needed".to_owned()))?;
        let (state, committer) = crate::open::open(options, world, Ground { objects, disks }).await?;
        let (commands, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("gw-commit".to_owned())
            .spawn(move || Committer::run(committer, queue))
            .map_err(|error| StoreError::Internal(format!("starting the commit thread: {error}")))?;
        let maintenance = Maintenance::new(Arc::clone(&state), commands.clone());
        Ok(Arc::new(Self { state, commands, maintenance, thread: Mutex::new(Some(thread)), _lock: lock }))
    }

    /// Counters of the store's own work.
    #[must_use]
    pub fn stats(&self) -> &StoreStats {
        &self.state.stats
    }

    /// The metric series that match, each with its samples in the range, in label order.
    ///
    /// # Errors
    /// A bad pattern, a passed budget, or a failed read.
    pub async fn series(&self, selection: &Selection) -> Result<Vec<Series>, StoreError> {
        let conditions = Arc::new(Conditions::compile(&selection.matchers)?);
        let snapshot = self.state.snapshot(Signal::Metrics, &selection.tenant, selection.range);
        read::series::series(&self.state, snapshot, selection, conditions).await
    }

    /// The same series, to be read one after the other without owning them.
    ///
    /// # Errors
    /// A bad pattern or a failed read; a passed budget comes while reading.
    pub async fn cursor(&self, selection: &Selection) -> Result<SeriesCursor, StoreError> {
        let conditions = Arc::new(Conditions::compile(&selection.matchers)?);
        let snapshot = self.state.snapshot(Signal::Metrics, &selection.tenant, selection.range);
        read::series::cursor(&self.state, snapshot, selection, conditions).await
    }

    /// The rows that match, in the signal's schema. Logs, spans and events come in time order across batches (spans by
    /// their start); metrics come series by series. Rows equal in every column come once.
    ///
    /// # Errors
    /// A bad pattern or a failed read; later failures, a passed budget among them, come through the stream.
    pub async fn scan(
        &self,
        selection: Selection,
        direction: Direction,
    ) -> Result<BoxStream<'static, Result<RecordBatch, StoreError>>, StoreError> {
        if selection.signal == Signal::Metrics {
            return Ok(read::scan::metric_rows(self.series(&selection).await?));
        }
        let conditions = Arc::new(Conditions::compile(&selection.matchers)?);
        let snapshot = self.state.snapshot(selection.signal, &selection.tenant, selection.range);
        read::scan::scan(Arc::clone(&self.state), snapshot, selection, conditions, direction).await
    }

    /// How many log lines match, by stream, severity and cell of the time axis: a cell lies after one of the rising
    /// `cuts`, up to the next one. `names` are the labels that the caller groups by (`None`: all there are); when lines
    /// carry one of them as structured metadata, only the lines can tell, and the answer is `None`. Lines equal in every
    /// column count once. [`Selection::contains`] is not looked at.
    ///
    /// # Errors
    /// A bad pattern or a failed read.
    pub async fn count_lines(
        &self,
        selection: &Selection,
        cuts: &[i64],
        names: Option<&[String]>,
    ) -> Result<Option<Vec<Counted>>, StoreError> {
        let conditions = Arc::new(Conditions::compile(&selection.matchers)?);
        let snapshot = self.state.snapshot(Signal::Logs, &selection.tenant, selection.range);
        read::tally::tally(&self.state, snapshot, selection, conditions, (cuts, names)).await
    }

    /// The label sets of series, streams or subjects that match and have rows in the range, sorted; `max_rows` bounds their
    /// number. For spans the labels are `service`, `name` and `kind`.
    ///
    /// # Errors
    /// A bad pattern, a passed budget, or a failed read.
    pub async fn label_sets(&self, selection: &Selection) -> Result<Vec<Labels>, StoreError> {
        let conditions = Arc::new(Conditions::compile(&selection.matchers)?);
        let snapshot = self.state.snapshot(selection.signal, &selection.tenant, selection.range);
        if selection.signal == Signal::Metrics {
            return read::series::label_sets(&self.state, snapshot, selection, conditions).await;
        }
        read::names::label_sets(&self.state, snapshot, selection, conditions).await
    }

    /// The names of labels, or the values of one, that metric series that match have, sorted.
    ///
    /// # Errors
    /// A bad pattern or a failed read.
    pub async fn label_texts(&self, selection: &Selection, wanted: Texts) -> Result<Vec<String>, StoreError> {
        let conditions = Arc::new(Conditions::compile(&selection.matchers)?);
        let snapshot = self.state.snapshot(Signal::Metrics, &selection.tenant, selection.range);
        read::series::texts(&self.state, snapshot, selection, conditions, wanted).await
    }

    /// Type, unit and help of the tenant's metric families, sorted by name.
    #[must_use]
    pub fn metadata(&self, tenant: &Tenant) -> Vec<Family> {
        let mut all: BTreeMap<String, Family> =
            self.state.families.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned().unwrap_or_default();
        for head in self.state.snapshot(Signal::Metrics, tenant, TimeRange::ALL).heads {
            let fresh = head.metrics().map(crate::head::metrics::MetricsHead::families).unwrap_or_default();
            all.extend(fresh.into_iter().map(|family| (family.metric.clone(), family)));
        }
        all.into_values().collect()
    }

    /// The exemplars of the series that match, in the range.
    ///
    /// # Errors
    /// A bad pattern or a failed read.
    pub async fn exemplars(&self, selection: &Selection) -> Result<Vec<SeriesExemplars>, StoreError> {
        let conditions = Arc::new(Conditions::compile(&selection.matchers)?);
        let snapshot = self.state.snapshot(Signal::Metrics, &selection.tenant, selection.range);
        read::series::exemplars(&self.state, snapshot, selection, conditions).await
    }

    /// Names of the services that made spans in the range, sorted.
    ///
    /// # Errors
    /// A failed read.
    pub async fn services(&self, tenant: &Tenant, range: TimeRange) -> Result<Vec<String>, StoreError> {
        let selection = Selection::new(tenant.clone(), Signal::Spans, range);
        let sets = self.label_sets(&selection).await?;
        let mut names: Vec<String> = sets.iter().filter_map(|set| set.get("service")).map(str::to_owned).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The operations of a service in the range, sorted by name.
    ///
    /// # Errors
    /// A failed read.
    pub async fn operations(
        &self,
        tenant: &Tenant,
        service: &str,
        range: TimeRange,
    ) -> Result<Vec<Operation>, StoreError> {
        let selection =
            Selection::new(tenant.clone(), Signal::Spans, range).matching(vec![Matcher::equal("service", service)]);
        let sets = self.label_sets(&selection).await?;
        let mut found: Vec<Operation> = sets
            .iter()
            .map(|set| Operation { name: set.get("name").unwrap_or("").to_owned(), kind: span_kind(set) })
            .collect();
        found.sort_by(|a, b| (&a.name, a.kind as u8).cmp(&(&b.name, b.kind as u8)));
        Ok(found)
    }

    /// Lengths of the intervals that samples are rolled up over, the longest first, nanoseconds.
    #[must_use]
    pub fn rollup_lengths(&self) -> Vec<i64> {
        let mut lengths: Vec<i64> =
            self.state.options.retention.rollups.iter().map(|rollup| gw_base::time::nanos_of(rollup.length)).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths
    }

    /// First and last time of each part of rows; after [`Store::flush`] that is all there is.
    #[must_use]
    pub fn part_times(&self, tenant: &Tenant, signal: Signal) -> Vec<TimeRange> {
        let view = self.state.view(signal);
        let of_tenant = view.parts.iter().filter(|part| part.is_of(tenant, signal) && !part.is_rollup());
        of_tenant.map(|part| TimeRange::new(Timestamp::from_nanos(part.min), Timestamp::from_nanos(part.max))).collect()
    }

    /// How much is stored, one entry a signal.
    #[must_use]
    pub fn usage(&self) -> Vec<SignalUsage> {
        Signal::ALL.into_iter().map(|signal| self.usage_of(signal)).collect()
    }

    fn usage_of(&self, signal: Signal) -> SignalUsage {
        let view = self.state.view(signal);
        let heads = || view.frozen.iter().chain([&view.active]);
        let head_rows: u64 = heads().map(|head| head.rows()).sum();
        SignalUsage {
            signal,
            rows: view.parts.iter().filter(|part| !part.is_rollup()).map(|part| part.rows).sum::<u64>() + head_rows,
            bytes: view.parts.iter().map(|part| part.total_bytes()).sum(),
            parts: view.parts.len() as u64,
            head_rows,
            head_bytes: heads().map(|head| head.bytes() as u64).sum(),
            wal_bytes: self.state.wal_bytes[signal as usize].load(Ordering::Relaxed),
            head_series: view.active.series(),
            head_chunks: heads().map(|head| head.chunks()).sum(),
        }
    }

    /// Deletes the samples in the range of the metric series that match: at once for every reader, from the disk with
    /// [`Store::clean_tombstones`] or the next merge. Samples appended later are not touched, whatever their time.
    ///
    /// # Errors
    /// A bad pattern, too many deletions that wait for cleaning, or a failed flush or write; nothing is deleted then.
    pub async fn delete_series(
        &self,
        tenant: &Tenant,
        matchers: &[Matcher],
        range: TimeRange,
    ) -> Result<(), StoreError> {
        Conditions::compile(matchers)?;
        self.maintenance.flush(Signal::Metrics).await?;
        erase::delete(&self.state, tenant, matchers, range).await
    }

    /// Removes deleted samples from the disk.
    ///
    /// # Errors
    /// A failed read or write; what has not been cleaned stays hidden.
    pub async fn clean_tombstones(&self) -> Result<(), StoreError> {
        self.maintenance.clean().await
    }

    /// Writes a copy of the store into a folder that has none yet, which [`Store::open`] can open: of everything, or of the
    /// parts alone without what is still in the heads. Answers with the bytes of the copy.
    ///
    /// # Errors
    /// The folder holds a store already or cannot be written, or a failed flush.
    pub async fn snapshot(&self, dir: &Path, with_heads: bool) -> Result<u64, StoreError> {
        if with_heads {
            self.flush().await?;
        }
        snapshot::snapshot(&self.state, dir).await
    }

    /// Writes all heads as parts.
    ///
    /// # Errors
    /// The disk is full or failed; everything stays in the head and the write-ahead log then.
    pub async fn flush(&self) -> Result<(), StoreError> {
        for signal in Signal::ALL {
            self.maintenance.flush(signal).await?;
        }
        Ok(())
    }

    /// Flushes, compacts and expires as needed until `cancel` resolves.
    pub async fn maintain(&self, cancel: impl Future<Output = ()> + Send) {
        self.maintenance.run(cancel).await;
    }

    /// Whether a signal's head is to become a part.
    #[cfg(test)]
    pub(crate) fn is_due(&self, signal: Signal) -> bool {
        self.state.is_due(signal)
    }

    /// One round of what [`Store::maintain`] does with parts: damaged ones set aside, small ones merged, old ones dropped.
    pub async fn tend(&self) {
        self.maintenance.tend_once().await;
    }

    /// Stops taking appends after those that wait, and ends the commit thread. What is in the heads is in the write-ahead
    /// log; it comes back at the next start.
    ///
    /// # Errors
    /// The commit thread had failed.
    pub async fn shutdown(&self) -> Result<(), StoreError> {
        // A full queue drains; a closed one means that the thread has ended already.
        drop(self.commands.send(Command::Close).await);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return Ok(()) };
        let ended = tokio::task::spawn_blocking(move || thread.join()).await;
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(StoreError::Internal("the commit thread had failed".to_owned())),
        }
    }

    async fn keep(&self, batches: Vec<Batch>) -> Result<Ack, StoreError> {
        let (bytes, limit) = (self.state.head_bytes(), self.state.options.head_bytes);
        if bytes > limit {
            self.state.due.notify_one();
            return Err(StoreError::HeadFull { bytes, limit });
        }
        let records = encode(batches, &self.state).await?;
        if records.is_empty() {
            return Ok(Ack::default());
        }
        let (reply, answer) = oneshot::channel();
        let command = Command::Append(Pending { records, reply });
        self.commands.send(command).await.map_err(|_closed| StoreError::Closed)?;
        answer.await.map_err(|_closed| StoreError::Closed)?
    }
}

impl Sink for Store {
    fn append(&self, batches: Vec<Batch>) -> BoxFuture<'_, Result<Ack, SinkError>> {
        Box::pin(async move {
            self.keep(batches).await.map_err(|error| SinkError { kind: error.kind(), message: error.to_string() })
        })
    }
}

/// One record a signal, encoded.
async fn encode(batches: Vec<Batch>, state: &Arc<State>) -> Result<Vec<Record>, StoreError> {
    let mut by_signal: BTreeMap<Signal, Vec<Batch>> = BTreeMap::new();
    for batch in batches.into_iter().filter(|batch| batch.rows() > 0) {
        by_signal.entry(batch.signal()).or_default().push(batch);
    }
    let bytes: usize = by_signal.values().flatten().map(Batch::bytes).sum();
    let state = Arc::clone(state);
    let work = move || {
        let encode = |(signal, batches): (Signal, Vec<Batch>)| {
            if signal == Signal::Metrics {
                let prepared = state.view(signal).active.prepare(&batches);
                return Record { signal, payload: Vec::new(), batches, prepared };
            }
            let payload = codec::encode(&batches);
            Record { signal, payload, batches: batches.into_iter().map(fitted).collect(), prepared: Vec::new() }
        };
        by_signal.into_iter().map(encode).collect::<Vec<_>>()
    };
    if bytes <= INLINE_BYTES {
        return Ok(work());
    }
    read::off_reactor(move || Ok(work())).await
}

/// Gives back the spare room that builders leave: a batch of one row would otherwise hold kilobytes in the head.
fn fitted(batch: Batch) -> Batch {
    let (tenant, signal) = (batch.tenant().clone(), batch.signal());
    let mut columns = batch.records().columns().to_vec();
    // Only a column that nobody else holds can shrink.
    drop(batch);
    columns.iter_mut().for_each(|column| column.shrink_to_fit());
    let records = RecordBatch::try_new(gw_batch::schema(signal), columns).expect("shrinking keeps types and lengths");
    Batch::new(tenant, signal, records).expect("the schema is the signal's")
}

fn span_kind(labels: &Labels) -> SpanKind {
    let kinds = [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
    kinds.into_iter().find(|kind| Some(kind.as_str()) == labels.get("kind")).unwrap_or_default()
}

impl Drop for Store {
    fn drop(&mut self) {
        // Without this the thread would end only when the last clone of the queue's sender is gone.
        if self.commands.try_send(Command::Close).is_err() {
            tracing::debug!("the commit thread has ended already, or ends with its queue");
        }
    }
}

//! The store's face: open, append, read, maintain.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use gw_base::{
    BoxFuture, HasKind as _, Labels, MatchOp, Matcher, Signal, Tenant, TimeRange, TraceId, World,
};
use gw_batch::{
    Ack, Batch, Direction, EventsView, Exemplar, Histogram, LogsView, MetricType, MetricsView, Sink, SinkError,
    SpanKind, SpansView,
};

use crate::{Family, Operation, Selection, Series, SeriesExemplars, SignalUsage, StoreError, StoreOptions, StoreStats};

/// Keeps batches of all signals and tenants durably, and reads them back.
#[derive(Debug)]
pub struct Store {
    batches: Mutex<Vec<Batch>>,
    stats: StoreStats,
}

impl Store {
    /// Opens the store in `options.dir`, creating it when missing, and brings back what the write-ahead log holds.
    ///
    /// # Errors
    /// The directory cannot be used, is in use, or its catalog is damaged.
    pub async fn open(_options: StoreOptions, world: Arc<dyn World>) -> Result<Arc<Self>, StoreError> {
        Self::in_memory(world).await
    }

    /// A store that keeps nothing beyond its own life, for tests.
    ///
    /// # Errors
    /// None today.
    pub async fn in_memory(_world: Arc<dyn World>) -> Result<Arc<Self>, StoreError> {
        Ok(Arc::new(Self { batches: Mutex::default(), stats: StoreStats::default() }))
    }

    /// Counters of the store's own work.
    #[must_use]
    pub const fn stats(&self) -> &StoreStats {
        &self.stats
    }

    /// The metric series that match, each with its samples in the range, in label order.
    ///
    /// # Errors
    /// A bad pattern, a passed budget, or a failed read.
    pub async fn series(&self, selection: &Selection) -> Result<Vec<Series>, StoreError> {
        let mut found: std::collections::BTreeMap<Labels, Vec<(i64, f64)>> = std::collections::BTreeMap::new();
        let mut histograms: std::collections::BTreeMap<Labels, Vec<(i64, Arc<Histogram>)>> =
            std::collections::BTreeMap::new();
        for batch in self.of(selection) {
            let Some(view) = MetricsView::of(&batch) else { continue };
            for row in 0..view.times.len() {
                let labels = Labels::from_bytes(view.series.value(view.keys[row] as usize)).unwrap_or_default();
                let time = view.times[row];
                if !selection.range.contains(gw_base::Timestamp::from_nanos(time)) || !accepts(selection, &labels)? {
                    continue;
                }
                use arrow_array::Array as _;
                if view.values.is_valid(row) {
                    found.entry(labels).or_default().push((time, view.values.value(row)));
                } else if let Some(histogram) =
                    view.histograms.is_valid(row).then(|| Histogram::decode(view.histograms.value(row))).flatten()
                {
                    histograms.entry(labels).or_default().push((time, Arc::new(histogram)));
                }
            }
        }
        let mut names: Vec<Labels> = found.keys().chain(histograms.keys()).cloned().collect();
        names.sort();
        names.dedup();
        Ok(names
            .into_iter()
            .map(|labels| {
                let floats = last_wins(found.remove(&labels).unwrap_or_default());
                let hists = last_wins(histograms.remove(&labels).unwrap_or_default());
                let (times, values) = floats.into_iter().unzip();
                let (histogram_times, histograms) = hists.into_iter().unzip();
                Series { labels, times, values, histogram_times, histograms, starts: Vec::new() }
            })
            .collect())
    }

    /// The rows that match, in the signal's schema. Logs and events come in time order across batches; spans of one trace
    /// are not gathered; metrics come series by series.
    ///
    /// # Errors
    /// A bad pattern or a failed read; later failures come through the stream.
    pub async fn scan(
        &self,
        selection: Selection,
        direction: Direction,
    ) -> Result<BoxStream<'static, Result<RecordBatch, StoreError>>, StoreError> {
        let mut rows: Vec<(i64, RecordBatch)> = Vec::new();
        for batch in self.of(&selection) {
            for row in 0..batch.rows() {
                if let Some(time) = row_time(&selection, &batch, row)? {
                    rows.push((time, batch.records().slice(row, 1)));
                }
            }
        }
        rows.sort_by_key(|(time, _)| *time);
        if direction == Direction::Backward {
            rows.reverse();
        }
        Ok(futures_util::stream::iter(rows.into_iter().map(|(_, batch)| Ok(batch))).boxed())
    }

    /// The label sets of series, streams or subjects that match and have rows in the range, sorted. For spans the labels
    /// are `service`, `name` and `kind`.
    ///
    /// # Errors
    /// A bad pattern or a failed read.
    pub async fn label_sets(&self, selection: &Selection) -> Result<Vec<Labels>, StoreError> {
        let mut found = std::collections::BTreeSet::new();
        for batch in self.of(selection) {
            for row in 0..batch.rows() {
                if row_time(selection, &batch, row)?.is_some() {
                    found.insert(row_labels(&batch, row));
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Type, unit and help of the tenant's metric families, sorted by name.
    #[must_use]
    pub fn metadata(&self, tenant: &Tenant) -> Vec<Family> {
        let selection = Selection::new(tenant.clone(), Signal::Metrics, TimeRange::ALL);
        let mut found = std::collections::BTreeMap::new();
        for batch in self.of(&selection) {
            let Some(view) = MetricsView::of(&batch) else { continue };
            for row in (0..batch.rows()).filter(|row| view.is_metadata(*row)) {
                let metric = view.labels(row).next().map_or(String::new(), |(_, value)| value.to_owned());
                let kind = MetricType::from_u8(view.types.value(row)).unwrap_or(MetricType::Unknown);
                let (unit, help) = (view.units.value(row).to_owned(), view.helps.value(row).to_owned());
                found.insert(metric.clone(), Family { metric, kind, unit, help });
            }
        }
        found.into_values().collect()
    }

    /// The exemplars of the series that match, in the range.
    ///
    /// # Errors
    /// A bad pattern or a failed read.
    pub async fn exemplars(&self, _selection: &Selection) -> Result<Vec<SeriesExemplars>, StoreError> {
        Ok(Vec::<(Labels, Vec<Exemplar>)>::new()
            .into_iter()
            .map(|(labels, exemplars)| SeriesExemplars { labels, exemplars })
            .collect())
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
        let selection = Selection::new(tenant.clone(), Signal::Spans, range)
            .matching(vec![Matcher::equal("service", service)]);
        let sets = self.label_sets(&selection).await?;
        let mut found: Vec<Operation> = sets
            .iter()
            .map(|set| Operation { name: set.get("name").unwrap_or("").to_owned(), kind: span_kind(set) })
            .collect();
        found.sort_by(|a, b| (&a.name, a.kind as u8).cmp(&(&b.name, b.kind as u8)));
        Ok(found)
    }

    /// How much is stored, one entry a signal.
    #[must_use]
    pub fn usage(&self) -> Vec<SignalUsage> {
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        Signal::ALL
            .into_iter()
            .map(|signal| {
                let rows = batches.iter().filter(|b| b.signal() == signal).map(|b| b.rows() as u64).sum();
                SignalUsage {
                    signal,
                    rows,
                    bytes: 0,
                    parts: 0,
                    head_rows: rows,
                    head_bytes: 0,
                    wal_bytes: 0,
                    head_series: 0,
                }
            })
            .collect()
    }

    /// Writes all heads as parts.
    ///
    /// # Errors
    /// The disk is full or failed; everything stays in the head and the write-ahead log then.
    pub async fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Flushes, compacts and expires as needed until `cancel` resolves.
    pub async fn maintain(&self, cancel: impl Future<Output = ()> + Send) {
        cancel.await;
    }

    /// Stops taking appends, makes everything durable and closes the write-ahead log.
    ///
    /// # Errors
    /// The last writes failed.
    pub async fn shutdown(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn of(&self, selection: &Selection) -> Vec<Batch> {
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |b: &&Batch| b.signal() == selection.signal && *b.tenant() == selection.tenant;
        batches.iter().filter(wanted).cloned().collect()
    }
}

fn span_kind(labels: &Labels) -> SpanKind {
    let kinds = [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
    kinds.into_iter().find(|kind| Some(kind.as_str()) == labels.get("kind")).unwrap_or_default()
}

fn last_wins<T>(mut rows: Vec<(i64, T)>) -> Vec<(i64, T)> {
    rows.sort_by_key(|(time, _)| *time);
    rows.reverse();
    rows.dedup_by_key(|(time, _)| *time);
    rows.reverse();
    rows
}

fn row_labels(batch: &Batch, row: usize) -> Labels {
    let bytes = |bytes: &[u8]| Labels::from_bytes(bytes).unwrap_or_default();
    if let Some(view) = MetricsView::of(batch) {
        return bytes(view.series.value(view.keys[row] as usize));
    }
    if let Some(view) = LogsView::of(batch) {
        return bytes(view.streams.value(view.keys[row] as usize));
    }
    if let Some(view) = EventsView::of(batch) {
        return bytes(view.subjects.value(view.keys[row] as usize));
    }
    SpansView::of(batch).map_or_else(Labels::empty, |view| {
        let span = view.row(row);
        Labels::from_pairs([("kind", span.kind.as_str()), ("name", span.name), ("service", span.service)])
    })
}

fn row_time(selection: &Selection, batch: &Batch, row: usize) -> Result<Option<i64>, StoreError> {
    let time = MetricsView::of(batch)
        .map(|view| view.times[row])
        .or_else(|| LogsView::of(batch).map(|view| view.times[row]))
        .or_else(|| SpansView::of(batch).map(|view| view.times[row]))
        .or_else(|| EventsView::of(batch).map(|view| view.times[row]))
        .unwrap_or_default();
    let in_traces = |traces: &Vec<TraceId>| SpansView::of(batch).is_some_and(|v| traces.contains(&v.row(row).trace));
    let contains = LogsView::of(batch)
        .is_none_or(|view| selection.contains.iter().all(|text| view.lines.value(row).contains(text.as_str())));
    let keep = selection.range.contains(gw_base::Timestamp::from_nanos(time))
        && selection.traces.as_ref().is_none_or(in_traces)
        && contains
        && accepts(selection, &row_labels(batch, row))?;
    Ok(keep.then_some(time))
}

fn accepts(selection: &Selection, labels: &Labels) -> Result<bool, StoreError> {
    for matcher in &selection.matchers {
        let value = labels.get(&matcher.name).unwrap_or("");
        let pattern = |text: &str| {
            regex::Regex::new(&format!("^(?s:{text})$"))
                .map_err(|error| StoreError::Pattern { pattern: text.to_owned(), message: error.to_string() })
        };
        let good = match matcher.op {
            MatchOp::Equal => value == matcher.value,
            MatchOp::NotEqual => value != matcher.value,
            MatchOp::Regex => pattern(&matcher.value)?.is_match(value),
            MatchOp::NotRegex => !pattern(&matcher.value)?.is_match(value),
        };
        if !good {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Sink for Store {
    fn append(&self, batches: Vec<Batch>) -> BoxFuture<'_, Result<Ack, SinkError>> {
        Box::pin(async move {
            let rows = batches.iter().map(|batch| batch.rows() as u64).sum();
            self.batches.lock().unwrap_or_else(PoisonError::into_inner).extend(batches);
            StoreStats::add(&self.stats.rows_appended, rows);
            Ok(Ack { rows, refused: 0 })
        })
    }
}

impl From<StoreError> for SinkError {
    fn from(error: StoreError) -> Self {
        Self { kind: error.kind(), message: error.to_string() }
    }
}

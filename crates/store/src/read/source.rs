//! One place that series come from: a head, or a part. Each gives its series in label order.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::Array as _;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, TimestampNanosecondType};
use gw_base::TimeRange;

use super::series::{columns, push_rows};
use super::{Slice, tolerate};
use crate::compact::joined;
use crate::erase::{self, Tombstone};
use crate::head::TenantHead;
use crate::part::PartMeta;
use crate::part::reader::Opened;
use crate::state::State;
use crate::{Series, StoreError};

/// Rows of a part decoded at a time.
const STEP_ROWS: usize = 256 << 10;

/// Series in label order.
#[derive(Debug)]
pub(super) enum Source {
    Head(HeadSource),
    Part(Box<PartSource>),
}

impl Source {
    /// The label bytes of the next series.
    pub(super) fn key(&self) -> Option<&[u8]> {
        match self {
            Self::Head(head) => (head.at < head.found.len()).then_some(head.key.as_slice()),
            Self::Part(part) => {
                let slice = part.slices.get(part.at)?;
                let index = part.opened.index();
                Some(index.label_bytes(&index.entries()[slice.entry]))
            }
        }
    }

    /// Whether the samples of the next series are in memory.
    pub(super) const fn is_loaded(&self) -> bool {
        match self {
            Self::Head(_) => true,
            Self::Part(part) => part.at < part.loaded.until,
        }
    }

    /// Brings them there.
    pub(super) async fn load(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Head(_) => Ok(()),
            Self::Part(part) => part.load().await,
        }
    }

    /// Appends the samples of the next series in the range, and moves on. They are in memory.
    pub(super) fn take(&mut self, range: TimeRange, out: &mut Series) {
        match self {
            Self::Head(head) => {
                if let Some(metrics) = head.head.metrics() {
                    metrics.read(head.found[head.at], range, out);
                }
                head.advance();
            }
            Self::Part(part) => part.take(range, out),
        }
    }

    /// Moves on.
    pub(super) fn skip(&mut self) {
        match self {
            Self::Head(head) => head.advance(),
            Self::Part(part) => part.at += 1,
        }
    }

    /// Series that are left.
    pub(super) fn left(&self) -> usize {
        match self {
            Self::Head(head) => head.found.len() - head.at,
            Self::Part(part) => part.slices.len() - part.at,
        }
    }

    pub(super) const fn is_part(&self) -> bool {
        matches!(self, Self::Part(_))
    }
}

/// The series of a head that match.
#[derive(Debug)]
pub(super) struct HeadSource {
    head: Arc<TenantHead>,
    found: Vec<u32>,
    at: usize,
    key: Vec<u8>,
}

impl HeadSource {
    /// A source of these series, in label order.
    pub(super) fn new(head: Arc<TenantHead>, found: Vec<u32>) -> Self {
        let mut source = Self { head, found, at: 0, key: Vec::new() };
        source.load_key();
        source
    }

    fn advance(&mut self) {
        self.at += 1;
        self.load_key();
    }

    fn load_key(&mut self) {
        self.key.clear();
        if let (Some(metrics), Some(series)) = (self.head.metrics(), self.found.get(self.at)) {
            metrics.labels_into(*series, &mut self.key);
        }
    }
}

/// The series of a part that match, decoded a few pages at a time.
#[derive(Debug)]
pub(super) struct PartSource {
    state: Arc<State>,
    part: Arc<PartMeta>,
    opened: Arc<Opened>,
    tombstones: Vec<Arc<Tombstone>>,
    slices: Vec<Slice>,
    at: usize,
    loaded: Loaded,
}

/// Decoded rows of some slices.
#[derive(Debug, Default)]
struct Loaded {
    columns: Vec<usize>,
    batches: Vec<RecordBatch>,
    /// The first slice that is not here.
    until: usize,
    /// The next row: which batch, and where in it.
    batch: usize,
    row: usize,
    /// The slice that this row belongs to.
    slice: usize,
}

impl PartSource {
    pub(super) fn new(
        state: Arc<State>,
        part: Arc<PartMeta>,
        opened: Arc<Opened>,
        tombstones: Vec<Arc<Tombstone>>,
        slices: Vec<Slice>,
    ) -> Self {
        Self { state, part, opened, tombstones, slices, at: 0, loaded: Loaded::default() }
    }

    fn take(&mut self, range: TimeRange, out: &mut Series) {
        debug_assert!(self.at < self.loaded.until, "the cursor has loaded what it takes");
        // Slices may have been skipped unread.
        while self.loaded.slice < self.at {
            let rows = rows_of(&self.slices[self.loaded.slice]);
            self.loaded.pass(rows, |_, _| {});
            self.loaded.slice += 1;
        }
        let index = self.opened.index();
        let slice = &self.slices[self.at];
        let gaps = erase::gaps(&self.tombstones, index.label_bytes(&index.entries()[slice.entry]));
        let columns = std::mem::take(&mut self.loaded.columns);
        self.loaded.pass(rows_of(slice), |batch, rows| {
            if columns.len() > 2 || !gaps.is_empty() || !push_floats(out, range, batch, rows.clone()) {
                push_rows(out, (range, &gaps), &columns, batch, rows);
            }
        });
        self.loaded.columns = columns;
        self.loaded.slice += 1;
        self.at += 1;
    }

    /// Reads the next slices; none are left when the part is damaged and the read goes on without it.
    async fn load(&mut self) -> Result<(), StoreError> {
        let (mut until, mut rows) = (self.at, 0);
        while until < self.slices.len() && (rows == 0 || rows < STEP_ROWS) {
            rows += rows_of(&self.slices[until]);
            until += 1;
        }
        let step = &self.slices[self.at..until];
        let columns = columns(&self.opened, step);
        let wanted = joined(step.iter().flat_map(|slice| slice.rows.iter().cloned()).collect());
        let read = self.state.reader.read(&self.part, &self.opened, wanted, Some(&columns)).await;
        let Some(batches) = tolerate(&self.state, &self.part, read)? else {
            self.at = self.slices.len();
            return Ok(());
        };
        self.loaded = Loaded { columns, batches, until, batch: 0, row: 0, slice: self.at };
        Ok(())
    }
}

impl Loaded {
    /// Hands over the next rows, which may lie in several batches.
    fn pass(&mut self, mut rows: usize, mut to: impl FnMut(&RecordBatch, Range<usize>)) {
        while rows > 0 {
            let Some(batch) = self.batches.get(self.batch) else { return };
            let taken = rows.min(batch.num_rows() - self.row);
            to(batch, self.row..self.row + taken);
            rows -= taken;
            self.row += taken;
            if self.row == batch.num_rows() {
                (self.batch, self.row) = (self.batch + 1, 0);
            }
        }
    }
}

fn rows_of(slice: &Slice) -> usize {
    slice.rows.iter().map(ExactSizeIterator::len).sum()
}

/// Appends rows that are floats in rising time at once; `false` when they are not.
fn push_floats(out: &mut Series, range: TimeRange, batch: &RecordBatch, rows: Range<usize>) -> bool {
    let values = batch.column(1).as_primitive::<Float64Type>();
    let times = &batch.column(0).as_primitive::<TimestampNanosecondType>().values()[rows.clone()];
    if values.null_count() > 0 || !times.is_sorted() {
        return false;
    }
    let (start, end) = (range.start.nanos(), range.end.nanos());
    let inside = times.partition_point(|time| *time < start)..times.partition_point(|time| *time <= end);
    out.times.extend_from_slice(&times[inside.clone()]);
    out.values.extend_from_slice(&values.values()[rows][inside]);
    true
}

//! Step matrices: one row a series, one cell a step; and their Arrow form, in which they travel between operators.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{BinaryBuilder, ListBuilder};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, Float64Array, ListArray, RecordBatch};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};
use gw_base::Labels;
use gw_batch::Histogram;
use gw_plan::sliding::Row;
use gw_plan::window::Value;

/// A block of rows. Cells of one row are neighbours.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matrix {
    /// Cells a row.
    pub(crate) steps: usize,
    /// Labels of each row, the metric name among them.
    pub(crate) labels: Vec<Labels>,
    /// Whether the metric name of a row is to be dropped at the end.
    pub(crate) dropped: Vec<bool>,
    /// Float cells; meaningless where not `present`.
    pub(crate) values: Vec<f64>,
    /// Whether a cell holds a float.
    pub(crate) present: Vec<bool>,
    /// Histogram cells; empty when there is none in the block.
    pub(crate) histograms: Vec<Option<Arc<Histogram>>>,
}

/// What a cell holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    /// Nothing.
    Absent,
    /// A float.
    Float(f64),
    /// A histogram.
    Histogram(&'a Arc<Histogram>),
}

impl Matrix {
    pub(crate) fn new(steps: usize) -> Self {
        Self { steps, ..Self::default() }
    }

    pub(crate) fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Appends a row of absent cells and returns its number.
    pub(crate) fn push(&mut self, labels: Labels, dropped: bool) -> usize {
        self.labels.push(labels);
        self.dropped.push(dropped);
        let cells = self.labels.len() * self.steps;
        self.values.resize(cells, 0.0);
        self.present.resize(cells, false);
        if !self.histograms.is_empty() {
            self.histograms.resize(cells, None);
        }
        self.labels.len() - 1
    }

    /// Removes the last row if it holds nothing.
    pub(crate) fn pop_if_empty(&mut self) {
        let Some(row) = self.labels.len().checked_sub(1) else { return };
        if self.is_empty_row(row) {
            let from = row * self.steps;
            self.labels.pop();
            self.dropped.pop();
            self.values.truncate(from);
            self.present.truncate(from);
            self.histograms.truncate(from);
        }
    }

    /// Whether a row holds nothing.
    pub(crate) fn is_empty_row(&self, row: usize) -> bool {
        let cells = row * self.steps..(row + 1) * self.steps;
        let floats = self.present[cells.clone()].iter().any(|present| *present);
        !floats && !self.histograms.get(cells).is_some_and(|cells| cells.iter().any(Option::is_some))
    }

    /// The float cells of a row, to be written.
    pub(crate) fn row_mut(&mut self, row: usize) -> Row<'_> {
        let cells = row * self.steps..(row + 1) * self.steps;
        Row { values: &mut self.values[cells.clone()], present: &mut self.present[cells] }
    }

    /// Empties all cells, so that the rows can be used again.
    pub(crate) fn clear_cells(&mut self) {
        self.present.fill(false);
        self.histograms.clear();
    }

    pub(crate) fn cell(&self, row: usize, step: usize) -> Cell<'_> {
        let at = row * self.steps + step;
        if self.present[at] {
            return Cell::Float(self.values[at]);
        }
        match self.histograms.get(at) {
            Some(Some(histogram)) => Cell::Histogram(histogram),
            _ => Cell::Absent,
        }
    }

    pub(crate) fn set_float(&mut self, row: usize, step: usize, value: f64) {
        let at = row * self.steps + step;
        self.values[at] = value;
        self.present[at] = true;
        if let Some(cell) = self.histograms.get_mut(at) {
            *cell = None;
        }
    }

    pub(crate) fn set(&mut self, row: usize, step: usize, value: Value) {
        match value {
            Value::Float(value) => self.set_float(row, step, value),
            Value::Histogram(value) => {
                let at = row * self.steps + step;
                self.present[at] = false;
                if self.histograms.is_empty() {
                    self.histograms.resize(self.values.len(), None);
                }
                self.histograms[at] = Some(value);
            }
        }
    }

    /// Copies what a cell of another matrix holds.
    pub(crate) fn copy(&mut self, row: usize, step: usize, cell: Cell<'_>) {
        match cell {
            Cell::Absent => {}
            Cell::Float(value) => self.set_float(row, step, value),
            Cell::Histogram(value) => self.set(row, step, Value::Histogram(Arc::clone(value))),
        }
    }

    /// The float cells of a row: values and presence.
    pub(crate) fn floats(&self, row: usize) -> (&[f64], &[bool]) {
        let cells = row * self.steps..(row + 1) * self.steps;
        (&self.values[cells.clone()], &self.present[cells])
    }

    pub(crate) fn has_histograms(&self) -> bool {
        !self.histograms.is_empty()
    }

    /// Empties the cells that hold histograms.
    pub(crate) fn clear_histograms(&mut self) {
        self.histograms.clear();
    }

    /// Takes the rows of `other`, which has as many steps.
    pub(crate) fn append(&mut self, mut other: Self) {
        if self.labels.is_empty() {
            *self = other;
            return;
        }
        if self.has_histograms() || other.has_histograms() {
            self.histograms.resize(self.values.len(), None);
            other.histograms.resize(other.values.len(), None);
            self.histograms.append(&mut other.histograms);
        }
        self.labels.append(&mut other.labels);
        self.dropped.append(&mut other.dropped);
        self.values.append(&mut other.values);
        self.present.append(&mut other.present);
    }

    /// The rows in another order, or some of them.
    pub(crate) fn taken(&self, rows: &[usize]) -> Self {
        let mut out = Self::new(self.steps);
        for row in rows {
            let cells = row * self.steps..(row + 1) * self.steps;
            out.labels.push(self.labels[*row].clone());
            out.dropped.push(self.dropped[*row]);
            out.values.extend_from_slice(&self.values[cells.clone()]);
            out.present.extend_from_slice(&self.present[cells.clone()]);
            if self.has_histograms() {
                out.histograms.extend_from_slice(&self.histograms[cells]);
            }
        }
        out
    }

    /// Approximate bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let labels: usize = self.labels.iter().map(|labels| labels.as_bytes().len() + 32).sum();
        labels
            + self.values.len() * 9
            + self.histograms.iter().flatten().map(|h| 120 + 8 * h.positive.len()).sum::<usize>()
    }
}

fn item(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("item", data_type, true))
}

fn fields() -> Vec<Field> {
    vec![
        Field::new("labels", DataType::Binary, false),
        Field::new("values", DataType::List(item(DataType::Float64)), false),
        Field::new("histograms", DataType::List(item(DataType::Binary)), true),
    ]
}

static ANSWER_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| Arc::new(Schema::new(fields())));

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let dropped = Field::new("dropped", DataType::Boolean, false);
    Arc::new(Schema::new(fields().into_iter().chain([dropped]).collect::<Vec<_>>()))
});

/// The columns between operators: those of an answer, and whether the metric name is to be dropped.
pub(crate) fn schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

/// The columns of an answer ([`gw_batch::Shape::Matrix`]).
pub(crate) fn answer_schema() -> SchemaRef {
    Arc::clone(&ANSWER_SCHEMA)
}

fn uniform_offsets(rows: usize, steps: usize) -> OffsetBuffer<i32> {
    OffsetBuffer::from_lengths(std::iter::repeat_n(steps, rows))
}

impl Matrix {
    fn answer_columns(self) -> (Vec<ArrayRef>, Vec<bool>) {
        let (rows, steps) = (self.labels.len(), self.steps);
        let labels = BinaryArray::from_iter_values(self.labels.iter().map(Labels::as_bytes));
        let nulls = (!self.present.iter().all(|present| *present)).then(|| NullBuffer::from(self.present));
        let values = Float64Array::new(self.values.into(), nulls);
        let values = ListArray::new(item(DataType::Float64), uniform_offsets(rows, steps), Arc::new(values), None);
        let mut histograms = ListBuilder::new(BinaryBuilder::new()).with_field(item(DataType::Binary));
        for row in 0..rows {
            let cells = self.histograms.get(row * steps..(row + 1) * steps).unwrap_or(&[]);
            if cells.iter().all(Option::is_none) {
                histograms.append_null();
                continue;
            }
            cells.iter().for_each(|cell| histograms.values().append_option(cell.as_ref().map(|cell| cell.encode())));
            histograms.append(true);
        }
        (vec![Arc::new(labels), Arc::new(values), Arc::new(histograms.finish())], self.dropped)
    }

    /// The Arrow form between operators.
    pub(crate) fn into_batch(self) -> RecordBatch {
        let (mut columns, dropped) = self.answer_columns();
        columns.push(Arc::new(BooleanArray::from(dropped)));
        RecordBatch::try_new(schema(), columns).expect("every column has one cell a row")
    }

    /// The Arrow form of an answer.
    pub(crate) fn into_answer(self) -> RecordBatch {
        let (columns, _) = self.answer_columns();
        RecordBatch::try_new(answer_schema(), columns).expect("every column has one cell a row")
    }

    /// Reads the Arrow form between operators; `None` when the columns are others.
    pub(crate) fn from_batch(batch: &RecordBatch, steps: usize) -> Option<Self> {
        let labels = batch.column(0).as_any().downcast_ref::<BinaryArray>()?;
        let lists = batch.column(1).as_any().downcast_ref::<ListArray>()?;
        let histograms = batch.column(2).as_any().downcast_ref::<ListArray>()?;
        let dropped = batch.column(3).as_any().downcast_ref::<BooleanArray>()?;
        let floats = lists.values().as_any().downcast_ref::<Float64Array>()?;
        let mut matrix = Self {
            steps,
            // The bytes were checked when the labels were made.
            labels: labels.iter().flatten().filter_map(|bytes| Labels::from_bytes(bytes).ok()).collect(),
            dropped: (0..dropped.len()).map(|row| dropped.value(row)).collect(),
            values: floats.values().to_vec(),
            present: floats.nulls().map_or_else(|| vec![true; floats.len()], |nulls| nulls.iter().collect()),
            histograms: Vec::new(),
        };
        if matrix.labels.len() != batch.num_rows() || matrix.values.len() != batch.num_rows() * steps {
            return None;
        }
        if histograms.null_count() < histograms.len() {
            matrix.histograms = vec![None; matrix.values.len()];
            for row in (0..histograms.len()).filter(|row| histograms.is_valid(*row)) {
                let cells = histograms.value(row);
                let cells = cells.as_any().downcast_ref::<BinaryArray>()?;
                for (step, cell) in cells.iter().enumerate().take(steps) {
                    matrix.histograms[row * steps + step] = cell.and_then(Histogram::decode).map(Arc::new);
                }
            }
        }
        Some(matrix)
    }
}

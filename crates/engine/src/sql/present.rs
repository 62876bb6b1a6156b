//! Result columns as people can read them: encoded cells as JSON text, ids as hexadecimal digits.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use gw_base::Labels;
use gw_base::labels::Iter;
use gw_batch::{Attributes, Histogram, Value};

use super::functions::binary;

/// How a column is shown.
enum Shown {
    AsItIs,
    /// A dictionary of texts as texts.
    Text,
    Id,
    Encoded,
}

fn shown(data_type: &DataType) -> Shown {
    match data_type {
        DataType::FixedSizeBinary(_) => Shown::Id,
        DataType::Binary => Shown::Encoded,
        DataType::Dictionary(_, values) => match **values {
            DataType::Binary => Shown::Encoded,
            _ => Shown::Text,
        },
        _ => Shown::AsItIs,
    }
}

/// The schema after [`batch`].
pub(super) fn schema(schema: &SchemaRef) -> SchemaRef {
    let field = |field: &Arc<Field>| match shown(field.data_type()) {
        Shown::AsItIs => field.as_ref().clone(),
        _ => Field::new(field.name(), DataType::Utf8, true),
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// The rows as they are shown.
pub(super) fn batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        columns.push(match shown(column.data_type()) {
            Shown::AsItIs => Arc::clone(column),
            Shown::Text => cast(column, &DataType::Utf8)?,
            Shown::Id => ids(column),
            Shown::Encoded => encoded(field.name(), column)?,
        });
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
}

fn ids(column: &ArrayRef) -> ArrayRef {
    let mut out = StringBuilder::new();
    for id in column.as_fixed_size_binary() {
        out.append_option(id.map(hexadecimal));
    }
    Arc::new(out.finish())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

fn encoded(name: &str, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let cells = binary(column).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
    let mut out = StringBuilder::new();
    for cell in &cells {
        out.append_option(cell.map(|cell| json(name, cell)));
    }
    Ok(Arc::new(out.finish()))
}

/// A cell as JSON, by its column's name; a cell of another name by what it looks like.
fn json(name: &str, cell: &[u8]) -> String {
    let labels = match name {
        "series" | "stream" | "subject" | "metadata" | "exemplar_labels" => true,
        "resource" | "scope" | "attributes" | "events" | "links" => false,
        "histogram" => {
            let histogram = Histogram::decode(cell);
            return histogram.map_or_else(|| hexadecimal(cell), |histogram| gw_plan::histogram::text(&histogram));
        }
        _ => Labels::from_bytes(cell).is_ok(),
    };
    let pairs = if labels {
        Iter::over(cell).map(|(name, value)| (name.into(), Value::text(value))).collect()
    } else {
        Attributes::new(cell).iter().map(|(name, value)| (name.into(), value)).collect()
    };
    let mut text = String::new();
    Value::Map(pairs).write_json(&mut text);
    text
}

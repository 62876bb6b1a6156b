//! Arrow cells to JSON values, for tables whose columns are known only when they come.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use gw_base::Timestamp;
use serde_json::{Value, json};

/// A row as a JSON list.
pub(crate) fn row(batch: &RecordBatch, row: usize) -> Value {
    Value::Array(batch.columns().iter().map(|column| cell(column, row)).collect())
}

/// A cell. Floats that JSON has no number for become text, bytes become hexadecimal digits.
pub(crate) fn cell(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row).into(),
        DataType::Utf8View => column.as_string_view().value(row).into(),
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).into(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(row).into(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).into(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).into(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).into(),
        DataType::Float32 => float(f64::from(column.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => float(column.as_primitive::<Float64Type>().value(row)),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            Timestamp::from_nanos(column.as_primitive::<TimestampNanosecondType>().value(row)).to_string().into()
        }
        DataType::Binary => hex(column.as_binary::<i32>().value(row)).into(),
        DataType::FixedSizeBinary(_) => hex(column.as_fixed_size_binary().value(row)).into(),
        DataType::List(_) => list(&column.as_list::<i32>().value(row)),
        DataType::Dictionary(key, _) if **key == DataType::UInt32 => {
            let dictionary = column.as_dictionary::<UInt32Type>();
            cell(dictionary.values(), dictionary.keys().value(row) as usize)
        }
        other => format!("<{other}>").into(),
    }
}

fn list(items: &ArrayRef) -> Value {
    Value::Array((0..items.len()).map(|item| cell(items, item)).collect())
}

fn float(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { value.to_string().into() }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

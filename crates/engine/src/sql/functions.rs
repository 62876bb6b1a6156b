//! Functions that read encoded cells: `attr(attributes, 'key')` and `label(series, 'name')`.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, BinaryArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use gw_base::labels::Iter;
use gw_batch::Attributes;

/// `attr(cell, key)`: the value of an attribute as text, null where it is not there.
pub(super) fn attribute() -> ScalarUDF {
    ScalarUDF::from(Lookup::new("attr", |cell, key| {
        Attributes::new(cell).get(key).map(|value| value.to_text().into_owned())
    }))
}

/// `label(cell, name)`: the value of a label, null where it is not there.
pub(super) fn label() -> ScalarUDF {
    ScalarUDF::from(Lookup::new("label", |cell, key| {
        Iter::over(cell).find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
    }))
}

type Find = fn(&[u8], &str) -> Option<String>;

/// A function of an encoded cell and a key.
#[derive(Debug)]
struct Lookup {
    name: &'static str,
    find: Find,
    signature: Signature,
}

impl Lookup {
    fn new(name: &'static str, find: Find) -> Self {
        Self { name, find, signature: Signature::any(2, Volatility::Immutable) }
    }
}

// Functions of one name are one function.
impl PartialEq for Lookup {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Lookup {}

impl std::hash::Hash for Lookup {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Lookup {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [cells, keys] = &args.args[..] else {
            return Err(DataFusionError::Plan(format!("{} takes a column and a key", self.name)));
        };
        let cells = binary(&cells.clone().into_array(rows)?)?;
        let keys = cast(&keys.clone().into_array(rows)?, &DataType::Utf8)?;
        let keys = keys.as_string::<i32>();
        let mut found = StringBuilder::new();
        for row in 0..rows {
            let there = cells.is_valid(row) && keys.is_valid(row);
            found.append_option(there.then(|| (self.find)(cells.value(row), keys.value(row))).flatten());
        }
        Ok(ColumnarValue::Array(Arc::new(found.finish())))
    }
}

/// A column of encoded cells, dictionaries resolved.
pub(super) fn binary(column: &ArrayRef) -> Result<BinaryArray> {
    match column.data_type() {
        DataType::Binary => Ok(column.as_binary::<i32>().clone()),
        DataType::Dictionary(_, values) if **values == DataType::Binary => {
            Ok(cast(column, &DataType::Binary)?.as_binary::<i32>().clone())
        }
        other => Err(DataFusionError::Plan(format!("expected a column of encoded cells, found {other}"))),
    }
}

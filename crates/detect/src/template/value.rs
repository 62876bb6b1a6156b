//! What template expressions evaluate to.

use std::sync::Arc;

use gw_base::{Labels, Timestamp};

/// One element of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The labels.
    pub labels: Labels,
    /// The value.
    pub value: f64,
}

/// What an alert's templates may use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Data {
    /// `$labels`, `.Labels`
    pub labels: Labels,
    /// `$externalLabels`, `.ExternalLabels`
    pub external_labels: Labels,
    /// `$externalURL`, `.ExternalURL`
    pub external_url: String,
    /// `$value`, `.Value`
    pub value: f64,
}

/// A value while a template runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Arc<str>),
    Labels(Labels),
    /// What `args` makes.
    Map(Arc<[(String, Self)]>),
    List(Arc<[Self]>),
    Sample(Arc<Sample>),
    Data(Arc<Data>),
    Time(Timestamp),
    /// Nanoseconds.
    Duration(i64),
}

impl Value {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn samples(samples: &[Sample]) -> Self {
        Self::List(samples.iter().cloned().map(|sample| Self::Sample(Arc::new(sample))).collect())
    }

    /// Go's name of the type, for messages.
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "bool",
            Self::Integer(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Labels(_) => "map[string]string",
            Self::Map(_) => "map[string]interface {}",
            Self::List(_) => "template.queryResult",
            Self::Sample(_) => "*template.sample",
            Self::Data(_) => "struct",
            Self::Time(_) => "*time.Time",
            Self::Duration(_) => "*time.Duration",
        }
    }

    /// Whether `if` and `with` take it for true: anything but nothing, zero, and empty.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(truth) => *truth,
            Self::Integer(number) | Self::Duration(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Labels(labels) => !labels.is_empty(),
            Self::Map(pairs) => !pairs.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Sample(_) | Self::Data(_) | Self::Time(_) => true,
        }
    }

    /// `.name` of it.
    pub(super) fn field(&self, name: &str) -> Result<Self, String> {
        match (self, name) {
            // Wire: missing keys give the type's zero value (`Option("missingkey=zero")`).
            (Self::Labels(labels), _) => Ok(Self::text(labels.get(name).unwrap_or(""))),
            (Self::Map(pairs), _) => {
                Ok(pairs.iter().find(|(key, _)| key == name).map_or(Self::Nil, |(_, value)| value.clone()))
            }
            (Self::Sample(sample), "Labels") => Ok(Self::Labels(sample.labels.clone())),
            (Self::Sample(sample), "Value") => Ok(Self::Float(sample.value)),
            (Self::Data(data), "Labels") => Ok(Self::Labels(data.labels.clone())),
            (Self::Data(data), "ExternalLabels") => Ok(Self::Labels(data.external_labels.clone())),
            (Self::Data(data), "ExternalURL") => Ok(Self::text(data.external_url.as_str())),
            (Self::Data(data), "Value") => Ok(Self::Float(data.value)),
            (Self::Nil, _) => Err(format!("nil data; no entry for key {name:?}")),
            _ => Err(format!("can't evaluate field {name} in type {}", self.type_name())),
        }
    }
}

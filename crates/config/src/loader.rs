//! Reads one configuration file into one type: parse, expand variables, put flags and variables on top, fill the structs.

use serde::de::DeserializeOwned;

use crate::de::{NodeReader, Path};
use crate::environment::{Environment, expand_tree};
use crate::error::{ConfigError, Fault};
use crate::layers::Layers;
use crate::tree;

/// Reads strict YAML (JSON is a part of it), without variables: for the files of other products.
///
/// # Errors
/// [`ConfigError`] with the position of the first thing that is wrong.
pub fn yaml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, ConfigError> {
    Loader::new(file, text).load().map(|loaded| loaded.value)
}

/// A configuration file and what is laid over it: flag > environment `GW_SECTION_KEY` > file > default.
#[derive(Debug)]
pub struct Loader<'a> {
    file: &'a str,
    text: &'a str,
    environment: Option<&'a Environment>,
    reserved: &'a [&'a str],
    flags: Vec<(String, String, String)>,
}

/// A filled configuration and where its values came from.
#[derive(Debug)]
pub struct Loaded<T> {
    /// The configuration.
    pub value: T,
    /// Key path and name of the flag or variable, for every value that the file did not decide.
    pub provenance: Vec<(String, String)>,
    /// Names of `GW_` variables that met no setting; most likely misspelt.
    pub unused: Vec<String>,
}

impl<'a> Loader<'a> {
    /// Reads `text`; `file` is what errors call it.
    #[must_use]
    pub const fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, environment: None, reserved: &[], flags: Vec::new() }
    }

    /// Expands `${NAME}` in values, and lets `GW_SECTION_KEY` variables win over the file, except `reserved` ones.
    #[must_use]
    pub const fn environment(mut self, environment: &'a Environment, reserved: &'a [&'a str]) -> Self {
        self.environment = Some(environment);
        self.reserved = reserved;
        self
    }

    /// Lets a flag win over everything: `path` as in `listen.address`, `name` as in `--listen`.
    #[must_use]
    pub fn flag(mut self, path: &str, value: impl Into<String>, name: &str) -> Self {
        self.flags.push((path.to_owned(), value.into(), name.to_owned()));
        self
    }

    /// Reads, expands, overlays and fills.
    ///
    /// # Errors
    /// [`ConfigError`] with the position of the first thing that is wrong.
    pub fn load<T: DeserializeOwned>(self) -> Result<Loaded<T>, ConfigError> {
        let file = self.file;
        self.run().map_err(|fault| ConfigError::of(fault, file))
    }

    fn run<T: DeserializeOwned>(self) -> Result<Loaded<T>, Fault> {
        let mut node = tree::read(self.text)?;
        let mut layers = Layers::default();
        for (path, value, name) in &self.flags {
            layers.flag(path, value, name)?;
        }
        if let Some(environment) = self.environment {
            expand_tree(&mut node, environment)?;
            layers.environment(environment, self.reserved)?;
        }
        let value = T::deserialize(NodeReader { node: &node, path: Path::Root, layers: &layers })?;
        Ok(Loaded { value, provenance: layers.provenance(), unused: layers.unused() })
    }
}

//! Functions of labels: `label_replace` and `label_join`.

use std::sync::Arc;

use gw_base::go_regex::GoRegex;
use gw_base::{Kind, Labels, METRIC_NAME};
use gw_batch::QueryError;
use gw_plan::algebra;
use regex::Regex;

use super::finish::merged;
use crate::exec::{MatrixStream, Operator, collected, once};
use crate::run::Run;

/// Sets a label of each series; series that become equal are merged where they do not overlap.
#[derive(Debug)]
pub(crate) struct Relabel {
    relabel: algebra::Relabel,
    regex: Option<Regex>,
    steps: usize,
}

impl Relabel {
    /// Compiles the regular expression.
    pub(crate) fn new(relabel: algebra::Relabel, steps: usize) -> Result<Self, QueryError> {
        let regex = match &relabel {
            algebra::Relabel::Replace { regex, .. } => {
                let refused = || {
                    QueryError::execute(
                        Kind::Invalid,
                        format!("invalid regular expression in label_replace(): {regex}"),
                    )
                };
                let checked = GoRegex::new(regex).map_err(|_malformed| refused())?;
                Some(Regex::new(&checked.anchored()).map_err(|_malformed| refused())?)
            }
            algebra::Relabel::Join { .. } => None,
        };
        Ok(Self { relabel, regex, steps })
    }
}

impl Operator for Relabel {
    fn name(&self) -> &'static str {
        "Relabel"
    }

    fn describe(&self) -> String {
        match &self.relabel {
            algebra::Relabel::Replace { target, source, regex, .. } => format!("{target} from {source} by {regex:?}"),
            algebra::Relabel::Join { target, sources, .. } => format!("{target} from {}", sources.join(", ")),
        }
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let input = inputs.remove(0);
        let (relabel, regex, steps, run) = (self.relabel.clone(), self.regex.clone(), self.steps, Arc::clone(run));
        once(async move {
            let mut matrix = collected(input, steps, &run).await?;
            for row in 0..matrix.rows() {
                let Some((labels, name_set)) = changed(&matrix.labels[row], &relabel, regex.as_ref()) else { continue };
                matrix.labels[row] = labels;
                // A name that was set on purpose stays.
                matrix.dropped[row] &= !name_set;
            }
            merged(matrix)
        })
    }
}

/// The labels after the change, and whether it was the metric name that was set; `None` when nothing changes.
fn changed(labels: &Labels, relabel: &algebra::Relabel, regex: Option<&Regex>) -> Option<(Labels, bool)> {
    let (target, value) = match relabel {
        algebra::Relabel::Replace { target, replacement, source, .. } => {
            let captures = regex?.captures(labels.get(source).unwrap_or(""))?;
            let mut value = String::new();
            captures.expand(replacement, &mut value);
            (target, value)
        }
        algebra::Relabel::Join { target, separator, sources } => {
            let values: Vec<&str> = sources.iter().map(|source| labels.get(source).unwrap_or("")).collect();
            (target, values.join(separator))
        }
    };
    let mut builder = labels.to_builder();
    builder.set(target.as_str(), value);
    Some((builder.build(), target == METRIC_NAME))
}

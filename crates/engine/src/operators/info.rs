//! `info()`: series enriched with the data labels of info series that share `instance` and `job`.

use std::collections::BTreeMap;
use std::sync::Arc;

use gw_base::go_regex::GoRegex;
use gw_base::{Kind, Labels, METRIC_NAME, Map, MatchOp, Matcher};
use gw_batch::QueryError;
use regex::Regex;

use crate::exec::{MatrixStream, Operator, collected, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// The labels that tie an info series to the series it describes.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

/// Three inputs: the series, the info series, and the times of the info series' samples.
#[derive(Debug, Clone)]
pub(crate) struct Info {
    pub(crate) steps: usize,
    /// Conditions on info series, those on the metric name among them.
    pub(crate) names: Vec<Matcher>,
    /// Conditions on data labels.
    pub(crate) data: Vec<Matcher>,
}

impl Operator for Info {
    fn name(&self) -> &'static str {
        "Info"
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let (times, series, base) = (inputs.pop(), inputs.pop(), inputs.pop());
        let (info, run) = (self.clone(), Arc::clone(run));
        once(async move {
            let (Some(times), Some(series), Some(base)) = (times, series, base) else {
                return Ok(Matrix::new(info.steps));
            };
            let base = collected(base, info.steps, &run).await?;
            let series = collected(series, info.steps, &run).await?;
            let times = collected(times, info.steps, &run).await?;
            if series.has_histograms() {
                return Err(QueryError::execute(Kind::Invalid, "this should be an info metric, with float samples"));
            }
            info.evaluate(&base, &series, &times)
        })
    }
}

fn identity(labels: &Labels) -> Labels {
    labels.without(|name| !IDENTIFYING.contains(&name))
}

impl Info {
    fn evaluate(&self, base: &Matrix, series: &Matrix, times: &Matrix) -> Result<Matrix, QueryError> {
        let name_tests = tests(self.names.iter().filter(|matcher| matcher.name == METRIC_NAME))?;
        let data_tests = tests(self.data.iter())?;
        let optional = data_tests.iter().all(|test| test.accepts(""));
        let mut by_identity: Map<Labels, Vec<usize>> = Map::default();
        for row in 0..series.rows() {
            by_identity.entry(identity(&series.labels[row])).or_default().push(row);
        }
        let time_of: Map<&Labels, usize> = times.labels.iter().enumerate().map(|(row, labels)| (labels, row)).collect();
        let mut out = Matrix::new(self.steps);
        let mut rows: Map<Labels, usize> = Map::default();
        for row in 0..base.rows() {
            let labels = &base.labels[row];
            // Info series that stand among the base series stay as they are.
            let is_info = name_tests.iter().all(|test| test.accepts(labels.metric().unwrap_or("")));
            let partners = by_identity.get(&identity(labels)).map_or(&[][..], Vec::as_slice);
            for step in 0..self.steps {
                let cell = base.cell(row, step);
                if matches!(cell, Cell::Absent) {
                    continue;
                }
                let enriched = if is_info {
                    Some(labels.clone())
                } else {
                    self.enriched(labels, latest(series, (times, &time_of), partners, step)?, optional)?
                };
                let Some(enriched) = enriched else { continue };
                let at = match rows.get(&enriched) {
                    Some(at) => *at,
                    None => {
                        let at = out.push(enriched.clone(), base.dropped[row]);
                        rows.insert(enriched, at);
                        at
                    }
                };
                out.copy(at, step, cell);
            }
        }
        Ok(out)
    }

    /// The labels with those of the info series added; `None` where a required one is missing.
    fn enriched(&self, labels: &Labels, partners: Vec<&Labels>, optional: bool) -> Result<Option<Labels>, QueryError> {
        let wanted = |name: &str| self.data.is_empty() || self.data.iter().any(|matcher| matcher.name == name);
        let mut added: BTreeMap<&str, &str> = BTreeMap::new();
        for partner in &partners {
            for (name, value) in *partner {
                let data = name != METRIC_NAME && !IDENTIFYING.contains(&name) && wanted(name);
                if !data || labels.get(name).is_some() {
                    continue;
                }
                if added.insert(name, value).is_some_and(|other| other != value) {
                    let text = format!("conflicting label: {name}");
                    return Err(QueryError::execute(Kind::Invalid, text));
                }
            }
        }
        if partners.is_empty() && !optional {
            return Ok(None);
        }
        let mut builder = labels.to_builder();
        for (name, value) in added {
            builder.set(name, value);
        }
        Ok(Some(builder.build()))
    }
}

/// Of info series of one name, the one with the latest sample.
fn latest<'a>(
    series: &'a Matrix,
    (times, time_of): (&Matrix, &Map<&Labels, usize>),
    rows: &[usize],
    step: usize,
) -> Result<Vec<&'a Labels>, QueryError> {
    let mut best: BTreeMap<&str, (f64, &Labels)> = BTreeMap::new();
    for row in rows {
        if matches!(series.cell(*row, step), Cell::Absent) {
            continue;
        }
        let labels = &series.labels[*row];
        let time = match time_of.get(labels).map(|row| times.cell(*row, step)) {
            Some(Cell::Float(time)) => time,
            _ => f64::NEG_INFINITY,
        };
        let name = labels.metric().unwrap_or("");
        match best.get(name) {
            Some((other, labels_there)) if *other == time && *labels_there != labels => {
                let text = format!("found duplicate series for info metric: existing {labels_there}, new {labels}");
                return Err(QueryError::execute(Kind::Invalid, text));
            }
            Some((other, _)) if *other > time => {}
            _ => {
                best.insert(name, (time, labels));
            }
        }
    }
    Ok(best.into_values().map(|(_, labels)| labels).collect())
}

/// A compiled matcher.
struct Test {
    op: MatchOp,
    value: String,
    regex: Option<Regex>,
}

fn tests<'a>(matchers: impl Iterator<Item = &'a Matcher>) -> Result<Vec<Test>, QueryError> {
    let compile = |matcher: &Matcher| {
        let refused = |text: String| QueryError::parse(text);
        let regex = match matcher.op {
            MatchOp::Regex | MatchOp::NotRegex => {
                let checked = GoRegex::new(&matcher.value).map_err(|error| refused(error.to_string()))?;
                Some(Regex::new(&checked.anchored()).map_err(|error| refused(error.to_string()))?)
            }
            MatchOp::Equal | MatchOp::NotEqual => None,
        };
        Ok(Test { op: matcher.op, value: matcher.value.clone(), regex })
    };
    matchers.map(compile).collect()
}

impl Test {
    fn accepts(&self, value: &str) -> bool {
        let found = self.regex.as_ref().map_or_else(|| self.value == value, |regex| regex.is_match(value));
        found == matches!(self.op, MatchOp::Equal | MatchOp::Regex)
    }
}

//! An operation on the paired series of two matrices: one-to-one, many-to-one, with `on`, `ignoring`, `group_*`, `fill*`.

use std::fmt::Write as _;
use std::sync::Arc;

use gw_base::{Kind, Labels, Map};
use gw_batch::QueryError;
use gw_plan::algebra::{BinaryOp, Cardinality, Matching};
use gw_plan::annotations::{Notes, Position};

use super::binary::{Outcome, apply, makes_new_quantity};
use super::finish::same_labels;
use super::names::{Keys, is_metric_label};
use crate::exec::{MatrixStream, Operator, collected, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// Two inputs, left and right.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    pub(crate) op: BinaryOp,
    pub(crate) matching: Matching,
    pub(crate) return_bool: bool,
    pub(crate) loki: bool,
    /// Whether pairs that a comparison drops do not count as matches, as in the 2.x line.
    pub(crate) early_filter: bool,
    pub(crate) steps: usize,
    pub(crate) position: Position,
}

impl Operator for Join {
    fn name(&self) -> &'static str {
        "Join"
    }

    fn describe(&self) -> String {
        let clause = if self.matching.on { "on" } else { "ignoring" };
        format!("{} {clause} ({})", self.op.as_str(), self.matching.labels.join(", "))
    }

    fn position(&self) -> Position {
        self.position
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let (right, left) = (inputs.pop(), inputs.pop());
        let (join, run) = (self.clone(), Arc::clone(run));
        once(async move {
            let (Some(left), Some(right)) = (left, right) else { return Ok(Matrix::new(join.steps)) };
            let left = collected(left, join.steps, &run).await?;
            let right = collected(right, join.steps, &run).await?;
            let notes = Notes::new(&run.cost, join.position);
            let matrix = if join.matching.cardinality == Cardinality::OneToMany {
                Joining::new(&join, &right, &left, &notes).run()
            } else {
                Joining::new(&join, &left, &right, &notes).run()
            }?;
            run.hold(matrix.bytes())?;
            Ok(matrix)
        })
    }
}

/// The rows of one match group.
#[derive(Debug, Default, Clone)]
struct Group {
    many: Vec<usize>,
    one: Vec<usize>,
}

/// A side of a pair: a row, or the value that stands for a missing one.
#[derive(Clone, Copy)]
enum Side {
    Row(usize),
    Filled(f64),
}

struct Joining<'a> {
    join: &'a Join,
    many: &'a Matrix,
    one: &'a Matrix,
    keys: Keys,
    groups: Vec<Group>,
    notes: &'a Notes<'a>,
    out: Matrix,
    rows: Map<Labels, usize>,
    pairs: Map<(usize, usize), usize>,
    /// Match group and step of the pair that came to a row last.
    came: Vec<(usize, usize)>,
}

/// Stands for a filled side where rows are numbered.
const FILLED: usize = usize::MAX;

/// No match group.
const NOBODY: usize = usize::MAX;

impl<'a> Joining<'a> {
    fn new(join: &'a Join, many: &'a Matrix, one: &'a Matrix, notes: &'a Notes<'a>) -> Self {
        let mut joining = Self {
            join,
            many,
            one,
            keys: Keys::default(),
            groups: Vec::new(),
            notes,
            out: Matrix::new(join.steps),
            rows: Map::default(),
            pairs: Map::default(),
            came: Vec::new(),
        };
        for row in 0..many.rows() {
            joining.group(&many.labels[row]).many.push(row);
        }
        for row in 0..one.rows() {
            joining.group(&one.labels[row]).one.push(row);
        }
        joining
    }

    fn group(&mut self, labels: &Labels) -> &mut Group {
        let number = self.keys.number(labels, &self.join.matching.labels, self.join.matching.on);
        if number == self.groups.len() {
            self.groups.push(Group::default());
        }
        &mut self.groups[number]
    }

    /// The values of missing series of the many and the one side.
    const fn fills(&self) -> (Option<f64>, Option<f64>) {
        let matching = &self.join.matching;
        match matching.cardinality {
            Cardinality::OneToMany => (matching.fill_right, matching.fill_left),
            _ => (matching.fill_left, matching.fill_right),
        }
    }

    fn run(mut self) -> Result<Matrix, QueryError> {
        let fills = self.fills();
        let (any_many, any_one) = (occupied(self.many), occupied(self.one));
        let filling = fills.0.is_some() || fills.1.is_some();
        for number in 0..self.groups.len() {
            let group = self.groups[number].clone();
            if !filling && (group.one.is_empty() || group.many.is_empty() && group.one.len() < 2) {
                continue;
            }
            for step in 0..self.join.steps {
                // Where one whole side is empty nothing can be wrong with the other.
                if filling || (any_many[step] && any_one[step]) {
                    self.step(number, &group, step, fills)?;
                }
            }
        }
        Ok(self.out)
    }

    fn step(
        &mut self,
        number: usize,
        group: &Group,
        step: usize,
        (fill_many, fill_one): (Option<f64>, Option<f64>),
    ) -> Result<(), QueryError> {
        let mut there = group.one.iter().copied().filter(|row| !matches!(self.one.cell(*row, step), Cell::Absent));
        let one = there.next();
        if let (Some(first), Some(second)) = (one, there.next()) {
            return Err(self.duplicate(number, first, second));
        }
        let one = match (one, fill_one) {
            (Some(row), _) => Side::Row(row),
            (None, Some(value)) => Side::Filled(value),
            (None, None) => return Ok(()),
        };
        let mut matches = 0;
        for row in &group.many {
            if !matches!(self.many.cell(*row, step), Cell::Absent) {
                matches += usize::from(self.pair(number, step, Side::Row(*row), one)?);
            }
        }
        if matches > 1 && self.join.matching.cardinality == Cardinality::OneToOne {
            let text = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
            return Err(QueryError::execute(Kind::Invalid, text));
        }
        if let (0, Some(value), Side::Row(_)) = (matches, fill_many, one) {
            self.pair(number, step, Side::Filled(value), one)?;
        }
        Ok(())
    }

    /// Evaluates a pair at a step; says whether the two match, even if a comparison then drops them.
    fn pair(&mut self, number: usize, step: usize, many: Side, one: Side) -> Result<bool, QueryError> {
        fn cell(matrix: &Matrix, side: Side, step: usize) -> Cell<'_> {
            match side {
                Side::Row(row) => matrix.cell(row, step),
                Side::Filled(value) => Cell::Float(value),
            }
        }
        let (many_cell, one_cell) = (cell(self.many, many, step), cell(self.one, one, step));
        let swapped = self.join.matching.cardinality == Cardinality::OneToMany;
        let (left, right) = if swapped { (one_cell, many_cell) } else { (many_cell, one_cell) };
        let outcome = apply(self.join.op, left, right, self.notes);
        let dropped = matches!(outcome, Outcome::Truth(false)) && !self.join.return_bool;
        if matches!(outcome, Outcome::Nothing) || (dropped && self.join.early_filter) {
            return Ok(false);
        }
        let row = self.row(number, many, one);
        let before = std::mem::replace(&mut self.came[row], (number, step));
        if before == (number, step) && self.join.matching.cardinality != Cardinality::OneToOne {
            let text = "multiple matches for labels: grouping labels must ensure unique matches";
            return Err(QueryError::execute(Kind::Invalid, text));
        }
        if dropped {
            return Ok(true);
        }
        if !matches!(self.out.cell(row, step), Cell::Absent) && before != (number, step) {
            return Err(same_labels());
        }
        match outcome {
            Outcome::Value(value) => self.out.set(row, step, value),
            Outcome::Truth(holds) if self.join.return_bool => {
                self.out.set_float(row, step, f64::from(u8::from(holds)));
            }
            // A comparison that holds keeps the left value.
            _ => self.out.copy(row, step, left),
        }
        Ok(true)
    }

    /// The row of the result that a pair writes to.
    fn row(&mut self, number: usize, many: Side, one: Side) -> usize {
        let place = |side: Side| match side {
            Side::Row(row) => row,
            Side::Filled(_) => FILLED,
        };
        // A filled side is the same for a whole group only, so the group's first row of the other side tells groups apart.
        let pair = (place(many), place(one));
        if let Some(row) = self.pairs.get(&pair) {
            return *row;
        }
        let labels = self.labels(number, many, one);
        let inherited = matches!(many, Side::Row(row) if self.many.dropped[row]);
        let row = match self.rows.get(&labels) {
            Some(row) => *row,
            None => {
                let row = self.out.push(labels.clone(), inherited || self.join.return_bool);
                self.came.push((NOBODY, 0));
                self.rows.insert(labels, row);
                row
            }
        };
        self.pairs.insert(pair, row);
        row
    }

    fn labels(&self, number: usize, many: Side, one: Side) -> Labels {
        let matching = &self.join.matching;
        let base = match many {
            Side::Row(row) => &self.many.labels[row],
            Side::Filled(_) => &self.keys.labels[number],
        };
        let partner = match one {
            Side::Row(row) => &self.one.labels[row],
            Side::Filled(_) => &self.keys.labels[number],
        };
        let new_quantity = makes_new_quantity(self.join.op);
        let listed = |name: &str| matching.labels.binary_search_by(|label| label.as_str().cmp(name)).is_ok();
        let one_to_one = matching.cardinality == Cardinality::OneToOne;
        let kept = base
            .without(|name| (new_quantity && is_metric_label(name)) || (one_to_one && (listed(name) != matching.on)));
        if matching.include.is_empty() {
            return kept;
        }
        let mut builder = kept.to_builder();
        for name in &matching.include {
            builder.set(name.as_str(), partner.get(name).unwrap_or(""));
        }
        builder.build()
    }

    fn duplicate(&self, number: usize, first: usize, second: usize) -> QueryError {
        let side = if self.join.matching.cardinality == Cardinality::OneToMany { "left" } else { "right" };
        if self.join.loki {
            let text = format!(
                "found duplicate series on the {side} hand-side;many-to-many matching not allowed: matching labels must be unique on one side"
            );
            return QueryError::execute(Kind::Invalid, text);
        }
        let group = braced(&self.keys.labels[number]);
        let (first, second) = (braced(&self.one.labels[second]), braced(&self.one.labels[first]));
        let text = format!(
            "found duplicate series for the match group {group} on the {side} hand-side of the operation: [{first}, {second}];many-to-many matching not allowed: matching labels must be unique on one side"
        );
        QueryError::execute(Kind::Invalid, text)
    }
}

/// At which steps some row has a value.
fn occupied(matrix: &Matrix) -> Vec<bool> {
    let mut steps = vec![false; matrix.steps];
    for row in 0..matrix.rows() {
        for (step, seen) in steps.iter_mut().enumerate() {
            *seen |= !matches!(matrix.cell(row, step), Cell::Absent);
        }
    }
    steps
}

/// All labels inside braces, the metric name as one of them, as error texts of Prometheus have it.
fn braced(labels: &Labels) -> String {
    let mut text = String::from("{");
    for (i, (name, value)) in labels.iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        write!(text, "{comma}{name}={value:?}").expect("writing to a String cannot fail");
    }
    text.push('}');
    text
}

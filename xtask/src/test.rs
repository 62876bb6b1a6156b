//! `xtask test`: installs what the tests need, then runs all of them.

use std::thread;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::artifacts::{self, Built, Lint};
use crate::compliance::RECEIVER;
use crate::go::Program;
use crate::node_exporter::NODE_EXPORTER;
use crate::prometheus::PROMETHEUS;
use crate::suites::{self, Totals};
use crate::terminal::{say, step};
use crate::traefik::TRAEFIK;
use crate::workspace::Workspace;
use crate::{debian, python, ui};

/// Programs of other projects, under the variables by which the tests find them.
static GO_PROGRAMS: [(&str, &Program); 4] = [
    ("GATEWATCH_TEST_TRAEFIK", &TRAEFIK),
    ("GATEWATCH_TEST_RECEIVER", &RECEIVER),
    ("GATEWATCH_TEST_PROMETHEUS", &PROMETHEUS),
    ("GATEWATCH_TEST_NODE_EXPORTER", &NODE_EXPORTER),
];

/// Runs everything, or only the suites whose names contain one of the arguments.
pub(crate) fn run(workspace: &Workspace, names: &[String]) -> Result<()> {
    conclude(all(workspace, names, Lint::No)?)
}

/// All tests: those of the UI, of every crate, and the black-box tests against the built binary.
pub(crate) fn all(workspace: &Workspace, names: &[String], lint: Lint) -> Result<Totals> {
    step("what the tests need", debian::provide)?;
    // Go compiles beside cargo: while one of them waits for the network or for a single crate, the other has work.
    thread::scope(|scope| {
        let others = scope.spawn(|| step("programs of other projects", others));
        let (mut totals, built) = own(workspace, names, lint)?;
        let mut variables = others.join().map_err(|_panic| anyhow!("building the programs of others panicked"))??;
        let product = built.product.context("cargo built no product")?;
        variables.push(("GATEWATCH_TEST_BINARY", product.to_string_lossy().into_owned()));
        totals += step("tests", || suites::run(workspace, &built.suites, &variables))?;
        Ok(totals)
    })
}

/// Python's packages and Go programs, under the variables by which the tests find them.
fn others() -> Result<Vec<(&'static str, String)>> {
    let mut variables = Vec::new();
    if let Some(interpreter) = python::provide()? {
        variables.push(("GATEWATCH_TEST_PYTHON", interpreter.to_string_lossy().into_owned()));
    }
    for (name, program) in GO_PROGRAMS {
        if let Some(product) = program.provide()? {
            variables.push((name, product.to_string_lossy().into_owned()));
        }
    }
    Ok(variables)
}

/// The web UI with its tests, and all of cargo's build.
fn own(workspace: &Workspace, names: &[String], lint: Lint) -> Result<(Totals, Built)> {
    step("web UI build", || ui::build(workspace))?;
    let mut totals = Totals::default();
    if names.is_empty() {
        totals += step("web UI lint and tests", || ui::test(workspace))?;
    }
    let title = if lint == Lint::Yes { "cargo build with lints" } else { "cargo build" };
    let mut built = step(title, || artifacts::build(workspace, lint))?;
    if !names.is_empty() {
        built.suites.retain(|suite| names.iter().any(|name| suite.name.contains(name.as_str())));
    }
    Ok((totals, built))
}

/// Prints the closing line and turns failures, and a run that ran nothing, into an error.
pub(crate) fn conclude(totals: Totals) -> Result<()> {
    say(&format!("{} passed, {} failed", totals.passed, totals.failed));
    if totals.passed + totals.failed == 0 {
        bail!("no test ran");
    }
    if totals.failed > 0 {
        bail!("{} tests failed; their output is above and in target/xtask/logs", totals.failed);
    }
    Ok(())
}

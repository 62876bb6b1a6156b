//! Upstream's PromQL tests over the real store and the real engine.
//!
//! `corpus/engine/promqltest.floor` records how many cases of each file pass; fewer is a failure, more asks for the file
//! to be raised. `GW_PROMQLTEST=FILE` runs one file and prints why its cases fail.

mod answer;
mod load;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use gw_base::{FakeWorld, Limits, Tenant, TimeRange, Timestamp};
use gw_batch::{Direction, Language, Query, Request, Sink as _};
use gw_engine::{Engine, EngineOptions};
use gw_store::Store;
use gw_testkit::conformance;
use gw_testkit::promqltest::{Command, CommandKind, Eval, EvalTime, parse};

const SUITE: &str = "metrics/promqltest-v3.14.0";

#[test]
fn upstream_v3_14() {
    let Some(folder) = conformance(SUITE) else { return };
    let floors = floors();
    let only = only();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let (mut table, mut fallen) = (String::new(), Vec::new());
    let mut sums = (0, 0);
    for file in files(&folder) {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("?").to_owned();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a test file is readable");
        let (passed, failures) = runtime.block_on(run_file(&text));
        let total = passed + failures.len();
        sums = (sums.0 + passed, sums.1 + total);
        writeln!(table, "{name} {passed}/{}/{total}", failures.len()).expect("writing to a String cannot fail");
        if only.is_some() {
            failures.iter().for_each(|(line, why)| println!("{name}:{line}: {why}"));
        }
        let floor = floors.get(&name).copied().unwrap_or(0);
        if passed < floor {
            let lines: Vec<String> = failures.iter().map(|(line, why)| format!("{line}: {why}")).collect();
            fallen.push(format!("{name}: {passed} pass, {floor} did before\n    {}", lines.join("\n    ")));
        } else if passed > floor {
            println!("{name}: {passed} pass, the floor is {floor}: raise it");
        }
    }
    println!("{SUITE}: passed/failed/total\n{table}sum {}/{}", sums.0, sums.1);
    assert!(fallen.is_empty(), "fewer cases pass than before\n{}", fallen.join("\n"));
}

#[expect(clippy::disallowed_methods, reason = "a switch for people at the terminal, not configuration of the product")]
fn only() -> Option<String> {
    std::env::var("GW_PROMQLTEST").ok()
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("the conformance folder is readable");
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    files
}

/// Lines `FILE COUNT`.
fn floors() -> BTreeMap<String, usize> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/engine/promqltest.floor");
    let text = fs::read_to_string(file).expect("the floors are readable");
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, count)| Some((name.to_owned(), count.trim().parse().ok()?)))
        .collect()
}

/// Runs a script; returns how many evaluations pass, and line and reason of those that do not.
async fn run_file(text: &str) -> (usize, Vec<(usize, String)>) {
    let commands = parse(text).expect("upstream's script is well-formed");
    let (mut passed, mut failures) = (0, Vec::new());
    let mut bench = Bench::new().await;
    for Command { line, kind } in commands {
        match kind {
            CommandKind::Clear => bench = Bench::new().await,
            CommandKind::Load(load) => bench.load(&load).await,
            CommandKind::Eval(eval) => match bench.eval(&eval).await {
                Ok(()) => passed += 1,
                Err(error) => failures.push((line, format!("{}: {error:#}", eval.query))),
            },
        }
    }
    (passed, failures)
}

/// A store and an engine over it.
struct Bench {
    store: Arc<Store>,
    engine: Engine,
}

impl Bench {
    async fn new() -> Self {
        let world = Arc::new(FakeWorld::new(Timestamp::EPOCH, 1));
        let store = Store::in_memory(world.clone()).await.expect("a store in memory opens");
        let engine = Engine::new(Arc::clone(&store), EngineOptions::new(world));
        Self { store, engine }
    }

    async fn load(&self, load: &gw_testkit::promqltest::Load) {
        let batches = load::batches(load);
        self.store.append(batches).await.expect("the store takes the batch");
    }

    async fn eval(&self, eval: &Eval) -> Result<()> {
        let millis = Timestamp::from_millis;
        let (range, step) = match eval.time {
            EvalTime::Instant { at_millis } => (TimeRange::new(millis(at_millis), millis(at_millis)), None),
            EvalTime::Range(window) => {
                let step = Duration::from_millis(u64::try_from(window.step_millis).context("the step is positive")?);
                (TimeRange::new(millis(window.start_millis), millis(window.end_millis)), Some(step))
            }
        };
        let request = Request::Expression {
            language: Language::PromQl,
            text: eval.query.clone(),
            step,
            lookback: None,
            direction: Direction::Forward,
            limit: None,
        };
        let query = Query { tenant: Tenant::default(), request, range, limits: Limits::default() };
        answer::judge(eval, answer::read(&self.engine, query).await)
    }
}

//! Upstream's PromQL tests over the real store and the real engine.
//!
//! `corpus/engine/promqltest*.floor` record how many cases of each file pass; `GW_SCRIPT=FILE` runs one file. Our own scripts
//! in `corpus/engine/promqltest` must pass whole.

mod answer;
mod load;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use gw_base::{FakeWorld, Limits, Tenant, TimeRange, Timestamp};
use gw_batch::{Direction, Language, Query, Request, Sink as _};
use gw_engine::{Engine, EngineOptions, Rules};
use gw_store::Store;
use gw_testkit::promqltest::{Command, CommandKind, Eval, EvalTime, judge, parse};
use gw_testkit::{Bar, Outcome, conformance, run_scripts};

/// Both releases over the real store; each has its own rules.
#[test]
fn upstream_v3_14() {
    let Some(folder) = conformance("metrics/promqltest-v3.14.0") else { return };
    let floors = corpus("promqltest.floor");
    run_scripts("promqltest-v3.14.0", &folder, "test", Bar::Floors(&floors), |text| run(text, Rules::default()));
}

#[test]
fn upstream_v2_47() {
    let Some(folder) = conformance("metrics/promqltest-v2.47.0") else { return };
    let floors = corpus("promqltest-2.47.floor");
    run_scripts("promqltest-v2.47.0", &folder, "test", Bar::Floors(&floors), |text| run(text, Rules::v2_47()));
}

#[test]
fn own() {
    run_scripts("corpus/engine/promqltest", &corpus("promqltest"), "test", Bar::All, |text| {
        run(text, Rules::default())
    });
}

/// What is otherwise where metric names go at once.
#[test]
fn own_without_delayed_names() {
    let rules = Rules { delayed_names: false, ..Rules::default() };
    let folder = corpus("promqltest-names-at-once");
    run_scripts("corpus/engine/promqltest-names-at-once", &folder, "test", Bar::All, |text| run(text, rules));
}

fn corpus(name: &str) -> PathBuf {
    gw_testkit::package().join("../../corpus/engine").join(name)
}

fn run(text: &str, rules: Rules) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(run_file(text, rules))
}

async fn run_file(text: &str, rules: Rules) -> Outcome {
    let commands = parse(text).expect("the script is well-formed");
    let mut outcome = Outcome::default();
    let mut bench = Bench::new(rules).await;
    for Command { line, kind } in commands {
        match kind {
            CommandKind::Clear => bench = Bench::new(rules).await,
            CommandKind::Load(load) => bench.load(&load).await,
            CommandKind::Eval(eval) => match bench.eval(&eval).await {
                Ok(()) => outcome.passed += 1,
                Err(error) => outcome.failures.push(format!("{line}: {}: {error:#}", eval.query)),
            },
        }
    }
    outcome
}

/// A store and an engine over it.
struct Bench {
    store: Arc<Store>,
    engine: Engine,
}

impl Bench {
    async fn new(rules: Rules) -> Self {
        let world = Arc::new(FakeWorld::new(Timestamp::EPOCH, 1));
        let store = Store::in_memory(world.clone()).await.expect("a store in memory opens");
        let engine = Engine::new(Arc::clone(&store), EngineOptions { rules, ..EngineOptions::new(world) });
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
            reading: gw_batch::Reading::default(),
        };
        let query = Query { tenant: Tenant::default(), request, range, limits: Limits::default() };
        let answer = answer::read(&self.engine, query).await.map_err(|error| error.message);
        let matches = |pattern: &str, text: &str| regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text));
        judge(eval, answer, matches)
    }
}

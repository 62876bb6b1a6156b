//! Upstream's LogQL tests over the real store and the real engine.
//!
//! `corpus/engine/logqltest.floor` records how many cases of each file pass; `GW_SCRIPT=FILE` runs one file.

mod script;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use futures_util::StreamExt as _;
use gw_base::{FakeWorld, Labels, Limits, Tenant, TimeRange, Timestamp};
use gw_batch::{
    Direction, Language, LogRow, LogsBuilder, Queries as _, Query, QueryError, Request, SeriesRow, Sink as _,
};
use gw_engine::{Engine, EngineOptions};
use gw_store::Store;
use gw_testkit::{Bar, Outcome, conformance, run_scripts};
use script::{Command, Eval, Expected, Line, parse};

const SUITE: &str = "logs/logql/logqltest";

#[test]
fn upstream() {
    let Some(folder) = conformance(SUITE) else { return };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let floors = gw_testkit::package().join("../../corpus/engine/logqltest.floor");
    run_scripts(SUITE, &folder, "logqltest", Bar::Floors(&floors), |text| runtime.block_on(run_file(text)));
}

async fn run_file(text: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let (mut store, mut engine) = open().await;
    for (line, command) in parse(text) {
        match command {
            Command::Clear => (store, engine) = open().await,
            Command::Load(lines) => load(&store, &lines).await,
            Command::Eval(eval) => match judge(&eval, ask(&engine, &eval).await) {
                Ok(()) => outcome.passed += 1,
                Err(error) => outcome.failures.push(format!("{line}: {}: {error:#}", eval.query)),
            },
            Command::Unknown(text) => outcome.failures.push(format!("{line}: not understood: {text}")),
        }
    }
    outcome
}

async fn open() -> (Arc<Store>, Engine) {
    let world = Arc::new(FakeWorld::new(Timestamp::EPOCH, 1));
    let store = Store::in_memory(world.clone()).await.expect("a store in memory opens");
    (Arc::clone(&store), Engine::new(store, EngineOptions::new(world)))
}

async fn load(store: &Store, lines: &[Line]) {
    let mut builder = LogsBuilder::default();
    for line in lines {
        let stream = builder.stream(&line.stream);
        let metadata = Some(&line.metadata).filter(|labels| !labels.is_empty());
        let time = Timestamp::from_millis(line.at_millis);
        builder.push(stream, &LogRow { time, line: &line.text, metadata, ..LogRow::default() });
    }
    store.append(vec![builder.finish(Tenant::default())]).await.expect("the store takes the batch");
}

/// Values by labels and time in milliseconds.
type Series = Vec<(Labels, BTreeMap<i64, f64>)>;

async fn ask(engine: &Engine, eval: &Eval) -> Result<Series, QueryError> {
    let range = TimeRange::new(Timestamp::from_millis(eval.start_millis), Timestamp::from_millis(eval.end_millis));
    let request = Request::Expression {
        language: Language::LogQl,
        text: eval.query.clone(),
        step: eval.step_millis.map(Duration::from_millis),
        lookback: None,
        direction: Direction::Forward,
        limit: None,
        reading: gw_batch::Reading::default(),
    };
    let query = Query { tenant: Tenant::default(), request, range, limits: Limits::default() };
    let mut answer = engine.query(query).await?;
    let mut found = Series::new();
    while let Some(batch) = answer.batches.next().await {
        let batch = batch?;
        let Some(steps) = answer.steps else { continue };
        for row in SeriesRow::iter(&batch) {
            let cells = (0..row.len()).filter_map(|i| Some((steps.at(i).millis(), row.value(i)?)));
            found.push((Labels::from_bytes(row.labels).expect("labels are canonical"), cells.collect()));
        }
    }
    Ok(found)
}

fn judge(eval: &Eval, got: Result<Series, QueryError>) -> Result<()> {
    let got = match (got, &eval.expected) {
        (Err(error), Expected::Fail(None)) if !error.message.is_empty() => return Ok(()),
        (Err(error), Expected::Fail(Some(text))) => {
            ensure!(error.message.contains(text.as_str()), "another failure: {}", error.message);
            return Ok(());
        }
        (Err(error), Expected::FailRegex(pattern)) => {
            let found = regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(&error.message));
            ensure!(found, "another failure: {}", error.message);
            return Ok(());
        }
        (Err(error), _) => bail!("failed: {}", error.message),
        (Ok(_), Expected::Fail(_) | Expected::FailRegex(_)) => bail!("it did not fail"),
        (Ok(got), _) => got,
    };
    let Expected::Series(expected) = &eval.expected else { return Ok(()) };
    for (place, (labels, values)) in expected.iter().enumerate() {
        let Some(found) = got.iter().position(|(other, _)| other == labels) else {
            bail!("missing {labels}, got {got:?}");
        };
        ensure!(!eval.ordered || found == place, "{labels} stands at {found}, not {place}");
        let step = i64::try_from(eval.step_millis.unwrap_or(1))?;
        let wanted =
            values.iter().enumerate().filter_map(|(i, value)| Some((eval.start_millis + i as i64 * step, (*value)?)));
        let wanted: BTreeMap<i64, f64> = wanted.collect();
        let close = wanted.len() == got[found].1.len()
            && wanted.iter().zip(&got[found].1).all(|(a, b)| a.0 == b.0 && near(*a.1, *b.1));
        ensure!(close, "{labels}: expected {wanted:?}, got {:?}", got[found].1);
    }
    ensure!(got.len() == expected.len(), "{} series, expected {}: {got:?}", got.len(), expected.len());
    Ok(())
}

fn near(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= 1e-6 * (a.abs() + b.abs())
}

//! Following files: rotation, truncation, restart, a store that is away, long and broken lines, parsers and stages.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use crate::harness::{Memory, Rig, folder, quiet};
use gw_batch::LogsView;
use gw_collect::CollectConfig;
use gw_collect::config::TailConfig;

fn config(yaml: &str) -> CollectConfig {
    let tail: Vec<TailConfig> = gw_config::yaml("test.yaml", yaml).unwrap();
    CollectConfig { tail, ..quiet() }
}

fn append(path: &Path, text: &str) {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

async fn wait_for(rig: &Rig, lines: &[&str]) {
    rig.until(&format!("{lines:?}"), |rig| rig.memory.lines().len() >= lines.len()).await;
    assert_eq!(rig.memory.lines(), lines);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotation_truncation_and_restart_lose_and_repeat_nothing() {
    let place = folder();
    let log = place.join("app.log");
    append(&log, "one\ntw");
    let config = config(&format!("[{{paths: ['{}/*.log'], labels: {{job: app}}}}]", place.display()));
    let memory: Arc<Memory> = Arc::default();
    let rig = Rig::start_in(place.clone(), Arc::clone(&memory), config.clone());
    wait_for(&rig, &["one"]).await;
    append(&log, "o\n");
    wait_for(&rig, &["one", "two"]).await;
    append(&log, "three\nunfinished");
    std::fs::rename(&log, place.join("app.log.1")).unwrap();
    append(&log, "four\n");
    wait_for(&rig, &["one", "two", "three", "unfinished", "four"]).await;
    std::fs::write(&log, "").unwrap();
    append(&log, "five\n");
    wait_for(&rig, &["one", "two", "three", "unfinished", "four", "five"]).await;
    rig.until("saved", |_| {
        std::fs::read_to_string(place.join("positions.json")).is_ok_and(|t| t.contains("\"offset\": 5"))
    })
    .await;
    rig.stop().await;

    append(&log, "six\n");
    std::fs::rename(&log, place.join("app.log.2")).unwrap();
    append(&log, "seven\n");
    let rig = Rig::start_in(place, memory, config);
    wait_for(&rig, &["one", "two", "three", "unfinished", "four", "five", "six", "seven"]).await;
    assert_eq!(rig.runtime.board().tails()[0].state, "active");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_away_loses_nothing() {
    let place = folder();
    let log = place.join("app.log");
    append(&log, "one\n");
    let memory: Arc<Memory> = Arc::default();
    *memory.refuse.lock().unwrap() = true;
    let config = config(&format!("[{{paths: ['{}']}}]", log.display()));
    let rig = Rig::start_in(place.clone(), Arc::clone(&memory), config);
    rig.until("a pause", |rig| {
        rig.runtime.board().collectors().iter().any(|c| c.state == gw_collect::board::CollectorState::Paused)
    })
    .await;
    append(&log, "two\n");
    assert!(!place.join("positions.json").exists());
    *memory.refuse.lock().unwrap() = false;
    wait_for(&rig, &["one", "two"]).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_and_broken_lines() {
    let place = folder();
    let log = place.join("app.log");
    let mut file = std::fs::File::create(&log).unwrap();
    file.write_all(&vec![b'x'; 3 << 20]).unwrap();
    file.write_all(b"\nafter\r\n\xFF\xFE\n").unwrap();
    let rig = Rig::start_in(place.clone(), Arc::default(), config(&format!("[{{paths: ['{}']}}]", log.display())));
    rig.until("three lines", |rig| rig.memory.lines().len() >= 3).await;
    let lines = rig.memory.lines();
    assert_eq!((lines[0].len(), lines[1].as_str(), lines[2].as_str()), (256 << 10, "after", "\u{FFFD}\u{FFFD}"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stages_and_parsers_make_labels_times_and_levels() {
    let place = folder();
    let log = place.join("app.log");
    append(
        &log,
        "{\"ts\":\"23/Nov/2026:01:02:03 +0900\",\"level\":\"error\",\"http\":{\"method\":\"GET\"},\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\"}\n",
    );
    let yaml = format!(
        "- paths: ['{}']\n  parser: json\n  stages:\n    - json: {{expressions: {{method: http.method, ts: }}}}\n    - regex: {{source: ts, expression: '^(?P<day>[0-9]+)/'}}\n    - labels: {{method: , weekday: day}}\n    - timestamp: {{source: ts, format: '02/Jan/2006:15:04:05 -0700'}}\n",
        log.display()
    );
    let rig = Rig::start_in(place.clone(), Arc::default(), config(&yaml));
    rig.until("the line", |rig| rig.memory.lines().len() == 1).await;
    let batches = rig.memory.batches.lock().unwrap().clone();
    let view = LogsView::of(&batches[0]).unwrap();
    let labels: Vec<_> = gw_base::labels::Iter::over(view.streams.value(view.keys[0] as usize)).collect();
    let filename = log.display().to_string();
    assert_eq!(labels, [("filename", filename.as_str()), ("method", "GET"), ("weekday", "23")]);
    assert_eq!(gw_base::Timestamp::from_nanos(view.times[0]).to_string(), "2026-11-22T16:02:03Z");
    assert_eq!(view.severities.value(0), 17);
    assert_eq!(view.traces.value(0)[0], 0x0a);
    rig.stop().await;
}

#[test]
fn what_is_not_supported_is_named() {
    for (yaml, error) in [
        (
            "[{paths: [a], stages: [{drop: {}}]}]",
            "t:1:24: [0].stages[0]: unknown value \"drop\", expected one of json, regex, labels, timestamp",
        ),
        ("[{paths: [a], parser: xml}]", "parser \"xml\" is not known"),
        ("[{paths: []}]", "paths is empty"),
        ("[{paths: [a], stages: [{regex: {expression: 'a'}}]}]", "stages[0]: expression \"a\" has no named group"),
        ("[{paths: [a], stages: [{json: {expressions: {a: 'x[0]'}}}]}]", "path \"x[0]\" is not supported"),
    ] {
        let said = match gw_config::yaml::<Vec<TailConfig>>("t", yaml) {
            Err(error) => error.to_string(),
            Ok(tail) => {
                let config = CollectConfig { tail, ..quiet() };
                config.check().unwrap_err().to_string()
            }
        };
        assert!(said.contains(error), "{said}");
    }
}

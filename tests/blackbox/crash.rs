//! Kill -9 at random moments under mixed ingest: after the restart every acknowledged batch is there, exactly once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http::Connection;

use crate::outside::{PATIENCE, clock, report, unix_nanos, variable};
use crate::product::Gatewatch;
use crate::wire::{self, Series};

/// Rows in each batch: all of them or none may be there.
const ROWS: usize = 5;

/// Which batches of a round were sent, and which of them were acknowledged.
#[derive(Debug, Default)]
struct Journal {
    sent: usize,
    acknowledged: Vec<usize>,
}

/// Sends batch after batch until the product is gone; `send` answers whether it was acknowledged.
fn pour(stop: &AtomicBool, mut send: impl FnMut(usize) -> Result<bool>) -> Journal {
    let mut journal = Journal::default();
    while !stop.load(Ordering::Relaxed) && journal.sent < 150 {
        let number = journal.sent;
        journal.sent += 1;
        match send(number) {
            Ok(true) => journal.acknowledged.push(number),
            Ok(false) => {}
            Err(_) => break,
        }
    }
    journal
}

fn pour_metrics(mut to: Connection, round: usize, stop: &AtomicBool) -> Journal {
    pour(stop, |number| {
        let millis = i64::try_from(unix_nanos() / 1_000_000)?;
        let (round, batch) = (round.to_string(), number.to_string());
        let series: Vec<Series> = (0..ROWS)
            .map(|row| {
                Series::new("crash", &[("round", &round), ("batch", &batch), ("row", &row.to_string())], millis, 1.0)
            })
            .collect();
        Ok(wire::send_remote_write(&mut to, &wire::remote_write(&series)?)?.status == 204)
    })
}

fn pour_logs(mut to: Connection, round: usize, stop: &AtomicBool) -> Journal {
    pour(stop, |number| {
        let now = unix_nanos();
        let lines: Vec<_> =
            (0..ROWS).map(|row| (now + row as u128, format!("round={round} batch={number} row={row}"))).collect();
        let body = wire::loki_push(&[("job", "crash"), ("round", &round.to_string())], &lines);
        let answer = to.send("POST", "/loki/api/v1/push", &[("content-type", "application/json")], &body)?;
        Ok(answer.status == 204)
    })
}

fn pour_spans(mut to: Connection, round: usize, stop: &AtomicBool) -> Journal {
    pour(stop, |number| {
        let traces: Vec<_> = (0..ROWS).map(|row| (trace_id(round, number, row), format!("row {row}"))).collect();
        let body = wire::otlp_spans(&format!("crash-{round}"), &traces);
        Ok(to.send("POST", "/v1/traces", &[("content-type", "application/json")], &body)?.status == 200)
    })
}

fn trace_id(round: usize, batch: usize, row: usize) -> u128 {
    0xC4A5_0000_0000_0000_0000_0000_0000_0000 | (round as u128) << 40 | (batch as u128) << 8 | (row as u128 + 1)
}

/// Checks a round: `found` counts the rows of each batch.
fn judge(signal: &str, round: usize, journal: &Journal, found: &BTreeMap<usize, usize>) -> Result<()> {
    for number in 0..journal.sent {
        let rows = found.get(&number).copied().unwrap_or(0);
        let acknowledged = journal.acknowledged.contains(&number);
        ensure!(
            rows == ROWS || (rows == 0 && !acknowledged),
            "round {round}, {signal}: batch {number} of {}, acknowledged: {acknowledged}, has {rows} rows of {ROWS}",
            journal.sent
        );
    }
    Ok(())
}

fn check_metrics(product: &Gatewatch, round: usize, journal: &Journal) -> Result<()> {
    let rows = product.instant(&format!("sum by (batch) (count_over_time(crash{{round=\"{round}\"}}[1h]))"))?;
    let mut found = BTreeMap::new();
    for row in rows {
        let batch = row["metric"]["batch"].as_str().and_then(|text| text.parse().ok()).context("the batch label")?;
        let count = row["value"][1].as_str().and_then(|text| text.parse().ok()).context("a count")?;
        found.insert(batch, count);
    }
    judge("metrics", round, journal, &found)
}

fn check_logs(product: &Gatewatch, round: usize, journal: &Journal) -> Result<()> {
    let mut found = BTreeMap::new();
    for (_, line) in product.lines(&format!("{{job=\"crash\", round=\"{round}\"}}"))? {
        let batch =
            line.split("batch=").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).context("the batch")?;
        *found.entry(batch).or_insert(0) += 1;
    }
    judge("logs", round, journal, &found)
}

fn check_spans(product: &Gatewatch, round: usize, journal: &Journal) -> Result<()> {
    let mut connection = product.connect(1005)?;
    let mut found = BTreeMap::new();
    for batch in 0..journal.sent {
        for row in 0..ROWS {
            let path = format!("/api/traces/{:032x}", trace_id(round, batch, row));
            let answer = connection.send("GET", &path, &[], b"")?;
            ensure!(answer.status == 200 || answer.status == 404, "{path}: status {}", answer.status);
            let spans = answer.json()?["data"][0]["spans"].as_array().map_or(0, Vec::len);
            *found.entry(batch).or_insert(0) += spans;
        }
    }
    judge("spans", round, journal, &found)
}

/// A moment between 30 and 700 ms, different each time.
fn moment() -> Duration {
    let noise = (unix_nanos() >> 7).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    Duration::from_millis(30 + u64::try_from(noise % 670).unwrap_or(0))
}

#[test]
fn acknowledged_batches_survive_kill_9_exactly_once() -> Result<()> {
    let rounds = variable("GW_CRASH_ROUNDS").and_then(|text| text.parse().ok()).unwrap_or(10_usize);
    let mut product = Gatewatch::start()?;
    let (mut batches, mut slowest, begun) = (0, Duration::ZERO, clock());
    let mut journals = Vec::new();
    for round in 0..rounds {
        let stop = AtomicBool::new(false);
        let connections = (product.connect(1002)?, product.connect(1004)?, product.connect(4318)?);
        let (journal, restart) = std::thread::scope(|scope| {
            let metrics = scope.spawn(|| pour_metrics(connections.0, round, &stop));
            let logs = scope.spawn(|| pour_logs(connections.1, round, &stop));
            let spans = scope.spawn(|| pour_spans(connections.2, round, &stop));
            wait(moment());
            let restart = product.crash_and_restart();
            stop.store(true, Ordering::Relaxed);
            let join = |handle: std::thread::ScopedJoinHandle<'_, Journal>| handle.join().unwrap_or_default();
            ([join(metrics), join(logs), join(spans)], restart)
        });
        slowest = slowest.max(restart?);
        batches += journal.iter().map(|one| one.acknowledged.len()).sum::<usize>();
        check_metrics(&product, round, &journal[0])?;
        check_logs(&product, round, &journal[1])?;
        check_spans(&product, round, &journal[2])?;
        journals.push(journal);
    }
    for (round, journal) in journals.iter().enumerate() {
        check_metrics(&product, round, &journal[0])?;
        check_logs(&product, round, &journal[1])?;
    }
    ensure!(batches > rounds, "only {batches} batches were acknowledged in {rounds} rounds: nothing was tested");
    let seconds = begun.elapsed().as_secs();
    report(&format!(
        "measured: {rounds} kills, {batches} acknowledged batches, slowest restart {} ms, {seconds} s in all",
        slowest.as_millis()
    ));
    ensure!(slowest < PATIENCE, "a restart took {slowest:?}");
    product.finish()
}

#[expect(clippy::disallowed_methods, reason = "lets the product work for a random moment before it is killed")]
fn wait(duration: Duration) {
    std::thread::sleep(duration);
}

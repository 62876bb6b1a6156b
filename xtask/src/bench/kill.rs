//! `bench kill`: SIGKILL at the full rate of remote writes, again and again. No acknowledged sample may be lost; the time to
//! ready and the memory of the recovery are printed.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http::encode;
use gw_testkit::remote_write::Request;

use super::product::{Product, mebibytes};
use super::series::{connect, deliver, now_millis, requests};
use crate::environment::{clock, pause};
use crate::terminal::say;

/// Just below the series that a head takes, which has the product's own, too.
const SIZES: [usize; 2] = [200_000, 1_990_000];
const SENDERS: usize = 2;
/// How long a recovery is watched for its memory.
const WATCHED: Duration = Duration::from_secs(2);
/// Hosts and services of this machine are none of the measurement.
const CONFIG: &str = "collect: {scrape: {interval: 1h}}\n";

/// One request, what became of it, and how many samples each of its series must have.
struct Chunk {
    request: Request,
    number: usize,
    /// Writes that were acknowledged.
    acknowledged: u64,
    /// Writes that were refused, or whose answer the kill cut off.
    uncertain: u64,
    last_millis: u64,
}

/// Figures of one restart.
struct Restart {
    ready: Duration,
    first_answer: Duration,
    before: u64,
    most: u64,
}

/// Kills so many times at each number of series.
pub(super) fn run(binary: &Path, rounds: u64) -> Result<()> {
    SIZES.into_iter().try_for_each(|series| at_size(binary, series, rounds))
}

fn at_size(binary: &Path, series: usize, rounds: u64) -> Result<()> {
    let mut product = Product::start(binary, CONFIG)?;
    let requests = (0..).zip(requests(series));
    let mut chunks: Vec<Chunk> = requests
        .map(|(number, request)| Chunk { request, number, acknowledged: 0, uncertain: 0, last_millis: 0 })
        .collect();
    let (begun, mut connection) = (clock(), connect()?);
    for chunk in &mut chunks {
        chunk.next();
        deliver(&chunk.request, &mut connection)?;
        chunk.acknowledged += 1;
    }
    say(&format!("{series} series, first samples after {:.1} s", begun.elapsed().as_secs_f64()));
    let (mut restarts, mut samples, mut pouring) = (Vec::new(), 0, Duration::ZERO);
    for round in 0..rounds {
        let before: u64 = chunks.iter().map(Chunk::samples).sum();
        let (elapsed, resident) = pour(&mut product, &mut chunks, round)?;
        pouring += elapsed;
        let restart = restart(&mut product, resident)?;
        judge(&product, &mut chunks).with_context(|| format!("after kill {}", round + 1))?;
        samples += chunks.iter().map(Chunk::samples).sum::<u64>() - before;
        restarts.push(restart);
    }
    let rate = samples as f64 / pouring.as_secs_f64() / 1000.0;
    say(&format!("{rounds} kills at {rate:.0} k samples/s: {samples} samples acknowledged, none lost"));
    print(restarts);
    Ok(())
}

/// Writes at the full rate until the kill, which comes after half a second to three; gives that time and the memory at its end.
fn pour(product: &mut Product, chunks: &mut [Chunk], round: u64) -> Result<(Duration, u64)> {
    let (stop, begun) = (&AtomicBool::new(false), clock());
    let share = chunks.len().div_ceil(SENDERS);
    std::thread::scope(|scope| {
        for chunks in chunks.chunks_mut(share) {
            scope.spawn(move || send(chunks, stop));
        }
        pause(Duration::from_millis(500 + round * 977 % 2_500));
        let resident = product.most_resident_bytes();
        let killed = product.crash();
        stop.store(true, Ordering::Relaxed);
        killed.and(resident).map(|resident| (begun.elapsed(), resident))
    })
}

/// Writes chunk after chunk until the product is gone.
fn send(chunks: &mut [Chunk], stop: &AtomicBool) {
    let Ok(mut connection) = connect() else { return };
    while !stop.load(Ordering::Relaxed) {
        for chunk in &mut *chunks {
            chunk.next();
            match chunk.request.send(&mut connection) {
                Ok(answer) if answer.status == 204 => chunk.acknowledged += 1,
                Ok(_) => chunk.uncertain += 1,
                Err(_) => {
                    chunk.uncertain += 1;
                    return;
                }
            }
        }
    }
}

fn restart(product: &mut Product, before: u64) -> Result<Restart> {
    let begun = clock();
    product.restart()?;
    let query = encode("count(bench_a_total{chunk=\"0\"})");
    product.get(1002, &format!("/api/v1/query?query={query}"))?.success()?;
    let first_answer = begun.elapsed();
    pause(WATCHED);
    Ok(Restart { ready: product.ready_after, first_answer, before, most: product.most_resident_bytes()? })
}

/// Every acknowledged sample is there; of a write that the kill cut off all samples or none.
fn judge(product: &Product, chunks: &mut [Chunk]) -> Result<()> {
    for chunk in chunks {
        let query = format!("sum(count_over_time({{__name__=~\"bench_.*\", chunk=\"{}\"}}[1d]))", chunk.number);
        let answer = product.get(1002, &format!("/api/v1/query?query={}", encode(&query)))?.success()?.json()?;
        let found = answer["data"]["result"][0]["value"][1].as_str().and_then(|text| text.parse::<u64>().ok());
        let found = found.with_context(|| format!("{query} has no answer: {answer}"))?;
        let (least, most) = (chunk.samples(), chunk.samples() + chunk.uncertain * chunk.request.len() as u64);
        ensure!(
            (least..=most).contains(&found) && found % chunk.request.len() as u64 == 0,
            "chunk {}: {found} samples, {least} were acknowledged, at most {most} were written",
            chunk.number
        );
        chunk.acknowledged = found / chunk.request.len() as u64;
        chunk.uncertain = 0;
    }
    Ok(())
}

impl Chunk {
    /// Makes it a request at a time that it has not had.
    fn next(&mut self) {
        self.last_millis = now_millis().max(self.last_millis + 1);
        let count = self.acknowledged + self.uncertain;
        self.request.set(self.last_millis, |series| (count * (1 + series as u64 % 7)) as f64);
    }

    const fn samples(&self) -> u64 {
        self.acknowledged * self.request.len() as u64
    }
}

fn print(mut restarts: Vec<Restart>) {
    let worst = |of: fn(&Restart) -> u64| restarts.iter().map(of).max().unwrap_or_default();
    let memory = [worst(|restart| restart.before), worst(|restart| restart.most)].map(mebibytes);
    let over = restarts.iter().filter(|restart| restart.most > restart.before).count();
    say(&format!(
        "memory at most: {} before a kill, {} in a recovery; {over} recoveries took more than there was before",
        memory[0], memory[1]
    ));
    restarts.sort_by_key(|restart| restart.ready);
    let millis = |of: fn(&Restart) -> Duration| {
        let all: Vec<u128> = restarts.iter().map(|restart| of(restart).as_millis()).collect();
        let at = |place: usize| all.get(place).copied().unwrap_or_default();
        format!("median {} ms, slowest {} ms", at(all.len() / 2), all.iter().max().copied().unwrap_or_default())
    };
    say(&format!("start to ready: {}", millis(|restart| restart.ready)));
    say(&format!("start to first answer: {}", millis(|restart| restart.first_answer)));
}

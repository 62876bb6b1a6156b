//! Queries that ask for more than there is: each ends in the product's own words and within the memory of one query, and
//! others are answered meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http::{Connection, encode};
use gw_testkit::remote_write::Request;

use crate::outside::{PATIENCE, report, unix_nanos};
use crate::product::Gatewatch;

const SERIES: usize = 6_000;
const DAYS: u64 = 30;
const DAY_MILLIS: u64 = 86_400_000;
/// What one query may hold, and as much again for what the rest of the process does meanwhile.
const MEMORY_KIB: u64 = 2 * 512 * 1024;

/// How a query of death may end.
enum End {
    /// Refused, with these words.
    Refused(u16, &'static str),
    /// Refused or answered, as long as it ends.
    Any,
}

#[test]
fn queries_of_death_harm_nobody() -> Result<()> {
    let product = Gatewatch::start_with("store: {retention: 60d}\n", &[])?;
    // Whole seconds, so that points of evaluation meet samples.
    let end = u64::try_from(unix_nanos() / 1_000_000_000)? * 1000;
    fill(&product, end)?;
    let alternatives: Vec<String> = (0..100_000).map(|number| format!("pod-{number:x}")).collect();
    let end = end / 1000;
    let range = |query: &str, step: u64| {
        let start = end - DAYS * 86_400;
        ("/api/v1/query_range", format!("query={}&start={start}&end={end}&step={step}", encode(query)))
    };
    let regex = encode(&format!("sum(death{{pod=~\"{}\"}})", alternatives.join("|")));
    let queries = [
        (range("{__name__=~\".+\"}", DAYS * 86_400 / 10_900), End::Refused(422, "bytes of memory")),
        (range("count_values(\"v\", death)", 3_600), End::Refused(422, "bytes of memory")),
        (range("death", DAYS * 86_400 / 11_001), End::Refused(400, "exceeded maximum resolution of 11,000 points")),
        (("/api/v1/query", format!("query={regex}&time={end}")), End::Any),
    ];
    let stop = AtomicBool::new(false);
    let others = std::thread::scope(|scope| {
        let others = scope.spawn(|| ask_for_others(&product, &stop));
        let died = queries.iter().try_for_each(|((path, form), wanted)| die(&product, path, form, wanted));
        stop.store(true, Ordering::Relaxed);
        died.and(others.join().unwrap_or_else(|_| Ok(0)))
    })?;
    ensure!(others > 0, "nobody else asked");
    report(&format!("measured: {others} answers for others beside queries of death"));
    product.finish()
}

/// A sample a day of values that never repeat.
fn fill(product: &Gatewatch, end: u64) -> Result<()> {
    let labels = |number: usize| vec![("__name__", "death".to_owned()), ("pod", format!("pod-{number:x}"))];
    let mut request = Request::of((0..SERIES).map(labels));
    let mut connection = product.connect(1002)?;
    for day in 0..DAYS {
        let noise = |series: usize| (day << 20 | series as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) as f64;
        request.set(end - (DAYS - 1 - day) * DAY_MILLIS, noise);
        request.send(&mut connection)?.success()?;
    }
    Ok(())
}

fn die(product: &Gatewatch, path: &str, form: &str, wanted: &End) -> Result<()> {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let mut connection = Connection::open(product.port(1002), PATIENCE * 3)?;
    let answer = connection.send("POST", path, &headers, form.as_bytes())?;
    let shown = form.get(..form.len().min(80)).unwrap_or_default();
    let json = answer.json().with_context(|| format!("{shown}: no answer of the API"))?;
    let said = json["error"].as_str().unwrap_or("success");
    match wanted {
        End::Refused(status, words) => {
            ensure!(answer.status == *status && said.contains(words), "{shown}: {} {said}", answer.status);
        }
        End::Any => ensure!(json["status"].is_string() && answer.status < 500, "{shown}: {} {said}", answer.status),
    }
    let resident = product.resident_kib()?;
    ensure!(resident < MEMORY_KIB, "{shown}: {resident} KiB are resident");
    Ok(())
}

/// Asks one small query after the other, each of which must be answered.
fn ask_for_others(product: &Gatewatch, stop: &AtomicBool) -> Result<usize> {
    let mut answers = 0;
    while !stop.load(Ordering::Relaxed) {
        ensure!((product.value("count(death{pod=\"pod-7\"})")? - 1.0).abs() < f64::EPSILON, "one series is there");
        answers += 1;
    }
    Ok(answers)
}

//! The product's own metrics: what each part counts, and what the process takes.

pub(crate) mod prometheus;

use std::sync::Arc;

use gw_base::{Signal, Timestamp, World};
use gw_collect::board::{Board, Health};
use gw_intake::Intake;
use gw_serve::{Page, Telemetry};
use gw_store::Store;

/// Registers every part.
pub(crate) fn register(
    telemetry: &Telemetry,
    world: &Arc<dyn World>,
    intake: &Intake,
    store: &Arc<Store>,
    board: &Arc<Board>,
) {
    let started = world.now();
    telemetry.register(move |page| process(page, started));
    let intake = intake.clone();
    telemetry.register(move |page| intake_page(page, &intake));
    let store = Arc::clone(store);
    telemetry.register(move |page| store_page(page, &store));
    let board = Arc::clone(board);
    telemetry.register(move |page| board_page(page, &board));
}

fn process(page: &mut Page, started: Timestamp) {
    page.gauge("gatewatch_build_info", "The version that runs.", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    page.gauge(
        "process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.",
        &[],
        started.secs_f64(),
    );
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return };
    // The command name may hold spaces and parentheses; fields are counted after its closing one.
    let Some((_, rest)) = stat.rsplit_once(')') else { return };
    let field = |number: usize| rest.split_whitespace().nth(number - 3).and_then(|text| text.parse::<f64>().ok());
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let page_bytes = rustix::param::page_size() as f64;
    if let (Some(user), Some(system)) = (field(14), field(15)) {
        let help = "Total user and system CPU time spent in seconds.";
        page.sample(gw_batch::MetricType::Counter, "process_cpu_seconds_total", help, &[], (user + system) / ticks);
    }
    if let Some(bytes) = field(23) {
        page.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", &[], bytes);
    }
    if let Some(most) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        page.gauge("process_max_fds", "Maximum number of open file descriptors.", &[], most as f64);
    }
    if let Some(pages) = field(24) {
        page.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", &[], pages * page_bytes);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        page.gauge("process_open_fds", "Number of open file descriptors.", &[], open.count() as f64);
    }
}

fn intake_page(page: &mut Page, intake: &Intake) {
    let stats = intake.stats();
    for signal in Signal::ALL {
        let labels = [("signal", signal.as_str())];
        page.counter("gatewatch_intake_rows_total", "Rows made durable.", &labels, stats.signal(signal).rows());
        page.counter(
            "gatewatch_intake_batches_total",
            "Batches made durable.",
            &labels,
            stats.signal(signal).batches(),
        );
    }
    for (reason, rows) in stats.refusals() {
        page.counter("gatewatch_intake_refused_rows_total", "Rows left out, by reason.", &[("reason", reason)], rows);
    }
    let failures = stats.failures();
    page.counter("gatewatch_intake_busy_total", "Calls turned away because too much waited.", &[], stats.turned_away());
    page.counter("gatewatch_intake_failures_total", "Calls that the store refused.", &[], failures);
    let seconds = stats.append_time().as_secs_f64();
    page.sample(
        gw_batch::MetricType::Counter,
        "gatewatch_intake_append_seconds_total",
        "Time that calls waited for the store.",
        &[],
        seconds,
    );
}

fn store_page(page: &mut Page, store: &Store) {
    for usage in store.usage() {
        let labels = [("signal", usage.signal.as_str())];
        for (name, help, value) in [
            ("gatewatch_store_rows", "Rows stored.", usage.rows),
            ("gatewatch_store_bytes", "Bytes of parts and their indices.", usage.bytes),
            ("gatewatch_store_parts", "Number of parts.", usage.parts),
            ("gatewatch_store_head_rows", "Rows in the head.", usage.head_rows),
            ("gatewatch_store_head_bytes", "Bytes of the head in memory.", usage.head_bytes),
            ("gatewatch_store_head_series", "Series, streams or subjects in the head.", usage.head_series),
            ("gatewatch_store_wal_bytes", "Bytes of the write-ahead log.", usage.wal_bytes),
        ] {
            page.gauge(name, help, &labels, value as f64);
        }
    }
}

fn board_page(page: &mut Page, board: &Board) {
    for health in [Health::Up, Health::Down, Health::Unknown] {
        let count = board.targets().iter().filter(|target| target.health == health).count();
        page.gauge(
            "gatewatch_scrape_targets",
            "Scrape targets by health.",
            &[("health", health.as_str())],
            count as f64,
        );
    }
    for collector in board.collectors() {
        let labels = [("collector", collector.name.as_str())];
        page.counter("gatewatch_collector_runs_total", "Runs of a collector.", &labels, collector.runs);
        page.counter("gatewatch_collector_failures_total", "Failed runs of a collector.", &labels, collector.failures);
    }
}

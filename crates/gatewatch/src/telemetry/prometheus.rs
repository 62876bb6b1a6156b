//! The product's own metrics once more, by the names that Prometheus gives them: mixins, dashboards and alerts about a
//! Prometheus server read this one as well. Names, types and labels are facts of upstream.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use gw_api_prometheus::{Operations, Reloads};
use gw_base::Signal;
use gw_batch::MetricType;
use gw_detect::RuleBook;
use gw_intake::Intake;
use gw_serve::{Page, Services};
use gw_store::Store;

use crate::config::GatewatchConfig;
use crate::rules::{QUEUE, Rules};

/// Registers every part.
pub(crate) fn register(
    services: &Services,
    config: &GatewatchConfig,
    store: &Arc<Store>,
    rules: &Rules,
    operations: &Operations,
) {
    let telemetry = &services.telemetry;
    let (version, reloads) = (services.about.version, Arc::clone(&operations.reloads));
    telemetry.register(move |page| server(page, version, &reloads));
    let (kept, store) = (Retention::of(config), Arc::clone(store));
    telemetry.register(move |page| storage(page, &store, kept));
    let intake = services.intake.clone();
    telemetry.register(move |page| remote(page, &intake));
    let (book, rules) = (rules.book(), rules.clone());
    telemetry.register(move |page| {
        evaluation(page, &book);
        notifications(page, &rules);
    });
    let board = Arc::clone(&operations.board);
    telemetry.register(move |page| targets(page, &board));
    let (observed, most) = (Arc::clone(&operations.observed), config.query.concurrency);
    telemetry.register(move |page| {
        observed.page(page);
        let help = "The max number of concurrent queries.";
        page.gauge("prometheus_engine_queries_concurrent_max", help, &[], most as f64);
    });
}

fn server(page: &mut Page, version: &str, reloads: &Reloads) {
    let labels = [
        ("branch", "main"),
        ("goarch", std::env::consts::ARCH),
        ("goos", std::env::consts::OS),
        ("goversion", ""),
        ("revision", ""),
        ("tags", "gatewatch"),
        ("version", version),
    ];
    page.gauge("prometheus_build_info", "The version that runs, always 1.", &labels, 1.0);
    page.gauge(
        "prometheus_ready",
        "Whether startup was fully completed and the server is ready for normal operation.",
        &[],
        1.0,
    );
    let outcome = reloads.outcome();
    let help = "Whether the last configuration reload attempt was successful.";
    page.gauge("prometheus_config_last_reload_successful", help, &[], f64::from(u8::from(outcome.successful)));
    let help = "Timestamp of the last successful configuration reload.";
    let at = outcome.succeeded_at.secs_f64();
    page.gauge("prometheus_config_last_reload_success_timestamp_seconds", help, &[], at);
}

/// What is kept how long.
#[derive(Clone, Copy)]
struct Retention {
    seconds: f64,
    bytes: u64,
}

impl Retention {
    fn of(config: &GatewatchConfig) -> Self {
        let bytes = config.store.retention_size.map_or(0, |size| size.0);
        Self { seconds: config.store.retention.get().as_secs_f64(), bytes }
    }
}

fn storage(page: &mut Page, store: &Store, kept: Retention) {
    let stats = store.stats();
    let get = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    for usage in store.usage().into_iter().filter(|usage| usage.signal == Signal::Metrics) {
        for (name, help, value) in [
            ("prometheus_tsdb_head_series", "Total number of series in the head block.", usage.head_series),
            ("prometheus_tsdb_head_chunks", "Total number of chunks in the head block.", usage.head_chunks),
            ("prometheus_tsdb_head_chunks_storage_size_bytes", "Size of the head in memory.", usage.head_bytes),
            ("prometheus_tsdb_wal_storage_size_bytes", "Size of the write log directory.", usage.wal_bytes),
            ("prometheus_tsdb_blocks_loaded", "Number of currently loaded parts.", usage.parts),
            ("prometheus_tsdb_storage_blocks_bytes", "Bytes used by all parts.", usage.bytes),
            ("prometheus_tsdb_retention_limit_bytes", "Max number of bytes kept, 0 means disabled.", kept.bytes),
        ] {
            page.gauge(name, help, &[], value as f64);
        }
    }
    let help = "How long to retain samples, in seconds.";
    page.gauge("prometheus_tsdb_retention_limit_seconds", help, &[], kept.seconds);
    for (name, help, counter) in [
        ("prometheus_tsdb_wal_corruptions_total", "Damaged places found in the write-ahead log.", &stats.wal_damages),
        ("prometheus_tsdb_wal_writes_failed_total", "Appends that could not be written.", &stats.append_errors),
        ("prometheus_tsdb_wal_truncations_total", "Times the log was cut behind written parts.", &stats.flushes),
        ("prometheus_tsdb_wal_truncations_failed_total", "Times that failed.", &stats.flush_errors),
        ("prometheus_tsdb_compactions_total", "Total number of compactions that were executed.", &stats.compactions),
        (
            "prometheus_tsdb_compactions_failed_total",
            "Total number of compactions that failed.",
            &stats.compaction_errors,
        ),
        ("prometheus_tsdb_time_retentions_total", "Parts dropped by retention.", &stats.parts_expired),
        ("prometheus_tsdb_reloads_failures_total", "Parts set aside as damaged.", &stats.parts_quarantined),
    ] {
        page.counter(name, help, &[], get(counter));
    }
    let help = "Time taken to replay the write-ahead log at the start.";
    let seconds = get(&stats.replay_millis) as f64 / 1000.0;
    page.gauge("prometheus_tsdb_data_replay_duration_seconds", help, &[], seconds);
}

fn remote(page: &mut Page, intake: &Intake) {
    let written = intake.stats().written();
    let help = "Total number of appended samples.";
    for (kind, count) in [("float", written.samples), ("histogram", written.histograms)] {
        page.counter("prometheus_tsdb_head_samples_appended_total", help, &[("type", kind)], count);
    }
    let help = "Total number of appended exemplars.";
    page.counter("prometheus_tsdb_exemplar_exemplars_appended_total", help, &[], written.exemplars);
    for (name, help, count) in [
        ("prometheus_remote_storage_samples_in_total", "Samples in to remote storage.", written.samples),
        ("prometheus_remote_storage_histograms_in_total", "Histograms in to remote storage.", written.histograms),
        ("prometheus_remote_storage_exemplars_in_total", "Exemplars in to remote storage.", written.exemplars),
    ] {
        page.counter(name, help, &[], count);
    }
}

fn evaluation(page: &mut Page, book: &RuleBook) {
    for group in book.groups() {
        let name = format!("{};{}", group.key.file, group.key.name);
        let labels = [("rule_group", name.as_str())];
        let total = |of: fn(&gw_detect::RuleView) -> u64| group.rules.iter().map(of).sum::<u64>();
        for (name, help, value) in [
            ("prometheus_rule_group_interval_seconds", "The interval of a rule group.", group.interval.as_secs_f64()),
            ("prometheus_rule_group_rules", "The number of rules.", group.rules.len() as f64),
            (
                "prometheus_rule_group_last_duration_seconds",
                "The duration of the last rule group evaluation.",
                group.evaluation_time.as_secs_f64(),
            ),
            (
                "prometheus_rule_group_last_evaluation_timestamp_seconds",
                "The timestamp of the last rule group evaluation in seconds.",
                group.last_evaluation.map_or(0.0, gw_base::Timestamp::secs_f64),
            ),
        ] {
            page.gauge(name, help, &labels, value);
        }
        for (name, help, value) in [
            ("prometheus_rule_group_iterations_total", "Scheduled evaluations of a rule group.", group.iterations),
            ("prometheus_rule_group_iterations_missed_total", "Evaluations missed for slowness.", group.missed),
            (
                "prometheus_rule_evaluations_total",
                "The total number of rule evaluations.",
                total(|rule| rule.evaluations),
            ),
            (
                "prometheus_rule_evaluation_failures_total",
                "The total number of rule evaluation failures.",
                total(|rule| rule.failures),
            ),
        ] {
            page.counter(name, help, &labels, value);
        }
    }
}

/// Alerts go to the dispatcher of this process, which stands where upstream has an Alertmanager.
fn notifications(page: &mut Page, rules: &Rules) {
    let counters = rules.dispatcher().counters();
    let labels = [("alertmanager", "local")];
    page.counter("prometheus_notifications_sent_total", "Total number of notifications sent.", &labels, counters.sent);
    let help = "Total number of notifications that could not be sent.";
    page.counter("prometheus_notifications_errors_total", help, &labels, counters.failed);
    let help = "The capacity of the alert notifications queue.";
    page.gauge("prometheus_notifications_queue_capacity", help, &[], QUEUE as f64);
    let help = "The number of alert notifications in the queue.";
    page.gauge("prometheus_notifications_queue_length", help, &[], rules.waiting() as f64);
    let help = "The number of alertmanagers discovered and active.";
    page.gauge("prometheus_notifications_alertmanagers_discovered", help, &[], 0.0);
}

fn targets(page: &mut Page, board: &gw_collect::Board) {
    let mut pools: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for target in board.targets() {
        *pools.entry(target.job).or_default() += 1;
    }
    let help = "Total number of scrape pool creation attempts.";
    page.sample(MetricType::Counter, "prometheus_target_scrape_pools_total", help, &[], pools.len() as f64);
    for (pool, count) in pools {
        let help = "Current number of targets in this scrape pool.";
        page.gauge("prometheus_target_scrape_pool_targets", help, &[("scrape_job", &pool)], count as f64);
        let help = "Current number of discovered targets.";
        page.gauge("prometheus_sd_discovered_targets", help, &[("config", &pool), ("name", "scrape")], count as f64);
    }
}

//! Prometheus: its configuration file, data directory and listener over the whole of our machinery.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use gw_config::Environment;

use super::kingpin::{self, Flag, Given, Takes};
use super::{Ending, listen_address, say, warn};
use crate::config::Origin;
use crate::product::{self, Start};

/// Flags that the original knows. Those that are neither here nor in [`EFFECTIVE`] are refused.
const FLAGS: &[Flag] = &[
    ("config.file", Takes::Value),
    ("config.auto-reload-interval", Takes::Value),
    ("web.listen-address", Takes::Values),
    ("web.config.file", Takes::Value),
    ("web.read-timeout", Takes::Value),
    ("web.max-connections", Takes::Value),
    ("web.max-notifications-subscribers", Takes::Value),
    ("web.external-url", Takes::Value),
    ("web.route-prefix", Takes::Value),
    ("web.user-assets", Takes::Value),
    ("web.enable-lifecycle", Takes::Switch),
    ("web.enable-admin-api", Takes::Switch),
    ("web.enable-remote-write-receiver", Takes::Switch),
    ("web.enable-otlp-receiver", Takes::Switch),
    ("web.remote-write-receiver.accepted-protobuf-messages", Takes::Values),
    ("web.console.templates", Takes::Value),
    ("web.console.libraries", Takes::Value),
    ("web.page-title", Takes::Value),
    ("web.cors.origin", Takes::Value),
    ("storage.tsdb.path", Takes::Value),
    ("storage.tsdb.retention", Takes::Value),
    ("storage.tsdb.retention.time", Takes::Value),
    ("storage.tsdb.retention.size", Takes::Value),
    ("storage.tsdb.no-lockfile", Takes::Switch),
    ("storage.tsdb.min-block-duration", Takes::Value),
    ("storage.tsdb.max-block-duration", Takes::Value),
    ("storage.tsdb.wal-compression", Takes::Switch),
    ("storage.tsdb.wal-compression-type", Takes::Value),
    ("storage.tsdb.wal-segment-size", Takes::Value),
    ("storage.tsdb.head-chunks-write-queue-size", Takes::Value),
    ("storage.tsdb.allow-overlapping-blocks", Takes::Switch),
    ("storage.remote.flush-deadline", Takes::Value),
    ("storage.remote.read-sample-limit", Takes::Value),
    ("storage.remote.read-concurrent-limit", Takes::Value),
    ("storage.remote.read-max-bytes-in-frame", Takes::Value),
    ("rules.alert.for-outage-tolerance", Takes::Value),
    ("rules.alert.for-grace-period", Takes::Value),
    ("rules.alert.resend-delay", Takes::Value),
    ("rules.max-concurrent-evals", Takes::Value),
    ("alertmanager.notification-queue-capacity", Takes::Value),
    ("alertmanager.notification-batch-size", Takes::Value),
    ("alertmanager.drain-notification-queue-on-shutdown", Takes::Switch),
    ("scrape.adjust-timestamps", Takes::Switch),
    ("scrape.timestamp-tolerance", Takes::Value),
    ("scrape.discovery-reload-interval", Takes::Value),
    ("scrape.name-escaping-scheme", Takes::Value),
    ("query.lookback-delta", Takes::Value),
    ("query.timeout", Takes::Value),
    ("query.max-concurrency", Takes::Value),
    ("query.max-samples", Takes::Value),
    ("enable-feature", Takes::Values),
    ("compat", Takes::Value),
    ("agent", Takes::Switch),
    ("auto-gomaxprocs", Takes::Switch),
    ("auto-gomemlimit", Takes::Switch),
    ("auto-gomemlimit.ratio", Takes::Value),
    ("log.level", Takes::Value),
    ("log.format", Takes::Value),
    ("version", Takes::Switch),
    ("help", Takes::Switch),
];

/// Flags that do here what they do there. Any other is taken, named in a warning at the start, and has no effect.
const EFFECTIVE: &[&str] = &[
    "compat",
    "config.file",
    "enable-feature",
    "help",
    "query.lookback-delta",
    "query.max-concurrency",
    "query.max-samples",
    "query.timeout",
    "rules.alert.for-grace-period",
    "rules.alert.for-outage-tolerance",
    "rules.alert.resend-delay",
    "storage.remote.read-concurrent-limit",
    "storage.remote.read-max-bytes-in-frame",
    "storage.remote.read-sample-limit",
    "storage.tsdb.path",
    "storage.tsdb.retention",
    "storage.tsdb.retention.size",
    "storage.tsdb.retention.time",
    "version",
    "web.cors.origin",
    "web.enable-admin-api",
    "web.enable-lifecycle",
    "web.enable-remote-write-receiver",
    "web.external-url",
    "web.listen-address",
    "web.route-prefix",
];

/// What the original does without a flag, for its status page.
const DEFAULTS: &[(&str, &str)] = &[
    ("agent", "false"),
    ("alertmanager.drain-notification-queue-on-shutdown", "true"),
    ("alertmanager.notification-batch-size", "256"),
    ("alertmanager.notification-queue-capacity", "10000"),
    ("config.auto-reload-interval", "30s"),
    ("config.file", DEFAULT_FILE),
    ("enable-feature", ""),
    ("log.format", "logfmt"),
    ("log.level", "info"),
    ("rules.alert.for-grace-period", "10m"),
    ("rules.alert.for-outage-tolerance", "1h"),
    ("rules.alert.resend-delay", "1m"),
    ("rules.max-concurrent-evals", "4"),
    ("storage.remote.flush-deadline", "1m"),
    ("web.config.file", ""),
    ("web.console.libraries", "console_libraries"),
    ("web.console.templates", "consoles"),
    ("web.enable-otlp-receiver", "false"),
    ("web.listen-address", "0.0.0.0:9090"),
    ("web.max-connections", "512"),
    ("web.max-notifications-subscribers", "16"),
    ("web.page-title", "Prometheus Time Series Collection and Processing Server"),
    ("web.read-timeout", "5m"),
    ("web.user-assets", ""),
];

/// Runs as Prometheus.
pub(super) fn run(words: &[String], environment: &Environment) -> Ending {
    let given = match Given::read(words, |name| kingpin::takes(FLAGS, name)) {
        Ok(given) => given,
        Err(message) => {
            let usage = kingpin::usage("prometheus", FLAGS);
            return Ending::with(2, format!("Error parsing command line arguments: {message}\n{usage}"));
        }
    };
    if given.is_on("help") {
        say(&kingpin::usage("prometheus", FLAGS));
        return Ending::WELL;
    }
    if given.is_on("version") {
        say(&format!("prometheus, version {} (Gatewatch)", env!("CARGO_PKG_VERSION")));
        return Ending::WELL;
    }
    let start = match translate(&given) {
        Ok(start) => start,
        Err(error) => return Ending::with(2, format!("Error parsing command line arguments: {error:#}")),
    };
    // The configuration is read before anything is opened, so that its faults are told as the original tells them.
    if let Err(error) = start.origin.load(environment) {
        let file = given.get("config.file").unwrap_or(DEFAULT_FILE);
        let words =
            format!("level=error msg=\"Error loading config (--config.file={file})\" file={file} err=\"{error:#}\"");
        return Ending::with(2, words);
    }
    for (flag, _) in given.iter().filter(|(flag, _)| !EFFECTIVE.contains(flag)) {
        warn(&format!("level=warn msg=\"Flag has no effect in Gatewatch\" flag=--{flag}"));
    }
    match product::run(start, environment) {
        Ok(()) => Ending::WELL,
        Err(error) => Ending::with(1, format!("level=error msg=\"Error starting up\" err=\"{error:#}\"")),
    }
}

const DEFAULT_FILE: &str = "prometheus.yml";
/// Wire: what test harnesses wait for in the log (upstream's `cmd/prometheus/main.go`).
const READY: &str = "level=info msg=\"Server is ready to receive web requests.\"";

/// All flags as the status page shows them, without those that the configuration decides.
fn shown(given: &Given) -> Vec<(String, String)> {
    let mut flags: std::collections::BTreeMap<String, String> =
        DEFAULTS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    flags.extend(given.iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
    flags.into_iter().collect()
}

/// Wire: without a flag of its own the prefix is the path of the external URL.
fn prefix(given: &Given) -> Option<String> {
    if let Some(prefix) = given.get("web.route-prefix") {
        return Some(prefix.to_owned());
    }
    let url = given.get("web.external-url")?;
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    after.split_once('/').map(|(_, path)| path.to_owned()).filter(|path| !path.trim_matches('/').is_empty())
}

/// Our keys whose values are written as the flag's are.
const SAME: &[(&str, &str)] = &[
    ("listen.external_url", "--web.external-url"),
    ("detect.outage_tolerance", "--rules.alert.for-outage-tolerance"),
    ("detect.grace_period", "--rules.alert.for-grace-period"),
    ("detect.resend_delay", "--rules.alert.resend-delay"),
    ("query.timeout", "--query.timeout"),
    ("query.max_samples", "--query.max-samples"),
    ("query.concurrency", "--query.max-concurrency"),
    ("query.compat", "--compat"),
    ("query.lookback", "--query.lookback-delta"),
    ("query.read_samples", "--storage.remote.read-sample-limit"),
    ("query.read_concurrency", "--storage.remote.read-concurrent-limit"),
    ("store.admin_api", "--web.enable-admin-api"),
    ("intake.remote_write", "--web.enable-remote-write-receiver"),
];

/// The flags as our start.
fn translate(given: &Given) -> Result<Start> {
    for flag in ["web.config.file", "agent"] {
        let off = given.get(flag).is_none_or(|value| value.is_empty() || value == "false");
        anyhow::ensure!(off, "--{flag} is not supported yet");
    }
    let explicit = given.all("web.listen-address").next().is_some();
    let mut only = Vec::new();
    for text in given.all("web.listen-address") {
        only.push(("prometheus", socket(text)?));
    }
    if only.is_empty() {
        only.push(("prometheus", SocketAddr::from(([0, 0, 0, 0], 9090))));
    }
    let network = only.iter().find(|(_, address)| !address.ip().is_loopback());
    let address = network.or(only.first()).map_or("127.0.0.1".to_owned(), |(_, address)| address.ip().to_string());
    let path = given.get("storage.tsdb.path").unwrap_or("data/");
    let retention = given.get("storage.tsdb.retention.time").or_else(|| given.get("storage.tsdb.retention"));
    let frame = given.get("storage.remote.read-max-bytes-in-frame").map(|bytes| format!("{bytes}B"));
    let size = given.get("storage.tsdb.retention.size").filter(|size| *size != "0").map(str::to_owned);
    let typed = given.all("enable-feature").flat_map(|list| list.split(',')).any(|name| name == "type-and-unit-labels");
    let reckoned = [
        ("listen.address", Some(address), "--web.listen-address"),
        ("store.dir", Some(path.to_owned()), "--storage.tsdb.path"),
        ("store.retention", retention.map(str::to_owned), "--storage.tsdb.retention.time"),
        ("store.retention_size", size, "--storage.tsdb.retention.size"),
        // Like the original, nothing that is young may be used unless a flag says so.
        ("query.features", Some(given.all("enable-feature").collect::<Vec<_>>().join(",")), "--enable-feature"),
        ("collect.scrape.type_and_unit_labels", typed.then(|| "true".to_owned()), "--enable-feature"),
        ("query.read_frame", frame, "--storage.remote.read-max-bytes-in-frame"),
        ("listen.path_prefix", prefix(given), "--web.route-prefix"),
        ("listen.cors_origin", Some(given.get("web.cors.origin").unwrap_or(".*").to_owned()), "--web.cors.origin"),
        // What the original's retention lets go is gone.
        ("store.rollups", Some("none".to_owned()), "prometheus"),
        // The original watches what its file names and nothing else.
        ("detect.default_rules", Some("false".to_owned()), "prometheus"),
        ("collect.host.enabled", Some("false".to_owned()), "prometheus"),
        ("collect.discover.enabled", Some("false".to_owned()), "prometheus"),
    ];
    let same =
        SAME.iter().map(|(key, flag)| (*key, given.get(flag.trim_start_matches("--")).map(str::to_owned), *flag));
    let listed = reckoned.into_iter().chain(same);
    let file = given.get("config.file").unwrap_or(DEFAULT_FILE);
    let origin = Origin {
        // Our own file is not read under this name, even where one lies in the working directory.
        file: Some(PathBuf::from("/dev/null")),
        imports: vec![format!("prometheus={file}")],
        flags: listed.filter_map(|(path, value, flag)| Some((path, value?, flag))).collect(),
    };
    // An address that the user names is served as the original serves it; the default one asks for credentials.
    let flags = shown(given);
    Ok(Start { origin, insecure_no_auth: explicit, only, ready: Some(READY), flags, ..Start::default() })
}

fn socket(text: &str) -> Result<SocketAddr> {
    use std::net::ToSocketAddrs as _;
    let address = listen_address(text);
    let mut found = address.to_socket_addrs().with_context(|| format!("--web.listen-address={text}"))?;
    found.next().with_context(|| format!("--web.listen-address={text}: no such host"))
}

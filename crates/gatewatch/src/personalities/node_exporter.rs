//! `node_exporter`: the exporter room alone, without a store, on the addresses that its flags name.

use std::sync::Arc;

use anyhow::{Context, Result};
use gw_api_exporter::ExporterOptions;
use gw_collect::HostPages;
use gw_collect::config::{HostConfig, OptionKind, find_host_option};
use gw_config::Environment;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::kingpin::{self, Flag, Given, Takes};
use super::web_config::WebConfig;
use super::{Ending, listen_address, say};
use crate::product;

/// Collectors of upstream that are not there (`compat.md` of the room says why).
const MISSING: &[&str] = &["perf"];

const FLAGS: &[Flag] = &[
    ("web.listen-address", Takes::Values),
    ("web.telemetry-path", Takes::Value),
    ("web.disable-exporter-metrics", Takes::Switch),
    ("web.max-requests", Takes::Value),
    ("web.config.file", Takes::Value),
    ("web.systemd-socket", Takes::Switch),
    ("path.procfs", Takes::Value),
    ("path.sysfs", Takes::Value),
    ("path.rootfs", Takes::Value),
    ("path.udev.data", Takes::Value),
    ("collector.disable-defaults", Takes::Switch),
    ("compat", Takes::Value),
    ("runtime.gomaxprocs", Takes::Value),
    ("log.level", Takes::Value),
    ("log.format", Takes::Value),
    ("version", Takes::Switch),
    ("help", Takes::Switch),
];

/// Runs as `node_exporter`.
pub(super) fn run(words: &[String], _: &Environment) -> Ending {
    let given = match Given::read(words, takes) {
        Ok(given) => given,
        Err(message) => return Ending::with(1, format!("node_exporter: error: {message}, try --help")),
    };
    if given.is_on("help") {
        say(&kingpin::usage("node_exporter", FLAGS));
        return Ending::WELL;
    }
    if given.is_on("version") {
        say(&format!("node_exporter, version {} (Gatewatch)", env!("CARGO_PKG_VERSION")));
        return Ending::WELL;
    }
    match start(&given) {
        Ok(()) => Ending::WELL,
        Err(error) => Ending::with(1, format!("level=error err=\"{error:#}\"")),
    }
}

fn takes(name: &str) -> Option<Takes> {
    let Some(rest) = name.strip_prefix("collector.").filter(|rest| *rest != "disable-defaults") else {
        return kingpin::takes(FLAGS, name);
    };
    if is_collector(rest) {
        return Some(Takes::Switch);
    }
    find_host_option(rest).map(|option| match option.kind {
        OptionKind::Switch => Takes::Switch,
        OptionKind::Value => Takes::Value,
        OptionKind::Values => Takes::Values,
    })
}

fn is_collector(name: &str) -> bool {
    MISSING.contains(&name) || gw_collect::host_collectors().any(|known| known == name)
}

/// The flags as our configuration.
fn translate(given: &Given) -> Result<HostConfig> {
    anyhow::ensure!(!given.is_on("web.systemd-socket"), "--web.systemd-socket is not supported yet");
    let mut config =
        HostConfig { disable_defaults: given.is_on("collector.disable-defaults"), ..HostConfig::default() };
    let text = |target: &mut String, flag: &str| {
        if let Some(value) = given.get(flag) {
            value.clone_into(target);
        }
    };
    text(&mut config.procfs, "path.procfs");
    text(&mut config.sysfs, "path.sysfs");
    text(&mut config.rootfs, "path.rootfs");
    text(&mut config.udev_data, "path.udev.data");
    if let Some(version) = given.get("compat") {
        config.compat = version.parse().map_err(|error| anyhow::anyhow!("--compat: {error}"))?;
    }
    for (flag, value) in given.iter() {
        let Some(name) = flag.strip_prefix("collector.") else { continue };
        if MISSING.contains(&name) {
            if value == "true" {
                tracing::warn!(collector = name, "this collector is not there");
            }
        } else if is_collector(name) {
            config.collectors.insert(name.to_owned(), value == "true");
        } else if let Some(option) = find_host_option(name) {
            // Wire: old and new spelling together are an error, as in the original.
            if option.name != name && given.get(&format!("collector.{}", option.name)).is_some() {
                anyhow::bail!("--{flag} and --collector.{} are mutually exclusive", option.name);
            }
            let values = config.options.entry(option.name.to_owned()).or_default();
            if option.kind != OptionKind::Values {
                values.clear();
            }
            values.push(value.to_owned());
        }
    }
    Ok(config)
}

fn options(given: &Given) -> Result<ExporterOptions> {
    let mut options = ExporterOptions::default();
    if let Some(path) = given.get("web.telemetry-path") {
        anyhow::ensure!(path.starts_with('/'), "--web.telemetry-path must start with /");
        path.clone_into(&mut options.path);
    }
    if let Some(count) = given.get("web.max-requests") {
        options.max_requests = count.parse().context("--web.max-requests")?;
    }
    options.own_metrics = !given.is_on("web.disable-exporter-metrics");
    Ok(options)
}

fn start(given: &Given) -> Result<()> {
    let world = product::world();
    let pages = Arc::new(HostPages::of(&translate(given)?, Arc::clone(&world))?);
    let options = options(given)?;
    let web = WebConfig::read(given.get("web.config.file").unwrap_or_default())?;
    let mut addresses: Vec<&str> = given.all("web.listen-address").collect();
    if addresses.is_empty() {
        // As the original: host metrics are for the network's Prometheus, and hold nothing that could be written.
        addresses.push(":9100");
    }
    let runtime = crate::memory::runtime().worker_threads(1).build()?;
    runtime.block_on(async {
        let cancel = CancellationToken::new();
        let mut servers = tokio::task::JoinSet::new();
        for address in addresses {
            let bound = listen_address(address);
            let listener = TcpListener::bind(&bound).await.with_context(|| format!("listen tcp {address}: bind"))?;
            tracing::info!(address = %listener.local_addr()?, "Listening on");
            let router = gw_api_exporter::room_with(options.clone(), Arc::clone(&pages))
                .layer(tower_http::compression::CompressionLayer::new().gzip(true));
            let ending = (Arc::clone(&world), cancel.clone());
            servers.spawn(gw_serve::listen::serve_with(listener, web.guard(router), web.tls.clone(), ending));
        }
        stopped().await?;
        cancel.cancel();
        servers.join_all().await;
        Ok(())
    })
}

/// Resolves when the process is told to stop.
async fn stopped() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

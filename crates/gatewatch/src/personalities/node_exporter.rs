//! `node_exporter`: the exporter room alone, without a store, on the addresses that its flags name.

use std::sync::Arc;

use anyhow::{Context, Result};
use gw_collect::HostPages;
use gw_collect::config::HostConfig;
use gw_config::Environment;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::kingpin::{self, Flag, Given, Takes};
use super::{Ending, listen_address, say};
use crate::product;

/// Collectors of upstream, in either state by default.
const COLLECTORS: &[&str] = &[
    "arp",
    "bcache",
    "bcachefs",
    "bonding",
    "btrfs",
    "buddyinfo",
    "cgroups",
    "conntrack",
    "cpu",
    "cpu_vulnerabilities",
    "cpufreq",
    "diskstats",
    "dmi",
    "dmmultipath",
    "drbd",
    "drm",
    "edac",
    "entropy",
    "ethtool",
    "fibrechannel",
    "filefd",
    "filesystem",
    "hwmon",
    "infiniband",
    "interrupts",
    "ipvs",
    "kernel_hung",
    "ksmd",
    "lnstat",
    "loadavg",
    "logind",
    "mdadm",
    "meminfo",
    "meminfo_numa",
    "mountstats",
    "netclass",
    "netdev",
    "netstat",
    "network_route",
    "nfs",
    "nfsd",
    "ntp",
    "nvme",
    "nvmesubsystem",
    "os",
    "pcidevice",
    "perf",
    "powersupplyclass",
    "pressure",
    "processes",
    "qdisc",
    "rapl",
    "runit",
    "schedstat",
    "selinux",
    "slabinfo",
    "sockstat",
    "softirqs",
    "softnet",
    "stat",
    "supervisord",
    "swap",
    "sysctl",
    "systemd",
    "tapestats",
    "tcpstat",
    "textfile",
    "thermal_zone",
    "time",
    "timex",
    "udp_queues",
    "uname",
    "vmstat",
    "watchdog",
    "wifi",
    "xfrm",
    "xfs",
    "zfs",
    "zoneinfo",
];

/// Collectors that are there.
const OURS: &[&str] =
    &["cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "stat", "time", "uname", "vmstat"];

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
    ("collector.filesystem.mount-points-exclude", Takes::Value),
    ("collector.filesystem.ignored-mount-points", Takes::Value),
    ("collector.filesystem.fs-types-exclude", Takes::Value),
    ("collector.filesystem.ignored-fs-types", Takes::Value),
    ("collector.filesystem.mount-timeout", Takes::Value),
    ("collector.filesystem.stat-workers", Takes::Value),
    ("collector.diskstats.device-exclude", Takes::Value),
    ("collector.diskstats.ignored-devices", Takes::Value),
    ("collector.diskstats.device-include", Takes::Value),
    ("collector.netdev.device-exclude", Takes::Value),
    ("collector.netdev.device-blacklist", Takes::Value),
    ("collector.netdev.device-include", Takes::Value),
    ("collector.netdev.device-whitelist", Takes::Value),
    ("collector.netdev.netlink", Takes::Switch),
    ("collector.netdev.address-info", Takes::Switch),
    ("collector.netdev.enable-detailed-metrics", Takes::Switch),
    ("collector.stat.softirq", Takes::Switch),
    ("collector.vmstat.fields", Takes::Value),
    ("collector.cpu.guest", Takes::Switch),
    ("collector.cpu.info", Takes::Switch),
    ("collector.cpu.info.flags-include", Takes::Value),
    ("collector.cpu.info.bugs-include", Takes::Value),
    ("collector.textfile.directory", Takes::Values),
    ("collector.systemd.unit-include", Takes::Value),
    ("collector.systemd.unit-exclude", Takes::Value),
    ("collector.netclass.ignored-devices", Takes::Value),
    ("collector.netclass.ignore-invalid-speed", Takes::Switch),
    ("collector.netclass.netlink", Takes::Switch),
    ("collector.arp.device-exclude", Takes::Value),
    ("collector.arp.device-include", Takes::Value),
    ("collector.arp.netlink", Takes::Switch),
    ("collector.hwmon.chip-include", Takes::Value),
    ("collector.hwmon.chip-exclude", Takes::Value),
    ("collector.ethtool.device-include", Takes::Value),
    ("collector.ethtool.device-exclude", Takes::Value),
    ("collector.ethtool.metrics-include", Takes::Value),
    ("collector.netstat.fields", Takes::Value),
    ("collector.ntp.server", Takes::Value),
    ("collector.powersupply.ignored-supplies", Takes::Value),
    ("collector.qdisc.device-include", Takes::Value),
    ("collector.qdisc.device-exclude", Takes::Value),
    ("collector.qdisc.fixtures", Takes::Value),
    ("collector.qdisk.device-include", Takes::Value),
    ("collector.qdisk.device-exclude", Takes::Value),
    ("collector.rapl.enable-zone-label", Takes::Switch),
    ("collector.runit.servicedir", Takes::Value),
    ("collector.supervisord.url", Takes::Value),
    ("collector.sysctl.include", Takes::Values),
    ("collector.sysctl.include-info", Takes::Values),
    ("collector.bcache.priorityStats", Takes::Switch),
    ("collector.wifi.fixtures", Takes::Value),
    ("collector.interrupts.include-zeros", Takes::Switch),
    ("collector.perf.cpus", Takes::Value),
    ("collector.tapestats.ignored-devices", Takes::Value),
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
    let collector = name.strip_prefix("collector.").filter(|name| COLLECTORS.contains(name));
    collector.map(|_| Takes::Switch).or_else(|| kingpin::takes(FLAGS, name))
}

/// The flags as our configuration.
fn translate(given: &Given) -> Result<HostConfig> {
    for flag in ["web.config.file", "web.systemd-socket"] {
        anyhow::ensure!(
            given.get(flag).is_none_or(|value| value.is_empty() || value == "false"),
            "--{flag} is not supported yet"
        );
    }
    let mut config =
        HostConfig { disable_defaults: given.is_on("collector.disable-defaults"), ..HostConfig::default() };
    let text = |target: &mut String, flags: &[&str]| {
        if let Some(value) = flags.iter().find_map(|flag| given.get(flag)) {
            value.clone_into(target);
        }
    };
    text(&mut config.procfs, &["path.procfs"]);
    text(&mut config.sysfs, &["path.sysfs"]);
    text(&mut config.rootfs, &["path.rootfs"]);
    text(&mut config.udev_data, &["path.udev.data"]);
    text(&mut config.vmstat_fields, &["collector.vmstat.fields"]);
    let mounts = ["collector.filesystem.mount-points-exclude", "collector.filesystem.ignored-mount-points"];
    text(&mut config.filesystem.mount_points_exclude, &mounts);
    let types = ["collector.filesystem.fs-types-exclude", "collector.filesystem.ignored-fs-types"];
    text(&mut config.filesystem.fs_types_exclude, &types);
    if let Some(timeout) = given.get("collector.filesystem.mount-timeout") {
        config.filesystem.mount_timeout = timeout.parse().context("--collector.filesystem.mount-timeout")?;
    }
    let one_of = |flags: [&str; 2]| flags.iter().find_map(|flag| given.get(flag)).map(str::to_owned);
    config.diskstats.include = one_of(["collector.diskstats.device-include", ""]);
    let exclude = one_of(["collector.diskstats.device-exclude", "collector.diskstats.ignored-devices"]);
    // Wire: an include without an exclude of one's own drops the default exclude.
    if exclude.is_some() || config.diskstats.include.is_some() {
        config.diskstats.exclude = exclude;
    }
    config.netdev.exclude = one_of(["collector.netdev.device-exclude", "collector.netdev.device-blacklist"]);
    config.netdev.include = one_of(["collector.netdev.device-include", "collector.netdev.device-whitelist"]);
    config.stat_softirq = given.is_on("collector.stat.softirq");
    for (flag, value) in given.iter() {
        let Some(name) = flag.strip_prefix("collector.").filter(|name| COLLECTORS.contains(name)) else { continue };
        if OURS.contains(&name) {
            config.collectors.insert(name.to_owned(), value == "true");
        } else if value == "true" {
            tracing::warn!(collector = name, "this collector is not there yet");
        }
    }
    Ok(config)
}

fn start(given: &Given) -> Result<()> {
    let pages = Arc::new(HostPages::of(&translate(given)?)?);
    let path = given.get("web.telemetry-path").unwrap_or("/metrics").to_owned();
    anyhow::ensure!(path.starts_with('/'), "--web.telemetry-path must start with /");
    let mut addresses: Vec<&str> = given.all("web.listen-address").collect();
    if addresses.is_empty() {
        // As the original: host metrics are for the network's Prometheus, and hold nothing that could be written.
        addresses.push(":9100");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let world = product::world();
        let cancel = CancellationToken::new();
        let mut servers = tokio::task::JoinSet::new();
        for address in addresses {
            let bound = listen_address(address);
            let listener = TcpListener::bind(&bound).await.with_context(|| format!("listen tcp {address}: bind"))?;
            tracing::info!(address = %listener.local_addr()?, "Listening on");
            let router = gw_api_exporter::room_at(&path, Arc::clone(&world), Arc::clone(&pages))
                .layer(tower_http::compression::CompressionLayer::new().gzip(true));
            servers.spawn(gw_serve::listen::serve(listener, router, Arc::clone(&world), cancel.clone()));
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

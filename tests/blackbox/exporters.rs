//! The original `node_exporter` beside ours on the same machine: families, types, helps, labels; values that stand still;
//! counters that only rise; what `--web.config.file` asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use gw_testkit::http::{self, Connection};

use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, built_by_go, eventually, program, report};
use crate::ports;
use crate::product::binary;

/// Flags that make the originals, whose packages have defaults of their own, and ours watch the same.
const FLAGS: &[&str] = &[
    "--no-collector.systemd",
    "--collector.netdev.device-exclude=^$",
    "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys)($|/)",
    "--collector.diskstats.device-exclude=^(ram|loop|fd)\\d+$",
    "--collector.textfile.directory=",
    "--collector.buddyinfo",
    "--collector.cgroups",
    "--collector.drbd",
    "--collector.ethtool",
    "--collector.interrupts",
    "--collector.ksmd",
    "--collector.lnstat",
    "--collector.meminfo_numa",
    "--collector.mountstats",
    "--collector.processes",
    "--collector.qdisc",
    "--collector.slabinfo",
    "--collector.sysctl",
    "--collector.tcpstat",
    "--collector.zoneinfo",
];
/// What only the current version has.
const FLAGS_OF_1_12: &[&str] = &[
    "--collector.cpu_vulnerabilities",
    "--collector.drm",
    "--collector.network_route",
    "--collector.pcidevice",
    "--collector.softirqs",
    "--collector.swap",
    "--collector.xfrm",
];
/// Families that are not compared, by the beginning of their names, and why.
const DIFFERENT: &[(&str, &str)] =
    &[("go_", "the Go runtime"), ("node_exporter_build_info", "labels and values are of the build")];
const DIFFERENT_FROM_1_5: &[(&str, &str)] = &[
    ("node_softnet_", "1.6 tells more columns"),
    ("node_network_info", "1.6 has one label more"),
    ("node_netstat_TcpExt_TCPOFOQueue", "1.6 tells it by default"),
    ("node_netstat_TcpExt_TCPRcvQDrop", "1.6 tells it by default"),
];
/// Lines of `/proc/meminfo` that the current version's reader does not know; ours tells what the kernel tells.
const DIFFERENT_FROM_1_12: &[(&str, &str)] = &[
    ("node_memory_Balloon_bytes", "a line that the original's reader does not know"),
    ("node_memory_FileHugePages_bytes", "likewise"),
    ("node_memory_FilePmdMapped_bytes", "likewise"),
    ("node_memory_Hugetlb_bytes", "likewise"),
    ("node_memory_KReclaimable_bytes", "likewise"),
    ("node_memory_SecPageTables_bytes", "likewise"),
];
/// Gauges that move while two pages are read one after the other.
const MOMENTARY: &[&str] = &[
    "go_",
    "process_",
    "promhttp_",
    "node_buddyinfo_",
    "node_cpu_scaling_",
    "node_disk_io_now",
    "node_filefd_allocated",
    "node_hwmon_",
    "node_load",
    "node_memory_",
    "node_netstat_Tcp_CurrEstab",
    "node_processes_",
    "node_procs_",
    "node_schedstat_",
    "node_scrape_collector_duration_seconds",
    "node_slabinfo_",
    "node_sockstat_",
    "node_tcp_connection_states",
    "node_thermal_zone_temp",
    "node_time_seconds",
    "node_timex_",
    "node_udp_queues",
    "node_zoneinfo_",
];

/// How long two pages may differ because devices come and go.
const AGREEMENT: Duration = Duration::from_secs(8);
/// How far a counter may lie outside of the original's readings before and after.
const COUNTER_MARGIN: f64 = 1e-6;
/// Pages of which no counter may fall.
const SCRAPES: usize = 1000;

/// A family: its type, its help, the names of its labels.
#[derive(Debug, Default, PartialEq, Eq)]
struct Family {
    kind: String,
    help: String,
    labels: BTreeSet<String>,
}

fn families(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for line in text.lines() {
        let words = |prefix: &str| line.strip_prefix(prefix).and_then(|rest| rest.split_once(' '));
        if let Some((name, help)) = words("# HELP ") {
            help.clone_into(&mut families.entry(name.to_owned()).or_default().help);
        } else if let Some((name, kind)) = words("# TYPE ") {
            kind.clone_into(&mut families.entry(name.to_owned()).or_default().kind);
        } else if let Some((series, _)) = line.rsplit_once(' ') {
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let family = families.entry(name.to_owned()).or_default();
            let names = labels.split("\",").filter_map(|pair| pair.split_once("=\"")).map(|(name, _)| name.to_owned());
            family.labels.extend(names);
        }
    }
    families
}

fn samples(text: &str) -> BTreeMap<String, f64> {
    let pair =
        |line: &str| line.rsplit_once(' ').and_then(|(series, value)| Some((series.to_owned(), value.parse().ok()?)));
    text.lines().filter(|line| !line.starts_with('#')).filter_map(pair).collect()
}

fn start(mut command: Command, folder: &Folder, name: &str) -> Result<(Daemon, u16)> {
    let port = ports::free()?;
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let mut daemon = Daemon::start(&mut command, &folder.path().join(format!("{name}.log")))?;
    eventually("the exporter answers", PATIENCE, || {
        daemon.check_alive()?;
        Ok(http::request(port, "GET", "/", &[], b"").ok().map(|_| ()))
    })?;
    Ok((daemon, port))
}

fn ours() -> Command {
    let mut command = Command::new(binary());
    command.arg("node_exporter");
    command
}

fn page(port: u16) -> Result<String> {
    Ok(http::request(port, "GET", "/metrics", &[], b"")?.success()?.text())
}

/// The original and what it is told.
struct Peer {
    program: PathBuf,
    name: &'static str,
    /// The version that ours is asked to speak as.
    compat: &'static str,
    flags: Vec<&'static str>,
    different: Vec<(&'static str, &'static str)>,
}

#[test]
fn node_exporter_tells_what_debians_tells() -> Result<()> {
    let Some(program) = program("prometheus-node-exporter")? else { return Ok(()) };
    let different = [DIFFERENT, DIFFERENT_FROM_1_5].concat();
    compare(&Peer { program, name: "node_exporter 1.5.0", compat: "1.6", flags: FLAGS.to_vec(), different })
}

#[test]
fn node_exporter_tells_what_the_current_one_tells() -> Result<()> {
    let Some(program) = built_by_go("GATEWATCH_TEST_NODE_EXPORTER") else { return Ok(()) };
    let (flags, different) = ([FLAGS, FLAGS_OF_1_12].concat(), [DIFFERENT, DIFFERENT_FROM_1_12].concat());
    compare(&Peer { program, name: "node_exporter 1.12.1", compat: "1.12", flags, different })
}

fn compare(peer: &Peer) -> Result<()> {
    let folder = Folder::new()?;
    let mut command = Command::new(&peer.program);
    command.args(&peer.flags);
    let (mut theirs, their_port) = start(command, &folder, "original")?;
    let mut command = ours();
    command.args(&peer.flags).arg(format!("--compat={}", peer.compat));
    let (mut ours, our_port) = start(command, &folder, "ours")?;
    // Devices and mounts may come and go in between: the pages are then read again.
    let differences = eventually("equal pages", AGREEMENT, || {
        let (before, our_page, after) = (page(their_port)?, page(our_port)?, page(their_port)?);
        let found = differences(peer, &before, &our_page, &after);
        if found.is_empty() { Ok(Some(families(&our_page).len())) } else { bail!("{}", found.join("\n")) }
    });
    let count = differences.with_context(|| format!("beside {}", peer.name))?;
    report(&format!("measured: beside {}: {count} families agree", peer.name));
    ensure!(theirs.stop()?, "the original did not end");
    ensure!(ours.stop()?, "ours did not end");
    Ok(())
}

/// What differs between our page and the original's, which was read before and after ours.
fn differences(peer: &Peer, before: &str, ours: &str, after: &str) -> Vec<String> {
    let is_compared = |name: &str| peer.different.iter().all(|(prefix, _)| !name.starts_with(prefix));
    let compared = |text: &str| -> BTreeMap<String, Family> {
        families(text).into_iter().filter(|(name, _)| is_compared(name)).collect()
    };
    let (their_families, our_families) = (compared(before), compared(ours));
    let mut found = Vec::new();
    for (name, family) in &their_families {
        match our_families.get(name) {
            Some(here) if here == family => {}
            here => found.push(format!("{name}: {family:?} in the original, here {here:?}")),
        }
    }
    let surplus = our_families.keys().filter(|name| !their_families.contains_key(*name));
    found.extend(surplus.map(|name| format!("{name}: the original does not have it")));
    let (first, our_samples, last) = (samples(before), samples(ours), samples(after));
    for (series, value) in &first {
        let Some(end) = last.get(series) else { continue };
        let name = series.split('{').next().unwrap_or_default();
        if !is_compared(name) || MOMENTARY.iter().any(|prefix| series.starts_with(prefix)) {
            continue;
        }
        let Some(here) = our_samples.get(series) else {
            found.push(format!("{series}: {value} in the original, not here"));
            continue;
        };
        // A counter lies between its two readings, give or take what the clocks of a busy machine do; a gauge within
        // five per cent of them.
        let (low, high) = (value.min(*end), value.max(*end));
        let margin = if name.ends_with("_total") { COUNTER_MARGIN.max((high - low) * 0.5) } else { high.abs() * 0.05 };
        let is_close = *here >= low - margin && *here <= high + margin;
        let is_close = is_close || (here.is_nan() && value.is_nan());
        if !is_close {
            found.push(format!("{series}: {value} to {end} in the original, here {here}"));
        }
    }
    found
}

#[test]
fn counters_of_the_host_only_rise() -> Result<()> {
    let folder = Folder::new()?;
    let (mut daemon, port) = start(ours(), &folder, "ours")?;
    let mut highest: BTreeMap<String, f64> = BTreeMap::new();
    let mut connection = Connection::open(port, PATIENCE)?;
    for scrape in 0..SCRAPES {
        let text = connection.send("GET", "/metrics", &[], b"")?.success()?.text();
        for (series, value) in samples(&text) {
            let name = series.split('{').next().unwrap_or_default();
            if !name.ends_with("_total") {
                continue;
            }
            let before = highest.entry(series.clone()).or_insert(value);
            ensure!(value >= *before, "{series} fell from {before} to {value} in scrape {scrape}");
            *before = value;
        }
    }
    ensure!(highest.len() > 50, "only {} counters", highest.len());
    ensure!(daemon.stop()?, "it did not end");
    Ok(())
}

#[test]
fn a_web_config_asks_for_a_password() -> Result<()> {
    let folder = Folder::new()?;
    // The hash of "password", at a low cost.
    let hash = "$2b$04$zMG.qf5vttQg/qdtRDfj/OQT.izYbfjHsTS2qWljEROKqv7m3fBBy";
    let config = folder.write(
        "web.yml",
        &format!("basic_auth_users:\n  ann: {hash}\nhttp_server_config:\n  headers:\n    X-Frame-Options: deny\n"),
    )?;
    let mut command = ours();
    command.arg(format!("--web.config.file={}", config.display()));
    let (mut daemon, port) = start(command, &folder, "ours")?;
    let ask = |encoded: &str| http::request(port, "GET", "/metrics", &[("Authorization", encoded)], b"");
    let refused = http::request(port, "GET", "/metrics", &[], b"")?;
    ensure!(refused.status == 401 && refused.header("www-authenticate").is_some(), "{}", refused.status);
    ensure!(ask("Basic YW5uOndyb25n")?.status == 401, "a wrong password is taken");
    for _ in 0..2 {
        let answer = ask("Basic YW5uOnBhc3N3b3Jk")?;
        ensure!(answer.status == 200 && answer.header("x-frame-options") == Some("deny"), "{}", answer.status);
    }
    ensure!(daemon.stop()?, "it did not end");
    let broken = folder.write("broken.yml", "basic_auth_user: {}\n")?;
    let output = ours().arg(format!("--web.config.file={}", broken.display())).output()?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1) && words.contains("basic_auth_user"), "{}: {words}", output.status);
    Ok(())
}

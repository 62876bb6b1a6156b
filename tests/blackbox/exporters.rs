//! The original `node_exporter` beside ours on the same machine: families, types, helps, labels; values that stand still;
//! counters that only rise; what `--web.config.file` asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Result, ensure};
use gw_testkit::http;

use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, eventually, program};
use crate::ports;
use crate::product::binary;

/// Flags that make Debian's build, whose defaults differ, and ours watch the same.
const FLAGS: &[&str] = &[
    "--no-collector.systemd",
    "--collector.netdev.device-exclude=^$",
    "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys)($|/)",
    "--collector.diskstats.device-exclude=^(ram|loop|fd)\\d+$",
    "--collector.textfile.directory=",
    "--collector.tcpstat",
    "--collector.processes",
    "--collector.qdisc",
    "--collector.slabinfo",
    "--collector.zoneinfo",
    "--collector.softirqs",
    "--collector.interrupts",
    "--collector.buddyinfo",
    "--collector.cgroups",
    "--collector.ethtool",
    "--collector.ethtool.device-exclude=^ifb",
];
/// Families that only one of the two has, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("go_", "the Go runtime"),
    ("node_exporter_build_info", "the version is a label"),
    ("node_softnet_", "1.6 tells more columns than 1.5"),
    ("node_network_autonegotiate", "ethtool's link settings are not asked for"),
    ("node_scrape_collector_", "each version has collectors of its own"),
    ("node_cpu_core_throttles_total", "missing on some machines"),
    ("node_tcp_connection_states", "1.5 tells states of the moment"),
];

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

#[test]
fn node_exporter_tells_what_the_original_tells() -> Result<()> {
    let Some(original) = program("prometheus-node-exporter")? else { return Ok(()) };
    let folder = Folder::new()?;
    let mut command = Command::new(original);
    command.args(FLAGS);
    let (mut theirs, their_port) = start(command, &folder, "original")?;
    let mut command = ours();
    command.args(FLAGS);
    let (mut ours, our_port) = start(command, &folder, "ours")?;
    let (their_page, our_page) = (page(their_port)?, page(our_port)?);
    let is_compared = |name: &str| DIFFERENT.iter().all(|(prefix, _)| !name.starts_with(prefix));
    let compared = |text: &str| -> BTreeMap<String, Family> {
        families(text).into_iter().filter(|(name, _)| is_compared(name)).collect()
    };
    let (their_families, our_families) = (compared(&their_page), compared(&our_page));
    for (name, family) in &their_families {
        let ours = our_families.get(name);
        ensure!(ours == Some(family), "{name}: {family:?} in the original, here {ours:?}");
    }
    let more: Vec<&String> = our_families.keys().filter(|name| !their_families.contains_key(*name)).collect();
    ensure!(more.is_empty(), "families that the original does not have: {more:?}");
    let (their_samples, our_samples) = (samples(&their_page), samples(&our_page));
    let still = [
        "node_memory_MemTotal_bytes",
        "node_boot_time_seconds",
        "node_filesystem_size_bytes",
        "node_network_mtu_bytes",
    ];
    for (series, value) in their_samples.iter().filter(|(series, _)| still.iter().any(|name| series.starts_with(name)))
    {
        let here = our_samples.get(series).copied().unwrap_or(f64::NAN);
        ensure!((here - value).abs() <= value.abs() * 0.05, "{series}: {value} in the original, here {here}");
    }
    ensure!(theirs.stop()?, "the original did not end");
    ensure!(ours.stop()?, "ours did not end");
    Ok(())
}

#[test]
fn counters_of_the_host_only_rise() -> Result<()> {
    let folder = Folder::new()?;
    let (mut daemon, port) = start(ours(), &folder, "ours")?;
    let mut highest: BTreeMap<String, f64> = BTreeMap::new();
    for scrape in 0..1000 {
        for (series, value) in samples(&page(port)?) {
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

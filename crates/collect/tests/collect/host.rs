//! The host page against upstream's expected output for its fixtures, line for line; the same fixtures with other numbers;
//! filters and switches.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use gw_base::{FakeWorld, Timestamp};
use gw_collect::config::{Compat, HostConfig};
use gw_collect::{HostPages, PageFilter, Requests};

/// Collectors that upstream's test switches on beside the defaults of 1.6.1, and those that it switches off.
const ON: &[&str] = &[
    "buddyinfo",
    "cgroups",
    "drbd",
    "interrupts",
    "ksmd",
    "lnstat",
    "meminfo_numa",
    "mountstats",
    "processes",
    "qdisc",
    "slabinfo",
    "softirqs",
    "sysctl",
    "wifi",
    "zoneinfo",
];
const ON_SINCE_1_12: &[&str] = &["bcachefs", "cpu_vulnerabilities", "kernel_hung", "pcidevice", "watchdog", "xfrm"];
const OFF: &[&str] = &["filesystem", "timex", "uname"];

/// One upstream version with its fixtures unpacked.
pub(crate) struct Fixtures {
    /// The folder that holds `collector/`.
    pub(crate) root: PathBuf,
    version: &'static str,
    expected: String,
}

impl Fixtures {
    pub(crate) fn of(version: &'static str) -> Option<Self> {
        let folder = gw_testkit::conformance("hosts/node_exporter")?;
        let root = crate::harness::folder();
        let archive = folder.join(format!("fixtures-v{version}.tar.gz"));
        let unpacked = Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(&root).status().unwrap();
        assert!(unpacked.success());
        let expected = std::fs::read_to_string(folder.join(format!("e2e-output-v{version}.txt"))).unwrap();
        Some(Self { root, version, expected })
    }

    /// The configuration that upstream's flags mean (`RUN-node_exporter.md`).
    pub(crate) fn config(&self) -> HostConfig {
        let path = |part: &str| self.root.join("collector/fixtures").join(part).display().to_string();
        let is_new = self.version == "1.12.1";
        let mut config = HostConfig {
            procfs: path("proc"),
            sysfs: path("sys"),
            rootfs: path(""),
            udev_data: path("udev/data"),
            compat: if is_new { Compat::V1_12 } else { Compat::V1_6 },
            ..HostConfig::default()
        };
        let mut switch = |names: &[&str], on: bool| {
            config.collectors.extend(names.iter().map(|name| ((*name).to_owned(), on)));
        };
        switch(ON, true);
        switch(OFF, false);
        if is_new {
            switch(ON_SINCE_1_12, true);
            switch(&["selinux"], false);
        }
        let textfiles = path("textfile/two_metric_files/");
        let (wifi, qdisc) = (path("wifi"), path("qdisc/"));
        let mut set = |name: &str, values: &[&str]| {
            config.options.insert(name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect());
        };
        set("textfile.directory", &[&textfiles]);
        set("wifi.fixtures", &[&wifi]);
        set("qdisc.fixtures", &[&qdisc]);
        set("qdisc.device-include", &["(wlan0|eth0)"]);
        set("arp.device-exclude", &["nope"]);
        set("netclass.ignored-devices", &["(dmz|int)"]);
        set("netclass.ignore-invalid-speed", &["true"]);
        set("netdev.device-include", &["lo"]);
        set("bcache.priorityStats", &["true"]);
        set("cpu.info", &["true"]);
        set("cpu.info.bugs-include", &["^(cpu_meltdown|spectre_.*|mds)$"]);
        set("cpu.info.flags-include", &["^(aes|avx.?|constant_tsc)$"]);
        set("stat.softirq", &["true"]);
        set("sysctl.include", &["kernel.threads-max", "fs.file-nr", "fs.file-nr:total,current,max"]);
        set("sysctl.include-info", &["kernel.seccomp.actions_avail"]);
        if is_new {
            set("hwmon.chip-include", &["(applesmc|asus_nb_wmi|coretemp|hwmon4|ieee80211|nct6779)"]);
        }
        config
    }

    /// The page, with paths as upstream's test sees them.
    pub(crate) fn page(&self) -> String {
        let text = page(&self.config(), &PageFilter::default()).unwrap();
        text.replace(&format!("{}/", self.root.display()), "")
    }
}

pub(crate) fn page(config: &HostConfig, filter: &PageFilter) -> Result<String, String> {
    let world = Arc::new(FakeWorld::new(Timestamp::from_secs(1_700_000_000), 1));
    let pages = HostPages::of(config, world).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    pages.write(filter, Some(&Requests::default()), &mut bytes).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(bytes).unwrap())
}

/// Lines that are compared: samples of the moment are left out, as upstream's test leaves them out, and what only a Go
/// program has.
fn compared(text: &str) -> Vec<&str> {
    let momentary = [
        "go_",
        "node_exporter_build_info",
        "node_scrape_collector_duration_seconds",
        "process_",
        "node_textfile_mtime_seconds",
        "node_time_zone",
        "node_time_seconds",
        "node_network_receive_bytes_total",
        "node_network_receive_packets_total",
        "node_network_transmit_bytes_total",
        "node_network_transmit_packets_total",
    ];
    let excused = ["# HELP go_", "# TYPE go_", "# HELP promhttp_", "# TYPE promhttp_", "promhttp_"];
    let is_left_out = |line: &str| momentary.iter().chain(&excused).any(|prefix| line.starts_with(prefix));
    text.lines().filter(|line| !is_left_out(line)).collect()
}

#[test]
fn fixtures_read_as_upstream_reads_them() {
    for version in ["1.6.1", "1.12.1"] {
        let Some(fixtures) = Fixtures::of(version) else { return };
        let text = fixtures.page();
        let (ours, theirs) = (compared(&text), compared(&fixtures.expected));
        let (our_set, their_set) = (ours.iter().collect::<BTreeSet<_>>(), theirs.iter().collect::<BTreeSet<_>>());
        let missing: Vec<_> = their_set.difference(&our_set).collect();
        let surplus: Vec<_> = our_set.difference(&their_set).collect();
        println!("{version}: {} lines, {} missing, {} surplus", theirs.len(), missing.len(), surplus.len());
        for line in &missing {
            println!("- {line}");
        }
        for line in &surplus {
            println!("+ {line}");
        }
        assert!(missing.is_empty() && surplus.is_empty(), "{version}: lines differ");
        assert_eq!(ours, theirs, "{version}: the order differs");
    }
}

/// Values come from the files: with every number of a file changed, the page shows the changed ones.
#[test]
fn other_numbers_in_the_fixtures_come_out() {
    let Some(fixtures) = Fixtures::of("1.6.1") else { return };
    let folder = fixtures.root.join("collector/fixtures");
    let before = samples(&fixtures.page());
    let changes = [
        ("proc/meminfo", "MemFree:          225472 kB", "MemFree:          931852 kB"),
        ("proc/loadavg", "0.21", "7.25"),
        ("proc/net/arp", "192.168.1.6    0x1         0x2         ff:aa:bb:cc:dd:ee     *        eth1\n", ""),
        ("proc/sys/fs/file-nr", "1024\t0\t1631329", "2048\t0\t999"),
        ("proc/mdstat", "md0 : active raid1 sdi1[0] sdj1[1]", "md0 : active raid1 sdi1[0](F) sdj1[1]"),
        ("proc/net/rpc/nfsd", "rc 0 6 18622", "rc 5 6 18622"),
        ("proc/pressure/io", "total=159886802", "total=2000000"),
        ("sys/class/thermal/thermal_zone0/temp", "12376", "45500"),
        ("sys/class/power_supply/BAT0/capacity", "81", "12"),
        ("sys/class/net/eth0/mtu", "1500", "9000"),
        ("sys/class/hwmon/hwmon0/temp1_input", "55000", "61000"),
    ];
    for (file, old, new) in changes {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{file} holds {old:?}");
        std::fs::write(&path, text.replacen(old, new, 1)).unwrap();
    }
    let after = samples(&fixtures.page());
    let changed: BTreeMap<&str, &str> = after
        .iter()
        .filter(|(series, value)| before.get(*series) != Some(value) && !series.starts_with("process_"))
        .filter(|(series, _)| {
            !series.starts_with("node_network_receive") && !series.starts_with("node_network_transmit_")
        })
        .map(|(series, value)| (series.as_str(), value.as_str()))
        .collect();
    let expected = BTreeMap::from([
        ("node_memory_MemFree_bytes", "9.54216448e+08"),
        ("node_load1", "7.25"),
        ("node_arp_entries{device=\"eth1\"}", "2"),
        ("node_filefd_allocated", "2048"),
        ("node_filefd_maximum", "999"),
        ("node_sysctl_fs_file_nr{index=\"0\"}", "2048"),
        ("node_sysctl_fs_file_nr{index=\"2\"}", "999"),
        ("node_sysctl_fs_file_nr_max", "999"),
        ("node_sysctl_fs_file_nr_total", "2048"),
        ("node_md_disks{device=\"md0\",state=\"failed\"}", "1"),
        ("node_nfsd_reply_cache_hits_total", "5"),
        ("node_pressure_io_waiting_seconds_total", "2"),
        ("node_thermal_zone_temp{type=\"cpu-thermal\",zone=\"0\"}", "45.5"),
        ("node_power_supply_capacity{power_supply=\"BAT0\"}", "12"),
        ("node_network_mtu_bytes{device=\"eth0\"}", "9000"),
        ("node_hwmon_temp_celsius{chip=\"platform_coretemp_0\",sensor=\"temp1\"}", "61"),
    ]);
    assert_eq!(changed, expected);
}

fn samples(text: &str) -> BTreeMap<String, String> {
    let pair = |line: &str| line.rsplit_once(' ').map(|(series, value)| (series.to_owned(), value.to_owned()));
    text.lines().filter(|line| !line.starts_with('#')).filter_map(pair).collect()
}

#[test]
fn textfile_folders_read_as_upstream_reads_them() {
    let mut cases = 0;
    for version in ["1.6.1", "1.12.1"] {
        let Some(fixtures) = Fixtures::of(version) else { return };
        let folder = fixtures.root.join("collector/fixtures/textfile");
        let mut names: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.retain(|path| path.extension().is_some_and(|extension| extension == "out"));
        names.sort();
        for expected in names {
            let case = expected.with_extension("");
            let text = textfile_page(&fixtures.config(), &case);
            // Upstream's test runs below `collector/`, and with a fixed time of the files.
            let text = text.replace(&format!("{}/collector/", fixtures.root.display()), "");
            let ours: Vec<String> = text.lines().map(with_fixed_time).collect();
            let theirs = std::fs::read_to_string(&expected).unwrap();
            assert_eq!(ours, theirs.lines().collect::<Vec<_>>(), "{version} {}", case.display());
            cases += 1;
        }
    }
    assert_eq!(cases, 16);
}

fn with_fixed_time(line: &str) -> String {
    match line.split_once("} ") {
        Some((series, _)) if series.starts_with("node_textfile_mtime_seconds") => format!("{series}}} 1"),
        _ => line.to_owned(),
    }
}

/// The page of the textfile collector alone, without what the exporter says of itself.
fn textfile_page(config: &HostConfig, folder: &Path) -> String {
    let mut config = config.clone();
    config.options.insert("textfile.directory".to_owned(), vec![folder.display().to_string()]);
    let filter = PageFilter { collect: vec!["textfile".to_owned()], exclude: Vec::new() };
    let text = page(&config, &filter).unwrap();
    let is_own = |line: &&str| {
        let own = ["node_scrape_", "node_exporter_", "process_", "promhttp_"];
        own.iter().any(|prefix| line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ").starts_with(prefix))
    };
    let lines: Vec<&str> = text.lines().filter(|line| !is_own(line)).collect();
    lines.join("\n")
}

#[test]
fn filters_and_switches_speak_as_node_exporter_does() {
    let mut config = HostConfig::default();
    let filter = |collect: &[&str], exclude: &[&str]| PageFilter {
        collect: collect.iter().map(|name| (*name).to_owned()).collect(),
        exclude: exclude.iter().map(|name| (*name).to_owned()).collect(),
    };
    let only = page(&config, &filter(&["loadavg"], &[])).unwrap();
    assert!(only.contains("node_load1 ") && !only.contains("node_cpu"));
    assert!(only.contains("node_scrape_collector_success{collector=\"loadavg\"} 1"));
    let but = page(&config, &filter(&[], &["cpu"])).unwrap();
    assert!(!but.contains("node_cpu_seconds_total") && but.contains("node_memory_MemTotal_bytes"));
    assert_eq!(page(&config, &filter(&["nope"], &[])).unwrap_err(), "missing collector: nope");
    assert_eq!(page(&config, &filter(&["cpu"], &["stat"])).unwrap_err(), "cannot specify both collect[] and exclude[]");
    config.collectors.insert("cpu".to_owned(), false);
    assert_eq!(page(&config, &filter(&["cpu"], &[])).unwrap_err(), "disabled collector: cpu");
    config.collectors.insert("cpuu".to_owned(), true);
    assert!(page(&config, &filter(&[], &[])).unwrap_err().contains("collector \"cpuu\" is not known"));
    let option = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    let both = HostConfig {
        options: BTreeMap::from([option("diskstats.device-exclude", "a"), option("diskstats.device-include", "b")]),
        ..HostConfig::default()
    };
    assert!(
        page(&both, &filter(&[], &[])).unwrap_err().contains("device-exclude & device-include are mutually exclusive")
    );
    let old = HostConfig { options: BTreeMap::from([option("qdisk.device-include", "b")]), ..HostConfig::default() };
    assert!(page(&old, &filter(&[], &[])).unwrap_err().contains("has become \"qdisc.device-include\""));
}

#[test]
fn this_machine_has_a_page() {
    let text = page(&HostConfig::default(), &PageFilter::default()).unwrap();
    for name in [
        "node_cpu_seconds_total",
        "node_memory_MemAvailable_bytes",
        "node_load1",
        "node_uname_info",
        "node_boot_time_seconds",
        "process_resident_memory_bytes",
    ] {
        assert!(text.contains(name), "{name}");
    }
}

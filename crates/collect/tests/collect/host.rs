//! The host page against upstream's expected output for its fixtures, line for line, in the families that are read.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use gw_base::{FakeWorld, Timestamp};
use gw_collect::config::HostConfig;
use gw_collect::{HostPages, PageFilter};
use gw_formats::exposition::Writer;

/// Families of the collectors that are read here, in upstream's expected output.
fn is_ours(name: &str) -> bool {
    let families = [
        "node_boot_time_seconds",
        "node_context_switches_total",
        "node_cpu_core_throttles_total",
        "node_cpu_guest_seconds_total",
        "node_cpu_isolated",
        "node_cpu_package_throttles_total",
        "node_cpu_seconds_total",
        "node_forks_total",
        "node_intr_total",
        "node_load1",
        "node_load5",
        "node_load15",
        "node_procs_blocked",
        "node_procs_running",
        "node_softirqs_total",
        "node_time_clocksource_available_info",
        "node_time_clocksource_current_info",
    ];
    let upstream_only = ["node_memory_numa_"];
    let prefixes = ["node_memory_", "node_disk_", "node_vmstat_"];
    (families.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix)))
        && !upstream_only.iter().any(|prefix| name.starts_with(prefix))
}

fn family_of(line: &str) -> &str {
    let rest = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE ")).unwrap_or(line);
    rest.split([' ', '{']).next().unwrap_or_default()
}

/// Lines of our families. Network devices are left out: upstream reads the live ones, whatever the fixtures hold.
fn lines(text: &str) -> BTreeSet<String> {
    text.lines().filter(|line| is_ours(family_of(line))).map(str::to_owned).collect()
}

fn fixtures(version: &str) -> Option<(PathBuf, String)> {
    let folder = gw_testkit::conformance("hosts/node_exporter")?;
    let place = crate::harness::folder();
    let archive = folder.join(format!("fixtures-{version}.tar.gz"));
    let unpacked = Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(&place).status().unwrap();
    assert!(unpacked.success());
    let expected = std::fs::read_to_string(folder.join(format!("e2e-output-{version}.txt"))).unwrap();
    Some((place.join("collector/fixtures"), expected))
}

fn config(root: &std::path::Path) -> HostConfig {
    let path = |part: &str| root.join(part).display().to_string();
    let mut config = HostConfig {
        procfs: path("proc"),
        sysfs: path("sys"),
        rootfs: root.display().to_string(),
        udev_data: path("udev/data"),
        stat_softirq: true,
        ..HostConfig::default()
    };
    config.collectors.insert("filesystem".to_owned(), false);
    config.collectors.insert("uname".to_owned(), false);
    config
}

fn page(config: &HostConfig, filter: &PageFilter) -> Result<String, String> {
    let world = FakeWorld::new(Timestamp::from_secs(1_700_000_000), 1);
    let pages = HostPages::of(config).map_err(|error| error.to_string())?;
    let mut writer = Writer::default();
    pages.write(filter, &world, &mut writer).map_err(|error| error.to_string())?;
    Ok(writer.finish())
}

#[test]
fn fixtures_read_as_upstream_reads_them() {
    for version in ["v1.6.1", "v1.12.1"] {
        let Some((root, expected)) = fixtures(version) else { return };
        let text = page(&config(&root), &PageFilter::default()).unwrap();
        let (mut ours, mut theirs) = (lines(&text), lines(&expected));
        if version == "v1.12.1" {
            // Labels `rotational` and the serial of MMC cards came after 1.6, whose labels are the ones written.
            ours.retain(|line| family_of(line) != "node_disk_info");
            theirs.retain(|line| family_of(line) != "node_disk_info");
        }
        let missing: Vec<_> = theirs.difference(&ours).collect();
        let surplus: Vec<_> = ours.difference(&theirs).collect();
        println!("{version}: {} of {} lines", theirs.len() - missing.len(), theirs.len());
        assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:#?}\nsurplus {surplus:#?}");
        let families: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(family_of).collect();
        assert!(families.is_sorted());
    }
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
    let both = HostConfig {
        diskstats: gw_collect::config::DeviceFilter { exclude: Some("a".to_owned()), include: Some("b".to_owned()) },
        ..HostConfig::default()
    };
    assert!(
        page(&both, &filter(&[], &[])).unwrap_err().contains("device-exclude & device-include are mutually exclusive")
    );
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
    ] {
        assert!(text.contains(name), "{name}");
    }
}

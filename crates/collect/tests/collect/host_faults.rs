//! What cannot be read never holds up the page: FIFOs, folders in the place of files, files that vanish.

#![expect(clippy::disallowed_methods, reason = "the point is how long a page takes in real time")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use gw_collect::PageFilter;

use crate::host::{Fixtures, page};

const SOON: Duration = Duration::from_secs(1);

fn fifo(path: &Path) {
    if path.exists() {
        std::fs::remove_file(path).unwrap();
    }
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn fifos_and_folders_in_the_place_of_files_are_left_out() {
    let Some(fixtures) = Fixtures::of("1.6.1") else { return };
    let folder = fixtures.root.join("collector/fixtures");
    let started = Instant::now();
    page(&fixtures.config(), &PageFilter::default()).unwrap();
    // A busy machine takes its time for any page.
    let usual = started.elapsed();
    fifo(&folder.join("textfile/two_metric_files/waits.prom"));
    std::fs::create_dir(folder.join("textfile/two_metric_files/folder.prom")).unwrap();
    fifo(&folder.join("sys/class/hwmon/hwmon0/temp1_input"));
    fifo(&folder.join("sys/class/net/eth0/mtu"));
    fifo(&folder.join("proc/loadavg"));
    let started = Instant::now();
    let text = page(&fixtures.config(), &PageFilter::default()).unwrap();
    let took = started.elapsed();
    assert!(took < SOON.max(usual * 3), "{took:?}, without FIFOs {usual:?}");
    assert!(text.contains("node_textfile_scrape_error 1\n"));
    assert!(text.contains("testmetric1_1{foo=\"bar\"} 10\n"));
    assert!(!text.contains("node_hwmon_temp_celsius{chip=\"platform_coretemp_0\",sensor=\"temp1\"}"));
    assert!(text.contains("node_hwmon_temp_celsius{chip=\"platform_coretemp_0\",sensor=\"temp2\"} 54\n"));
    assert!(!text.contains("node_network_mtu_bytes{device=\"eth0\"}"));
    assert!(text.contains("node_network_mtu_bytes{device=\"bond0\"} 1500\n"));
    assert!(text.contains("node_scrape_collector_success{collector=\"loadavg\"} 0\n"));
    assert!(text.contains("node_memory_MemTotal_bytes"));
}

#[test]
fn what_vanishes_leaves_the_page_and_what_returns_is_on_it_again() {
    use std::sync::Arc;

    use gw_base::{FakeWorld, Timestamp};
    use gw_collect::HostPages;

    let Some(fixtures) = Fixtures::of("1.6.1") else { return };
    let folder = fixtures.root.join("collector/fixtures");
    let world = Arc::new(FakeWorld::new(Timestamp::from_secs(1_700_000_000), 1));
    let pages = HostPages::of(&fixtures.config(), world).unwrap();
    let read = || {
        let mut bytes = Vec::new();
        pages.write(&PageFilter::default(), None, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let before = read();
    let (device, away) = (folder.join("sys/class/net/eth0"), folder.join("sys/class/net-eth0"));
    std::fs::rename(&device, &away).unwrap();
    std::fs::rename(folder.join("proc/mdstat"), folder.join("proc/mdstat-away")).unwrap();
    let without = read();
    assert!(!without.contains("node_network_mtu_bytes{device=\"eth0\"}") && !without.contains("node_md_"));
    assert!(without.contains("node_scrape_collector_success{collector=\"mdadm\"} 0\n"));
    std::fs::rename(&away, &device).unwrap();
    std::fs::rename(folder.join("proc/mdstat-away"), folder.join("proc/mdstat")).unwrap();
    let again = read();
    let samples = |text: &str| {
        let is_fixed =
            |line: &&str| !line.starts_with("node_network_receive") && !line.starts_with("node_network_transmit_");
        text.lines().filter(is_fixed).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(samples(&again), samples(&before));
}

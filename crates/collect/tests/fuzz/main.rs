//! Fuzz target of the host collectors' parsers: whatever a file of procfs or sysfs holds, the page comes, soon, and no
//! collector panics.

#![cfg(test)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gw_base::{FakeWorld, Timestamp};
use gw_collect::config::{Compat, HostConfig};
use gw_collect::{HostPages, PageFilter};
use gw_testkit::fuzz::{Target, kind_of};

/// A collector and a file that it reads, below upstream's fixtures.
const FILES: &[(&str, &str)] = &[
    ("arp", "proc/net/arp"),
    ("bcache", "sys/fs/bcache/deaddd54-c735-46d5-868e-f331c5fd7c74/bdev0/writeback_rate_debug"),
    ("bcachefs", "sys/fs/bcachefs/deadbeef-1234-5678-9012-abcdefabcdef/compression_stats"),
    ("bcachefs", "sys/fs/bcachefs/deadbeef-1234-5678-9012-abcdefabcdef/dev-6/io_done"),
    ("bonding", "sys/class/net/bonding_masters"),
    ("btrfs", "sys/fs/btrfs/0abb23a9-579b-43e6-ad30-227ef47fcb9d/commit_stats"),
    ("buddyinfo", "proc/buddyinfo"),
    ("cgroups", "proc/cgroups"),
    ("conntrack", "proc/net/stat/nf_conntrack"),
    ("cpu", "proc/stat"),
    ("cpu", "proc/cpuinfo"),
    ("cpu", "sys/devices/system/cpu/isolated"),
    ("diskstats", "proc/diskstats"),
    ("diskstats", "udev/data/b8:0"),
    ("drbd", "proc/drbd"),
    ("filefd", "proc/sys/fs/file-nr"),
    ("filesystem", "proc/1/mountinfo"),
    ("hwmon", "sys/class/hwmon/hwmon0/temp1_label"),
    ("infiniband", "sys/class/infiniband/mlx4_0/ports/1/rate"),
    ("interrupts", "proc/interrupts"),
    ("ipvs", "proc/net/ip_vs"),
    ("ipvs", "proc/net/ip_vs_stats"),
    ("lnstat", "proc/net/stat/arp_cache"),
    ("loadavg", "proc/loadavg"),
    ("mdadm", "proc/mdstat"),
    ("meminfo", "proc/meminfo"),
    ("meminfo_numa", "sys/devices/system/node/node0/meminfo"),
    ("mountstats", "proc/self/mountstats"),
    ("netstat", "proc/net/netstat"),
    ("netstat", "proc/net/snmp6"),
    ("nfs", "proc/net/rpc/nfs"),
    ("nfsd", "proc/net/rpc/nfsd"),
    ("os", "usr/lib/os-release"),
    ("pcidevice", "sys/devices/pci0000:00/0000:00:02.1/max_link_speed"),
    ("pressure", "proc/pressure/io"),
    ("processes", "proc/10/stat"),
    ("qdisc", "qdisc/results.json"),
    ("schedstat", "proc/schedstat"),
    ("slabinfo", "proc/slabinfo"),
    ("sockstat", "proc/net/sockstat"),
    ("softirqs", "proc/softirqs"),
    ("softnet", "proc/net/softnet_stat"),
    ("stat", "proc/stat"),
    ("swap", "proc/swaps"),
    ("textfile", "textfile/histogram/metrics.prom"),
    ("udp_queues", "proc/net/udp"),
    ("vmstat", "proc/vmstat"),
    ("wifi", "wifi/wlan0/stationinfo.json"),
    ("xfrm", "proc/net/xfrm_stat"),
    ("xfs", "sys/fs/xfs/sda1/stats/stats"),
    ("zfs", "proc/spl/kstat/zfs/arcstats"),
    ("zfs", "proc/spl/kstat/zfs/pool1/io"),
    ("zoneinfo", "proc/zoneinfo"),
];
const WORDS: &[&[u8]] =
    &[b" ", b"\n", b"\t", b":", b"0", b"-1", b"18446744073709551616", b"NaN", b"0x", b"[", b"]", b"(", b"\0", b"\xff"];

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Pages of one collector each, over a copy of the fixtures.
struct Machine {
    root: PathBuf,
    pages: BTreeMap<&'static str, HostPages>,
}

impl Machine {
    fn new() -> Option<Self> {
        let archive = gw_testkit::conformance("hosts/node_exporter/fixtures-v1.12.1.tar.gz")?;
        let root = std::env::temp_dir().join(format!("gw-host-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        assert!(Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(&root).status().unwrap().success());
        let root = root.join("collector/fixtures");
        let path = |part: &str| root.join(part).display().to_string();
        let world = Arc::new(FakeWorld::new(Timestamp::from_secs(1_700_000_000), 1));
        let mut pages = BTreeMap::new();
        for (collector, _) in FILES {
            let mut config = HostConfig {
                procfs: path("proc"),
                sysfs: path("sys"),
                rootfs: path(""),
                udev_data: path("udev/data"),
                compat: Compat::V1_12,
                disable_defaults: true,
                ..HostConfig::default()
            };
            config.collectors.insert((*collector).to_owned(), true);
            for (name, value) in [
                ("textfile.directory", path("textfile/histogram")),
                ("wifi.fixtures", path("wifi")),
                ("qdisc.fixtures", path("qdisc")),
                ("cpu.info", "true".to_owned()),
            ] {
                config.options.insert(name.to_owned(), vec![value]);
            }
            pages.insert(*collector, HostPages::of(&config, world.clone()).unwrap());
        }
        Some(Self { root, pages })
    }

    /// Writes a file, reads the page, and says how much it held.
    fn check(&self, input: &[u8]) -> u64 {
        let Some((&which, content)) = input.split_first() else { return 0 };
        let (collector, file) = FILES[usize::from(which) % FILES.len()];
        let path = self.root.join(file);
        let before = std::fs::read(&path).unwrap_or_default();
        std::fs::write(&path, content).unwrap();
        let mut page = Vec::new();
        self.pages[collector].write(&PageFilter::default(), None, &mut page).unwrap();
        std::fs::write(&path, before).unwrap();
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "{collector} panicked");
        let text = String::from_utf8(page).expect("a page is text");
        let success = format!("node_scrape_collector_success{{collector=\"{collector}\"}} 1");
        kind_of(&format!("{collector} {} {}", text.contains(&success), text.lines().count().min(64)))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(folder) = self.root.parent().and_then(Path::parent) {
            std::fs::remove_dir_all(folder).unwrap_or_default();
        }
    }
}

#[test]
fn host_files() {
    let Some(machine) = Machine::new() else { return };
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(panic);
    }));
    let seed = |(at, (_, file)): (usize, &(&str, &str))| {
        let mut seed = vec![at as u8];
        seed.extend(std::fs::read(machine.root.join(file)).unwrap_or_default());
        seed
    };
    let seeds: Vec<Vec<u8>> = FILES.iter().enumerate().map(seed).collect();
    for seed in &seeds {
        // Cut at several places, empty, and of bytes that are no text.
        for cut in [1, 2, seed.len() / 3, seed.len() / 2, seed.len().saturating_sub(1)] {
            machine.check(&seed[..cut.clamp(1, seed.len())]);
        }
        machine.check(&[seed[0], 0xff, 0xfe, 0, b'\n', 0x80, b' ', 0xc3]);
    }
    Target { name: "host-files", seeds, words: WORDS, mend: |_| (), check: &|input| machine.check(input) }.run();
}

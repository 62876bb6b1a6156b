//! Hardware and packages as events: once at the start, then only what changes.

use std::path::Path;

use gw_collect::CollectConfig;
use gw_config::PromDuration;

use crate::harness::{Rig, folder, quiet};

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn package(name: &str, version: &str) -> String {
    format!("Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n")
}

fn config(root: &Path) -> CollectConfig {
    let mut config = quiet();
    let path = |part: &str| root.join(part).display().to_string();
    (config.host.enabled, config.host.disable_defaults) = (true, true);
    (config.host.procfs, config.host.sysfs, config.host.rootfs) = (path("proc"), path("sys"), path(""));
    config.inventory.interval = PromDuration::from_secs(1);
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_there_is_is_told_once_and_then_what_changes() {
    let root = folder();
    write(&root, "proc/cpuinfo", "model name\t: Fast One\nmodel name\t: Fast One\n");
    write(&root, "proc/meminfo", "MemTotal:        4194304 kB\n");
    write(&root, "proc/sys/kernel/osrelease", "6.1.0\n");
    write(&root, "sys/block/sda/size", "2097152\n");
    write(&root, "sys/block/sda/device/model", "Disk A\n");
    write(&root, "sys/block/loop0/size", "8\n");
    write(&root, "sys/class/net/eth0/device/vendor", "0x1\n");
    write(&root, "sys/class/net/eth0/address", "02:00:00:00:00:01\n");
    write(&root, "sys/class/net/lo/address", "00:00:00:00:00:00\n");
    write(&root, "var/lib/dpkg/status", &[package("nginx", "1.22"), package("zlib", "1.2")].concat());
    let rig = Rig::start(config(&root));
    rig.until("both lists", |rig| rig.memory.events().len() == 2).await;
    let first = rig.memory.events();
    assert_eq!(first[0].0, "box is made of 5 parts");
    assert_eq!(
        first[0].1.lines().collect::<Vec<_>>(),
        [
            "cpu Fast One: 2 threads",
            "disk sda: 1.0 GiB, Disk A",
            "machine kernel: 6.1.0",
            "machine memory: 4 GiB",
            "nic eth0: 02:00:00:00:00:01",
        ]
    );
    assert_eq!(first[1].0, "box has 2 packages installed (dpkg)");
    assert_eq!(first[1].1, "nginx 1.22\nzlib 1.2");

    // Looks that find nothing new tell nothing.
    let runs = || {
        let collectors = rig.runtime.board().collectors();
        collectors.iter().find(|collector| collector.kind == "inventory").map_or(0, |collector| collector.runs)
    };
    let before = runs();
    rig.until("three more looks", |_| runs() >= before + 3).await;
    assert_eq!(rig.memory.events().len(), 2);

    write(&root, "sys/block/sdb/size", "4194304\n");
    std::fs::remove_dir_all(root.join("sys/class/net/eth0")).unwrap();
    write(&root, "var/lib/dpkg/status", &[package("nginx", "1.22-fixed"), package("curl", "7.88.1")].concat());
    rig.until("the changes", |rig| rig.memory.events().len() >= 7).await;
    let mut changes: Vec<String> = rig.memory.events().into_iter().skip(2).map(|(title, _)| title).collect();
    changes.sort();
    assert_eq!(
        changes,
        [
            "disk sdb is new on box: 2.0 GiB",
            "nic eth0 is gone from box: 02:00:00:00:00:01",
            "package curl is new on box: 7.88.1",
            "package nginx on box: 1.22 became 1.22-fixed",
            "package zlib is gone from box: 1.2",
        ]
    );
    rig.stop().await;
}

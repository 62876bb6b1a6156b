//! Files that are cut, empty, binary, huge or gone never bring anything down, and what can be read is told.

use super::tree::{ID, Tree};

/// Every file of a group in every interface, with a text that has some of everything.
const FILES: &[&str] = &[
    "cpu.stat",
    "cpu.max",
    "cpu.weight",
    "cpu.pressure",
    "cpu.shares",
    "cpu.cfs_quota_us",
    "cpu.cfs_period_us",
    "cpuacct.usage",
    "cpuacct.usage_percpu",
    "cpuacct.stat",
    "memory.stat",
    "memory.current",
    "memory.peak",
    "memory.swap.current",
    "memory.events",
    "memory.max",
    "memory.high",
    "memory.swap.max",
    "memory.numa_stat",
    "memory.pressure",
    "memory.usage_in_bytes",
    "memory.limit_in_bytes",
    "memory.oom_control",
    "io.stat",
    "io.pressure",
    "blkio.throttle.io_service_bytes_recursive",
    "blkio.throttle.io_serviced_recursive",
    "blkio.sectors_recursive",
    "pids.current",
    "pids.max",
    "cpuset.cpus",
    "cpuset.cpus.effective",
    "cpuset.memory_migrate",
    "hugetlb.2MB.current",
    "hugetlb.2MB.events",
    "hugetlb.1GB.usage_in_bytes",
    "cgroup.procs",
];

const CONTROLLERS: [&str; 7] = ["cpu", "cpuacct", "memory", "blkio", "pids", "cpuset", "hugetlb"];

fn texts() -> Vec<Vec<u8>> {
    let whole = b"usage_usec 18446744073709551615\nuser_usec 1\nnr_periods x\n8:0 Read 5\n8:0 rbytes=9 cost.usage=18446744073709551615\n\
        some avg10=0.00 total=7\nfull total=\nfile=3 N0=3 N999=4 Nx=1\noom_kill 2\nmax 100000\n0-3\n42\n4294967295\n";
    let mut texts: Vec<Vec<u8>> = (0..whole.len()).step_by(23).map(|end| whole[..end].to_vec()).collect();
    texts.push(whole.to_vec());
    texts.push(vec![0; 64]);
    texts.push((0..=255).collect());
    texts.push(vec![0xff; 20_000]);
    texts.push(b"1 ".repeat(10_000));
    texts.push(b"999999999999999999999999999999 max -1 - : = \n".repeat(50));
    texts
}

fn write(tree: &Tree, text: &[u8], unified: bool) {
    let folders: Vec<String> = if unified {
        vec![format!("cgroup/docker/{ID}")]
    } else {
        CONTROLLERS.iter().map(|controller| format!("cgroup/{controller}/docker/{ID}")).collect()
    };
    for folder in folders {
        std::fs::create_dir_all(tree.root.join(&folder)).unwrap();
        for file in FILES {
            std::fs::write(tree.root.join(&folder).join(file), text).unwrap();
        }
    }
}

#[test]
fn damaged_files_are_passed_over() {
    for unified in [true, false] {
        let tree = Tree::new();
        if unified {
            tree.write("cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
        }
        write(&tree, b"", unified);
        let watched = tree.watch();
        for text in texts() {
            write(&tree, &text, unified);
            for file in [
                "kmsg",
                "proc/partitions",
                "proc/diskstats",
                "proc/meminfo",
                "proc/uptime",
                "proc/42/stat",
                "proc/42/limits",
                "proc/42/schedstat",
                "proc/42/net/dev",
                "proc/42/net/tcp",
                "proc/42/net/udp",
                "proc/42/net/snmp",
                "proc/42/mountinfo",
                "proc/1/mountinfo",
                "proc/1/net/dev",
            ] {
                std::fs::create_dir_all(tree.root.join(file).parent().unwrap()).unwrap();
                std::fs::write(tree.root.join(file), &text).unwrap();
            }
            let page = watched.page();
            assert!(page.contains(&format!("id=\"/docker/{ID}\"")), "the container is told whatever its files hold");
            assert!(page.contains("container_scrape_error 0"));
            let _listed = watched.containers.processes(&watched.world, &format!("/docker/{ID}"));
        }
        for file in FILES {
            let path = if unified {
                format!("cgroup/docker/{ID}/{file}")
            } else {
                format!("cgroup/memory/docker/{ID}/{file}")
            };
            std::fs::remove_file(tree.root.join(path)).unwrap();
            watched.page();
        }
    }
}

#[test]
fn a_pipe_in_the_place_of_a_file_does_not_block() {
    let tree = Tree::new();
    tree.write("cgroup/cgroup.controllers", "cpu memory\n");
    tree.write("cgroup/a/cpu.stat", "usage_usec 1000000\n");
    let made = std::process::Command::new("mkfifo").arg(tree.root.join("cgroup/a/memory.current")).status().unwrap();
    assert!(made.success());
    assert!(
        tree.watch().values("/a").iter().any(|value| value == "container_cpu_usage_seconds_total{cpu=\"total\"} 1")
    );
}

#[test]
fn a_machine_without_cgroups_has_a_page() {
    let tree = Tree::new();
    let page = tree.watch().page();
    assert!(page.contains("machine_memory_bytes") && page.contains("container_scrape_error 0"));
}

//! Readings of every kind of cgroup mount.

use super::tree::{ID, Tree, assert_has, values};

/// Files of a group in version 1, by controller.
const OLD: &[(&str, &[(&str, &str)])] = &[
    (
        "cpu",
        &[
            (
                "cpu.stat",
                "nr_periods 70\nnr_throttled 7\nthrottled_time 1500000000\nnr_bursts 2\nburst_time 500000000\n",
            ),
            ("cpu.shares", "512\n"),
            ("cpu.cfs_quota_us", "50000\n"),
            ("cpu.cfs_period_us", "100000\n"),
        ],
    ),
    (
        "cpuacct",
        &[
            ("cpuacct.usage", "3500000000\n"),
            ("cpuacct.usage_percpu", "1000000000 0 2500000000 \n"),
            ("cpuacct.stat", "user 210\nsystem 140\n"),
        ],
    ),
    (
        "memory",
        &[
            (
                "memory.stat",
                "cache 10\nrss 20\npgfault 5\npgmajfault 1\ntotal_cache 4096\ntotal_rss 8192\ntotal_swap 512\n\
                 total_mapped_file 1024\ntotal_inactive_file 2048\ntotal_active_file 100\ntotal_pgfault 50\n\
                 total_pgmajfault 11\n",
            ),
            ("memory.usage_in_bytes", "12288\n"),
            ("memory.max_usage_in_bytes", "20480\n"),
            ("memory.failcnt", "3\n"),
            ("memory.limit_in_bytes", "1048576\n"),
            ("memory.soft_limit_in_bytes", "9223372036854771712\n"),
            ("memory.memsw.limit_in_bytes", "2097152\n"),
            ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"),
            (
                "memory.numa_stat",
                "total=9 N0=9\nfile=3 N0=3\nanon=4 N0=4\nunevictable=2 N0=2\nhierarchical_file=30 N0=30\n\
                 hierarchical_anon=40 N0=40\nhierarchical_unevictable=20 N0=20\n",
            ),
        ],
    ),
    (
        "blkio",
        &[
            (
                "blkio.throttle.io_service_bytes_recursive",
                "8:0 Read 4096\n8:0 Write 512\n8:0 Sync 4608\n8:0 Async 0\n8:0 Discard 0\n8:0 Total 4608\nTotal 4608\n",
            ),
            ("blkio.throttle.io_serviced_recursive", "8:0 Read 8\n8:0 Write 1\n8:0 Total 9\nTotal 9\n"),
            ("blkio.bfq.io_service_bytes_recursive", "Total 0\n"),
        ],
    ),
    ("pids", &[("pids.current", "5\n"), ("pids.max", "max\n")]),
    ("cpuset", &[("cpuset.cpus", "0-1\n"), ("cpuset.memory_migrate", "1\n")]),
    (
        "hugetlb",
        &[
            ("hugetlb.2MB.usage_in_bytes", "2097152\n"),
            ("hugetlb.2MB.max_usage_in_bytes", "4194304\n"),
            ("hugetlb.2MB.failcnt", "6\n"),
        ],
    ),
];

/// What version 1's files are told as.
const OLD_TOLD: &[&str] = &[
    "container_cpu_usage_seconds_total{cpu=\"cpu00\"} 1",
    "container_cpu_usage_seconds_total{cpu=\"cpu02\"} 2.5",
    "container_cpu_user_seconds_total 2.1",
    "container_cpu_system_seconds_total 1.4",
    "container_cpu_cfs_periods_total 70",
    "container_cpu_cfs_throttled_periods_total 7",
    "container_cpu_cfs_throttled_seconds_total 1.5",
    "container_cpu_cfs_burst_seconds_total 0.5",
    "container_spec_cpu_shares 512",
    "container_spec_cpu_quota 50000",
    "container_spec_cpu_period 100000",
    "container_memory_usage_bytes 12288",
    "container_memory_working_set_bytes 10240",
    "container_memory_max_usage_bytes 20480",
    "container_memory_cache 4096",
    "container_memory_rss 8192",
    "container_memory_swap 512",
    "container_memory_mapped_file 1024",
    "container_memory_failcnt 3",
    "container_memory_failures_total{failure_type=\"pgfault\",scope=\"container\"} 5",
    "container_memory_failures_total{failure_type=\"pgmajfault\",scope=\"hierarchy\"} 11",
    "container_memory_numa_pages{node=\"0\",scope=\"container\",type=\"anon\"} 4",
    "container_memory_numa_pages{node=\"0\",scope=\"hierarchy\",type=\"file\"} 30",
    "container_memory_migrate 1",
    "container_spec_memory_limit_bytes 1.048576e+06",
    "container_spec_memory_reservation_limit_bytes 0",
    "container_spec_memory_swap_limit_bytes 2.097152e+06",
    "container_oom_events_total 4",
    "container_fs_reads_bytes_total{device=\"/dev/sda\"} 4096",
    "container_fs_writes_bytes_total{device=\"/dev/sda\"} 512",
    "container_fs_reads_total{device=\"/dev/sda\"} 8",
    "container_blkio_device_usage_total{device=\"/dev/sda\",major=\"8\",minor=\"0\",operation=\"Total\"} 4608",
    "container_threads 5",
    "container_threads_max 0",
    "container_hugetlb_usage_bytes{pagesize=\"2MB\"} 2.097152e+06",
    "container_hugetlb_failcnt{pagesize=\"2MB\"} 6",
];

/// Writes a group of version 1; `folder_of` says in which mount a controller is.
fn write_old(tree: &Tree, group: &str, folder_of: impl Fn(&str) -> String) {
    for (controller, files) in OLD {
        tree.files(&format!("cgroup/{}{group}", folder_of(controller)), files);
    }
}

#[test]
fn version_1_with_a_mount_for_each_controller() {
    let tree = Tree::new();
    write_old(&tree, &format!("/docker/{ID}"), str::to_owned);
    let watched = tree.watch();
    assert_has(&watched.values(&format!("/docker/{ID}")), OLD_TOLD);
}

#[test]
fn version_1_with_controllers_mounted_together() {
    let tree = Tree::new();
    write_old(&tree, "/system.slice/a.service", |controller| match controller {
        "cpu" | "cpuacct" => "cpu,cpuacct".to_owned(),
        other => other.to_owned(),
    });
    // As distributions do: the single names lead to the common mount.
    std::os::unix::fs::symlink("cpu,cpuacct", tree.root.join("cgroup/cpu")).unwrap();
    std::os::unix::fs::symlink("cpu,cpuacct", tree.root.join("cgroup/cpuacct")).unwrap();
    let watched = tree.watch();
    assert_has(&watched.values("/system.slice/a.service"), OLD_TOLD);
}

/// Files of a group of the unified interface.
const UNIFIED: &[(&str, &str)] = &[
    (
        "cpu.stat",
        "usage_usec 3500000\nuser_usec 2100000\nsystem_usec 1400000\nnr_periods 70\nnr_throttled 7\n\
         throttled_usec 1500000\nnr_bursts 2\nburst_usec 500000\n",
    ),
    ("cpu.max", "50000 100000\n"),
    ("cpu.weight", "100\n"),
    (
        "cpu.pressure",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n",
    ),
    ("memory.current", "12288\n"),
    ("memory.peak", "20480\n"),
    ("memory.swap.current", "512\n"),
    ("memory.max", "1048576\n"),
    ("memory.high", "max\n"),
    ("memory.swap.max", "0\n"),
    (
        "memory.stat",
        "anon 8192\nfile 4096\nkernel 300\nfile_mapped 1024\nfile_dirty 7\nfile_writeback 8\ninactive_file 2048\n\
         active_file 100\nworkingset_refault_anon 21\nworkingset_refault_file 22\npgfault 50\npgmajfault 11\npgscan 31\n\
         pgsteal 32\n",
    ),
    ("memory.events", "low 0\nhigh 9\nmax 3\noom 5\noom_kill 4\noom_group_kill 0\n"),
    ("memory.numa_stat", "anon N0=8192\nfile N0=4096\nunevictable N0=0\n"),
    (
        "memory.pressure",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=400000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=300000\n",
    ),
    (
        "io.stat",
        "8:0 rbytes=4096 wbytes=512 rios=8 wios=1 dbytes=0 dios=0 cost.usage=1500000 cost.wait=5 cost.indebt=6 cost.indelay=7\n",
    ),
    (
        "io.pressure",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=600000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n",
    ),
    ("pids.current", "5\n"),
    ("pids.max", "100\n"),
    ("cpuset.cpus.effective", "0-1\n"),
    ("hugetlb.2MB.current", "2097152\n"),
    ("hugetlb.2MB.events", "max 6\n"),
];

/// What they are told as.
const UNIFIED_TOLD: &[&str] = &[
    "container_cpu_usage_seconds_total{cpu=\"total\"} 3.5",
    "container_cpu_user_seconds_total 2.1",
    "container_cpu_system_seconds_total 1.4",
    "container_cpu_cfs_throttled_seconds_total 1.5",
    "container_cpu_cfs_burst_periods_total 2",
    "container_pressure_cpu_waiting_seconds_total 2",
    "container_pressure_cpu_stalled_seconds_total 1",
    "container_pressure_memory_waiting_seconds_total 0.4",
    "container_pressure_io_stalled_seconds_total 0.5",
    "container_spec_cpu_shares 2597",
    "container_spec_cpu_quota 50000",
    "container_memory_usage_bytes 12288",
    "container_memory_working_set_bytes 10240",
    "container_memory_max_usage_bytes 20480",
    "container_memory_cache 4096",
    "container_memory_rss 8192",
    "container_memory_swap 512",
    "container_memory_kernel_usage 300",
    "container_memory_file_dirty_bytes 7",
    "container_memory_events_high_total 9",
    "container_memory_events_max_total 3",
    "container_memory_pgscan_total 31",
    "container_memory_workingset_refault_anon_total 21",
    "container_memory_failures_total{failure_type=\"pgfault\",scope=\"hierarchy\"} 50",
    "container_memory_numa_pages{node=\"0\",scope=\"container\",type=\"anon\"} 2",
    "container_spec_memory_limit_bytes 1.048576e+06",
    "container_spec_memory_reservation_limit_bytes 0",
    "container_oom_events_total 4",
    "container_fs_reads_bytes_total{device=\"/dev/sda\"} 4096",
    "container_fs_writes_total{device=\"/dev/sda\"} 1",
    "container_fs_io_cost_usage_seconds_total{device=\"/dev/sda\"} 1.5",
    "container_threads_max 100",
    "container_hugetlb_usage_bytes{pagesize=\"2MB\"} 2.097152e+06",
    "container_hugetlb_failcnt{pagesize=\"2MB\"} 6",
];

#[test]
fn the_unified_hierarchy() {
    let tree = Tree::new();
    tree.write("cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
    let group = format!("/system.slice/docker-{ID}.scope");
    tree.files(&format!("cgroup{group}"), UNIFIED);
    let watched = tree.watch();
    assert_has(&watched.values(&group), UNIFIED_TOLD);
    let machine = watched.values("/");
    assert_has(&machine, &["container_memory_usage_bytes 1.2582912e+07"]);
}

#[test]
fn hybrid_mounts_take_each_controller_where_it_is() {
    let tree = Tree::new();
    for (controller, files) in OLD.iter().filter(|(controller, _)| *controller != "hugetlb") {
        tree.files(&format!("cgroup/{controller}/a"), files);
    }
    tree.write("cgroup/systemd/a/tasks", "");
    tree.write("cgroup/unified/cgroup.controllers", "hugetlb\n");
    tree.files("cgroup/unified/a", &[
        ("hugetlb.2MB.current", "4194304\n"),
        ("cpu.stat", "usage_usec 1\n"),
        ("cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n"),
    ]);
    let watched = tree.watch();
    let told = watched.values("/a");
    let expected: Vec<&str> = OLD_TOLD.iter().copied().filter(|sample| !sample.contains("hugetlb")).collect();
    assert_has(&told, &expected);
    assert_has(&told, &["container_hugetlb_usage_bytes{pagesize=\"2MB\"} 4.194304e+06"]);
}

#[test]
fn a_container_with_a_path_of_its_own_in_each_hierarchy_is_one() {
    let tree = Tree::new();
    for (controller, files) in OLD {
        let parent = if *controller == "memory" { "/limits/outer" } else { "" };
        tree.files(&format!("cgroup/{controller}{parent}/docker/{ID}"), files);
    }
    let watched = tree.watch();
    let page = watched.page();
    assert_has(&values(&page, &format!("/docker/{ID}")), OLD_TOLD);
    assert!(!page.contains("/limits/outer/docker/4f1c"), "the memory hierarchy's path is no container of its own");
    tree.remove(&format!("cgroup/memory/limits/outer/docker/{ID}"));
    let told = watched.values(&format!("/docker/{ID}"));
    assert_has(&told, &["container_cpu_user_seconds_total 2.1", "container_memory_usage_bytes 0"]);
}

#[test]
fn a_group_is_joined_by_its_processes() {
    let tree = Tree::new();
    for (controller, files) in OLD {
        let parent = if *controller == "memory" { "/outer" } else { "" };
        tree.files(&format!("cgroup/{controller}{parent}/job"), files);
        tree.write(&format!("cgroup/{controller}{parent}/job/cgroup.procs"), "42\n");
    }
    tree.write("proc/42/cgroup", "4:memory:/outer/job\n3:cpuset:/job\n2:cpuacct:/job\n1:cpu:/job\n");
    let watched = tree.watch();
    let page = watched.page();
    assert_has(&values(&page, "/job"), OLD_TOLD);
    assert!(!page.contains("id=\"/outer/job\""));
}

#[test]
fn groups_are_seen_at_once_and_gone_at_once() {
    let tree = Tree::new();
    tree.write("cgroup/cgroup.controllers", "cpu memory\n");
    tree.files("cgroup/a", UNIFIED);
    let watched = tree.watch();
    assert!(!watched.values("/a").is_empty());
    assert!(watched.values("/b/c").is_empty());
    tree.files("cgroup/b/c", UNIFIED);
    assert!(!watched.values("/b/c").is_empty());
    tree.remove("cgroup/b");
    assert!(watched.values("/b/c").is_empty() && watched.values("/b").is_empty());
    let (events, next) = watched.containers.events(&watched.world, 0);
    let told: Vec<String> = events.iter().map(|event| format!("{:?} {}", event.kind, event.path)).collect();
    assert_eq!(told, ["Created /b", "Created /b/c", "Deleted /b/c", "Deleted /b"]);
    assert!(watched.containers.events(&watched.world, next).0.is_empty());
}

#[test]
fn settings_choose_groups() {
    let tree = Tree::new();
    tree.write("cgroup/cgroup.controllers", "cpu memory\n");
    let container = format!("/docker/{ID}");
    for group in ["/a", "/kept/b", "/data.mount", container.as_str()] {
        tree.files(&format!("cgroup{group}"), UNIFIED);
    }
    let ids = |config: &gw_collect::config::ContainerConfig| {
        let page = tree.watch_with(config).page();
        let line = |line: &str| {
            Some(line.strip_prefix("container_last_seen{")?.split("id=\"").nth(1)?.split('"').next()?.to_owned())
        };
        let mut ids: Vec<String> = page.lines().filter_map(line).collect();
        ids.sort();
        ids
    };
    let mut config = tree.config();
    assert_eq!(ids(&config), ["/", "/a", "/docker", container.as_str(), "/kept", "/kept/b"]);
    config.docker_only = true;
    assert_eq!(ids(&config), ["/", container.as_str()]);
    config.raw_cgroup_prefix_whitelist = vec!["/kept".to_owned()];
    config.disable_root_cgroup_stats = true;
    assert_eq!(ids(&config), [container.as_str(), "/kept", "/kept/b"]);
}

#[test]
fn kills_are_counted_and_named() {
    let tree = Tree::new();
    tree.write("cgroup/cgroup.controllers", "cpu memory\n");
    tree.files("cgroup/a", UNIFIED);
    tree.write("kmsg", "");
    let watched = tree.watch();
    watched.page();
    let line = "6,1,1002000000,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=a,mems_allowed=0,\
                oom_memcg=/a,task_memcg=/a,task=hungry,pid=77,uid=0\n";
    tree.write("proc/uptime", "1003.00 1.00\n");
    tree.write("kmsg", line);
    watched.page();
    let (events, _) = watched.containers.events(&watched.world, 0);
    let told: Vec<String> =
        events.iter().map(|event| format!("{:?} {} {}", event.kind, event.path, event.time)).collect();
    assert_eq!(
        told,
        ["OutOfMemory /a 2023-11-14T22:13:23Z", "Killed { pid: 77, process: \"hungry\" } /a 2023-11-14T22:13:23Z"]
    );
}

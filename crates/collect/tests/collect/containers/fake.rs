//! The container and the machine that upstream's expected pages are about, as its documentation of the fake describes them.

use std::sync::Arc;

use gw_base::Timestamp;
use gw_collect::container::TCP_COUNTERS;
use gw_collect::container::model::{
    Cache, Container, Core, CpuSpec, CpuStats, CustomValue, DeviceCounts, DiskCounts, DiskIo, Faults, FsStats, Health,
    HugeTlbStats, InterfaceStats, IoCost, Machine, MemoryStats, NetworkStats, Node, NumaPages, Operation,
    PerfUncoreValue, PerfValue, Pressure, ProcessStats, RareStats, ResctrlStats, SocketStats, Spec, Stats, TaskStats,
    Traffic,
};

/// When it was read.
const READ_AT: Timestamp = Timestamp::from_secs(1_395_066_363);

/// Counters of TCP that are not 0, by their names in the kernel.
const TCP: &str = "TCPFullUndo 2361 TCPDSACKRecv 83680 TCPSackShifted 2 TCPSackShiftFallback 298 EstabResets 37 \
    InSegs 140370590 TCPPureAcks 24251339 TCPDSACKOldSent 15633 TCPRenoFailures 43414 TW 10436427 \
    TCPDSACKIgnoredNoUndo 71885 RtoMax 120000 ActiveOpens 11038621 TCPLossProbeRecovery 401 TCPHPHits 56096478 \
    TCPPartialUndo 3 AttemptFails 48997 RetransSegs 462961 TCPRenoReorder 839 TCPLossProbes 88648 \
    TCPRenoRecoveryFail 394 TCPHPAcks 21490641 TCPTSReorder 3 TCPSlowStartRetrans 290832 MaxConn -1 \
    TCPSackFailures 60 DelayedACKLocked 90 TCPDSACKOfoSent 1 TCPSynRetrans 988 TCPDSACKOfoRecv 10 TCPSackMerged 6 \
    RtoMin 200 CurrEstab 22 DelayedACKs 503975 TCPLossUndo 61374 TCPOrigDataSent 130698387 OutRsts 91699 \
    TCPSackRecoveryFail 2 DelayedACKLost 18843 TCPAbortOnData 8 TCPSACKReorder 11 TCPDSACKUndo 33 TCPAbortOnClose 7 \
    OutSegs 211580512 InErrs 31 TCPTimeouts 27422 TCPLossFailures 729 TCPSackRecovery 159 RtoAlgorithm 1 \
    PassiveOpens 59 TCPRenoRecovery 3519 TCPFastRetrans 11794";

pub(super) fn container() -> Container {
    Container {
        path: "testcontainer".to_owned(),
        id: String::new(),
        aliases: vec!["testcontaineralias".to_owned()],
        namespace: String::new(),
        spec: Spec {
            created: Some(Timestamp::from_secs(1_257_894_000)),
            started: Some(Timestamp::from_secs(1_257_895_000)),
            labels: [("foo.label".to_owned(), "bar".to_owned())].into(),
            envs: [("foo+env".to_owned(), "prod".to_owned())].into(),
            image: "test".to_owned(),
            cpu: Some(CpuSpec { shares: 1000, mask: String::new(), quota: 10_000, period: 100_000 }),
            // Wire: upstream's fake names memory limits without saying that it has any, so that none is told.
            memory: None,
            threads_max: Some(100),
            has_hugetlb: true,
            health: Some(Health::Healthy),
            ..Spec::default()
        },
        stats: vec![Arc::new(stats())],
    }
}

fn stats() -> Stats {
    Stats {
        time: READ_AT,
        cpu: CpuStats {
            total: 1,
            per_cpu: vec![2, 3, 4, 5],
            user: 6,
            system: 7,
            periods: 723,
            throttled_periods: 18,
            throttled_ns: 1_724_314_000,
            burst_periods: 25,
            burst_ns: 500_000_000,
            run_ns: 53_643_567,
            runqueue_ns: 479_424_566_378,
            run_periods: 984_285,
            load_average: 2,
            load_d_average: 2,
            pressure: Pressure { some_us: 200, full_us: 100 },
        },
        memory: memory(),
        hugetlb: vec![
            ("2Mi".to_owned(), HugeTlbStats { usage: 4, max_usage: 10, fail_count: 1 }),
            ("1Gi".to_owned(), HugeTlbStats::default()),
        ],
        disk_io: disk_io(),
        network: network(),
        filesystems: filesystems(),
        processes: ProcessStats {
            processes: 1,
            descriptors: 5,
            sockets: 3,
            threads: 5,
            threads_max: 100,
            ulimits: vec![("max_open_files", 16384, 16384)],
        },
        tasks: TaskStats { sleeping: 50, running: 51, stopped: 52, uninterruptible: 53, io_waiting: 54 },
        oom_events: 0,
        memory_migrate: 1,
        referenced_bytes: 1234,
        rare: Some(Box::new(rare())),
    }
}

fn memory() -> MemoryStats {
    let pages = |node, file, anon, unevictable| NumaPages { node, file, anon, unevictable };
    MemoryStats {
        usage: 8,
        max_usage: 8,
        cache: 14,
        rss: 15,
        swap: 8192,
        mapped_file: 16,
        working_set: 9,
        active_file: 7,
        inactive_file: 6,
        kernel: 17,
        file_dirty: 19,
        file_writeback: 20,
        fail_count: 0,
        pgscan: 21,
        pgsteal: 22,
        refault_file: 23,
        refault_anon: 24,
        events_high: 42,
        events_max: 5,
        own: Faults {
            pgfault: 10,
            pgmajfault: 11,
            numa: vec![pages(0, 16_649, 10_000, 8_900), pages(1, 10_000, 7_109, 10_000)],
        },
        hierarchy: Faults {
            pgfault: 12,
            pgmajfault: 13,
            numa: vec![pages(0, 36_649, 20_000, 8_900), pages(1, 10_000, 7_109, 20_000)],
        },
        pressure: Pressure { some_us: 2_000, full_us: 1_000 },
    }
}

fn disk_io() -> DiskIo {
    let mut bytes = DeviceCounts::new("/dev/sdb".into(), 8, 0);
    Operation::ALL.into_iter().zip(1..).for_each(|(operation, count)| bytes.set(operation, count));
    DiskIo {
        service_bytes: vec![bytes],
        cost: vec![IoCost {
            device: "sda1".into(),
            usage_us: 1_500_000,
            wait_us: 2_500_000,
            indebt_us: 500_000,
            indelay_us: 750_000,
        }],
        pressure: Pressure { some_us: 2_200, full_us: 1_100 },
        ..DiskIo::default()
    }
}

fn network() -> NetworkStats {
    let traffic = |bytes, packets, errors, dropped| Traffic { bytes, packets, errors, dropped };
    let mut words = TCP.split_ascii_whitespace();
    let mut advanced = vec![0; TCP_COUNTERS.len()];
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        let at = TCP_COUNTERS.iter().position(|(known, _)| *known == name).unwrap();
        advanced[at] = value.parse().unwrap();
    }
    let mut sockets = SocketStats { advanced, ..SocketStats::default() };
    (sockets.tcp[0], sockets.tcp[9]) = (13, 3);
    (sockets.tcp6[0], sockets.tcp6[9]) = (11, 3);
    NetworkStats {
        interfaces: vec![InterfaceStats {
            name: "eth0".to_owned(),
            received: traffic(14, 15, 16, 17),
            sent: traffic(18, 19, 20, 21),
        }],
        sockets: Some(Box::new(sockets)),
    }
}

fn filesystems() -> Vec<FsStats> {
    let disk = |numbers: [u64; 11]| {
        let [reads, reads_merged, sectors_read, read_ms, writes, writes_merged, sectors_written, write_ms, rest @ ..] =
            numbers;
        let [in_progress, io_ms, weighted_io_ms] = rest;
        DiskCounts {
            reads,
            reads_merged,
            sectors_read,
            read_ms,
            writes,
            writes_merged,
            sectors_written,
            write_ms,
            in_progress,
            io_ms,
            weighted_io_ms,
        }
    };
    let fs = |device: &str, inodes, limit, usage, disk| FsStats {
        device: device.to_owned(),
        limit,
        usage,
        inodes: Some(inodes),
        disk,
        ..FsStats::default()
    };
    vec![
        fs("sda1", (2_097_152, 524_288), 22, 23, disk([24, 25, 26, 27, 28, 39, 40, 41, 42, 43, 44])),
        fs("sda2", (2_097_152, 262_144), 37, 38, disk([39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49])),
    ]
}

fn rare() -> RareStats {
    let custom = |pairs: &[(&str, &str)], value| CustomValue {
        labels: pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        value,
    };
    let perf =
        |event: &str, cpu, value, scaling_ratio| PerfValue { event: event.to_owned(), cpu, value, scaling_ratio };
    let uncore = |socket, value| PerfUncoreValue {
        event: "cas_count_read".to_owned(),
        pmu: "uncore_imc_0".to_owned(),
        socket,
        value,
        scaling_ratio: 1.0,
    };
    let node = |total_bytes, local_bytes, cache_bytes| ResctrlStats { total_bytes, local_bytes, cache_bytes };
    RareStats {
        custom: [
            (
                "container_custom_app_metric_1".to_owned(),
                vec![
                    custom(&[("test_label", "1_1"), ("test_label_2", "2_1")], 1.1),
                    custom(&[("test_label", "1_2"), ("test_label_2", "2_2")], 1.2),
                ],
            ),
            ("container_custom_app_metric_2".to_owned(), vec![custom(&[("test_label", "test_value")], 2.0)]),
            ("container_custom_app_metric_3".to_owned(), vec![custom(&[("test_label", "test_value")], 3.0)]),
        ]
        .into(),
        perf: vec![
            perf("instructions", 0, 123, 1.0),
            perf("instructions", 1, 456, 0.5),
            perf("instructions_retired", 0, 321, 0.666_666_666_66),
            perf("instructions_retired", 1, 789, 0.333_333_333_33),
        ],
        perf_uncore: vec![uncore(0, 1_231_231_512), uncore(1, 1_111_231_331)],
        resctrl: vec![node(4_512_312, 2_390_393, 162_626), node(2_173_713, 1_231_233, 213_777)],
    }
}

pub(super) fn machine() -> Machine {
    let cache = |level, kind: &str, size| Cache { id: 0, size, kind: kind.to_owned(), level };
    let core = |id: u32| {
        let (first, second) = if id.is_multiple_of(2) { (32_768, 262_144) } else { (32_764, 262_148) };
        Core {
            id,
            threads: vec![id * 2, id * 2 + 1],
            caches: vec![cache(1, "Data", first), cache(1, "Instruction", first), cache(2, "Unified", second)],
            socket: 0,
        }
    };
    let node = |id: u32, memory, large: u64, small: u64| Node {
        id,
        memory,
        huge_pages: vec![(1_048_576, large), (2_048, small)],
        cores: (id * 4..id * 4 + 4).map(core).collect(),
        caches: Vec::new(),
        distances: if id == 0 { vec![10, 12] } else { vec![12, 10] },
    };
    let mut second = node(1, 33_604_804_606, 2, 4);
    second.caches = vec![cache(3, "Unified", 8_388_608)];
    Machine {
        time: READ_AT,
        cores: 4,
        physical_cores: 1,
        sockets: 1,
        memory_bytes: 1024,
        memory_by_type: [
            ("Non-volatile-RAM".to_owned(), (2_168_421_613_568, 8)),
            ("Unbuffered-DDR4".to_owned(), (412_316_860_416, 12)),
        ]
        .into(),
        nvm: (429_496_729_600, 1_735_166_787_584, 0),
        machine_id: "machine-id-test".to_owned(),
        system_uuid: "system-uuid-test".to_owned(),
        boot_id: "boot-id-test".to_owned(),
        topology: vec![node(0, 33_604_804_608, 0, 0), second],
        kernel: "4.1.6-200.fc22.x86_64".to_owned(),
        os: "Fedora 22 (Twenty Two)".to_owned(),
        docker: "1.8.1".to_owned(),
        cadvisor: Some(("abcdef".to_owned(), "0.16.0".to_owned())),
        ..Machine::default()
    }
}

//! Groups of processes over a procfs of files: who belongs to which, counters that outlive processes, bounded names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gw_base::{FakeWorld, Timestamp};
use gw_collect::config::{HostConfig, ProcessGroup};
use gw_collect::{HostPages, PageFilter};

/// A procfs made of files.
struct Machine {
    root: PathBuf,
    pages: HostPages,
}

impl Machine {
    fn new(groups: Vec<ProcessGroup>, limit: usize) -> Self {
        let root = crate::harness::folder();
        std::fs::write(root.join("stat"), "cpu  1 2 3 4\nbtime 1000\n").unwrap();
        let mut config =
            HostConfig { procfs: root.display().to_string(), disable_defaults: true, ..HostConfig::default() };
        config.process_groups.groups = groups;
        config.process_groups.limit = limit;
        let world = Arc::new(FakeWorld::new(Timestamp::from_secs(1_700_000_000), 1));
        Self { pages: HostPages::of(&config, world).unwrap(), root }
    }

    /// A process: its name, its group, CPU ticks of both modes, bytes read.
    fn process(&self, pid: u32, (name, cgroup): (&str, &str), [user, system, read]: [u64; 3]) {
        let folder = self.folder(pid);
        std::fs::create_dir_all(folder.join("fd")).unwrap();
        for descriptor in 0..3 {
            std::fs::write(folder.join(format!("fd/{descriptor}")), "").unwrap();
        }
        let stat = format!(
            "{pid} ({name}) S 1 1 1 0 -1 0 9 0 5 0 {user} {system} 0 0 20 0 2 0 {} 1000 4 18446744073709551615 0",
            u64::from(pid) * 100
        );
        std::fs::write(folder.join("stat"), stat).unwrap();
        std::fs::write(folder.join("cgroup"), format!("0::{cgroup}\n")).unwrap();
        std::fs::write(folder.join("io"), format!("rchar: 1\nread_bytes: {read}\nwrite_bytes: 7\n")).unwrap();
    }

    fn folder(&self, pid: u32) -> PathBuf {
        self.root.join(pid.to_string())
    }

    fn end(&self, pid: u32) {
        std::fs::remove_dir_all(self.folder(pid)).unwrap();
    }

    /// Values of the groups, without `node_process_group_` before the names.
    fn read(&self) -> BTreeMap<String, f64> {
        let mut page = Vec::new();
        self.pages.write(&PageFilter::default(), None, &mut page).unwrap();
        let text = String::from_utf8(page).unwrap();
        let sample = |line: &str| {
            let (series, value) = line.strip_prefix("node_process_group_")?.rsplit_once(' ')?;
            Some((series.to_owned(), value.parse().unwrap()))
        };
        text.lines().filter_map(sample).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        remove(&self.root);
    }
}

fn remove(folder: &Path) {
    std::fs::remove_dir_all(folder).unwrap_or_default();
}

fn by(command: Option<&str>, unit: Option<&str>, name: Option<&str>) -> ProcessGroup {
    let text = |text: Option<&str>| text.map(str::to_owned);
    ProcessGroup { name: text(name), command: text(command), unit: text(unit), cgroup: None }
}

#[test]
fn groups_are_told_by_name_and_unit() {
    let machine = Machine::new(vec![by(Some("^nginx$"), None, Some("web")), by(None, Some(r"\.service$"), None)], 10);
    machine.process(10, ("nginx", "/system.slice/nginx.service"), [100, 50, 4096]);
    machine.process(11, ("nginx", "/"), [200, 0, 0]);
    machine.process(12, ("a) (b", "/system.slice/db.service"), [10, 10, 0]);
    machine.process(13, ("bash", "/user.slice/session-1.scope"), [10, 10, 0]);
    let read = machine.read();
    let of = |name: &str, group: &str| read.get(&format!("{name}{{group=\"{group}\"}}")).copied();
    assert_eq!(of("processes", "web"), Some(2.0));
    assert_eq!(of("threads", "web"), Some(4.0));
    assert_eq!(of("open_fds", "web"), Some(6.0));
    assert_eq!(of("major_page_faults_total", "web"), Some(10.0));
    assert_eq!(of("read_bytes_total", "web"), Some(4096.0));
    assert_eq!(of("written_bytes_total", "web"), Some(14.0));
    assert_eq!(of("oldest_start_time_seconds", "web"), Some(1010.0));
    assert_eq!(read["cpu_seconds_total{group=\"web\",mode=\"user\"}"], 3.0);
    assert_eq!(read["cpu_seconds_total{group=\"web\",mode=\"system\"}"], 0.5);
    assert_eq!(of("processes", "db.service"), Some(1.0));
    assert!(read.keys().all(|series| series.contains("\"web\"") || series.contains("\"db.service\"")), "{read:?}");
}

#[test]
fn counters_outlive_processes_and_numbers_are_used_again() {
    let machine = Machine::new(vec![by(Some("^web$"), None, None)], 10);
    machine.process(10, ("web", "/"), [100, 0, 0]);
    machine.process(11, ("web", "/"), [300, 0, 0]);
    let user = |read: &BTreeMap<String, f64>| read["cpu_seconds_total{group=\"web\",mode=\"user\"}"];
    assert_eq!(user(&machine.read()), 4.0);
    machine.process(10, ("web", "/"), [150, 0, 0]);
    machine.end(11);
    assert_eq!(user(&machine.read()), 4.5);
    machine.end(10);
    let read = machine.read();
    assert_eq!((user(&read), read["processes{group=\"web\"}"]), (4.5, 0.0));
    // The same number again, but begun later and of less time.
    machine.process(10, ("web", "/"), [20, 0, 0]);
    assert_eq!(user(&machine.read()), 4.7);
    // A process that becomes another program leaves its group with what it used there.
    machine.process(10, ("sh", "/"), [80, 0, 0]);
    let read = machine.read();
    assert_eq!((user(&read), read["processes{group=\"web\"}"]), (4.7, 0.0));
}

#[test]
fn names_beyond_the_limit_are_told_together() {
    let machine = Machine::new(vec![by(Some("."), None, None)], 2);
    for pid in 10..20 {
        machine.process(pid, (&format!("program{pid}"), "/"), [100, 0, 0]);
    }
    let read = machine.read();
    let groups: Vec<&String> = read.keys().filter(|series| series.starts_with("processes{")).collect();
    assert_eq!(groups.len(), 3, "{groups:?}");
    assert_eq!(read["processes{group=\"(others)\"}"], 8.0);
    assert_eq!(read.iter().filter(|(series, _)| series.starts_with("processes{")).map(|(_, v)| v).sum::<f64>(), 10.0);
}

#[test]
fn a_group_without_a_pattern_is_refused() {
    let mut config = HostConfig::default();
    config.process_groups.groups = vec![by(None, None, Some("all"))];
    let world = Arc::new(FakeWorld::new(Timestamp::from_secs(1_700_000_000), 1));
    let error = HostPages::of(&config, world).unwrap_err().to_string();
    assert!(error.contains("a process group needs a command, a cgroup or a unit"), "{error}");
}

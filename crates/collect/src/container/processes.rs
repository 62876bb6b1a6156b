//! The processes of a group one by one, for those who ask.

use std::path::Path;

use gw_base::Map;

use super::config::ContainerPaths;

/// Clock ticks of a second in every kernel's interface.
const TICKS: u64 = 100;
/// Most processes that are described.
const MAX_PROCESSES: usize = 2_000;
/// Longest command line that is told.
const MAX_COMMAND: usize = 512;

/// A process.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Process {
    /// Name of its user, or the number where there is no name.
    pub user: String,
    /// Number.
    pub pid: u32,
    /// Number of the process that made it.
    pub parent: u32,
    /// Seconds since the epoch at which it began.
    pub started_secs: i64,
    /// Share of one CPU over its life, in percent.
    pub cpu_percent: f64,
    /// Share of the machine's memory, in percent.
    pub memory_percent: f64,
    /// Resident bytes.
    pub rss: u64,
    /// Bytes of address space.
    pub virtual_size: u64,
    /// The kernel's letter for its state.
    pub status: char,
    /// CPU time in seconds.
    pub cpu_secs: u64,
    /// CPU time in hundredths of a second, for whoever tells what it uses now.
    pub cpu_ticks: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// CPU that it ran on last.
    pub cpu: u32,
    /// Name of the program.
    pub command: String,
    /// Whole command line; the name in brackets where it has none.
    pub command_line: String,
    /// Path of its group.
    pub group: String,
}

/// Describes every process of a machine.
pub(crate) fn of_machine(procfs: &str, rootfs: &str) -> Vec<Process> {
    let paths = ContainerPaths { procfs: procfs.to_owned(), rootfs: rootfs.to_owned(), ..ContainerPaths::default() };
    let memory = std::fs::read_to_string(format!("{procfs}/meminfo")).unwrap_or_default();
    let total = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_ascii_whitespace().next()?.parse::<u64>().ok());
    let entries = std::fs::read_dir(procfs).into_iter().flatten().flatten();
    let pids: Vec<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    describe(&paths, &pids, ("/", total.unwrap_or(0).saturating_mul(1024)))
}

/// Describes processes; those that end meanwhile are left out.
pub(super) fn describe(paths: &ContainerPaths, pids: &[u32], (group, memory): (&str, u64)) -> Vec<Process> {
    let text = |path: &str| {
        std::fs::read(format!("{}/{path}", paths.procfs)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    let number = |text: &str| text.parse::<f64>().ok();
    let uptime = text("uptime").ok().and_then(|uptime| number(uptime.split(' ').next()?)).unwrap_or(0.0);
    let stat = text("stat").unwrap_or_default();
    let booted = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<i64>().ok()).unwrap_or(0);
    let users = users(&paths.rootfs);
    let one = |pid: &u32| {
        let stat = text(&format!("{pid}/stat")).ok()?;
        let (name, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let field = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        let status = text(&format!("{pid}/status")).unwrap_or_default();
        let uid =
            status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_ascii_whitespace().nth(1)).unwrap_or("0");
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.split_ascii_whitespace().next()?.parse::<u64>().ok());
        let rss = resident.unwrap_or(0).saturating_mul(1024);
        let (ticks, started) = (field(11) + field(12), field(19) / TICKS);
        let age = (uptime - started as f64).max(1.0);
        let command = name.split_once('(').map_or(name, |(_, name)| name).to_owned();
        let line = text(&format!("{pid}/cmdline")).unwrap_or_default().replace('\0', " ");
        let line = line.get(..line.floor_char_boundary(MAX_COMMAND)).unwrap_or_default().trim_end();
        Some(Process {
            user: users.get(uid).cloned().unwrap_or_else(|| uid.to_owned()),
            pid: *pid,
            parent: u32::try_from(field(1)).unwrap_or(0),
            started_secs: booted + i64::try_from(started).unwrap_or(0),
            cpu_percent: ticks as f64 / TICKS as f64 / age * 100.0,
            memory_percent: if memory > 0 { rss as f64 / memory as f64 * 100.0 } else { 0.0 },
            rss,
            virtual_size: field(20),
            status: fields.first().and_then(|state| state.chars().next()).unwrap_or('?'),
            cpu_secs: ticks / TICKS,
            cpu_ticks: ticks,
            descriptors: std::fs::read_dir(format!("{}/{pid}/fd", paths.procfs))
                .map_or(0, |entries| entries.count() as u64),
            cpu: u32::try_from(field(36)).unwrap_or(0),
            command_line: if line.is_empty() { format!("[{command}]") } else { line.to_owned() },
            command,
            group: group.to_owned(),
        })
    };
    pids.iter().take(MAX_PROCESSES).filter_map(one).collect()
}

/// Names of users by number.
fn users(rootfs: &str) -> Map<String, String> {
    let text = std::fs::read_to_string(Path::new(rootfs).join("etc/passwd")).unwrap_or_default();
    let user = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        Some((fields.nth(1)?.to_owned(), name))
    };
    text.lines().filter_map(user).collect()
}

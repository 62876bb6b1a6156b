//! Processes of this machine and what they took between two looks.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::table::{Cell, Table};

/// Ticks a second of process times; the kernel's interface fixes it.
const USER_HZ: f64 = 100.0;
/// Longest command line that is kept.
const MAX_COMMAND: usize = 400;

/// All processes at a time.
#[derive(Debug, Default)]
pub(super) struct Processes {
    at: Duration,
    all: BTreeMap<u32, Process>,
}

#[derive(Debug)]
struct Process {
    state: char,
    cpu_seconds: f64,
    threads: f64,
    resident_bytes: f64,
    command: String,
}

/// Looks at all processes; those that end meanwhile are left out.
pub(super) fn read(procfs: &Path, at: Duration) -> Processes {
    let entries = fs::read_dir(procfs).into_iter().flatten().filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    Processes { at, all: pids.filter_map(|pid| Some((pid, one(&procfs.join(pid.to_string()))?))).collect() }
}

fn one(folder: &Path) -> Option<Process> {
    let text = |file: &str| fs::read(folder.join(file)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let stat = text("stat").ok()?;
    // The name may hold blanks and brackets; the third field stands behind it.
    let (head, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    let line = text("cmdline").unwrap_or_default().replace('\0', " ");
    let line = line.get(..line.floor_char_boundary(MAX_COMMAND)).unwrap_or_default().trim();
    let name = head.split_once('(').map_or(head, |(_, name)| name);
    Some(Process {
        state: fields.first()?.chars().next()?,
        cpu_seconds: (number(11) + number(12)) / USER_HZ,
        threads: number(17),
        resident_bytes: number(21) * rustix::param::page_size() as f64,
        command: if line.is_empty() { format!("[{name}]") } else { line.to_owned() },
    })
}

/// The table of processes at two times.
pub(super) fn table(before: &Processes, now: &Processes) -> Table {
    let seconds = now.at.saturating_sub(before.at).as_secs_f64();
    let row = |(pid, process): (&u32, &Process)| {
        let earlier = before.all.get(pid).filter(|_| seconds > 0.0);
        let cpu = earlier.map(|earlier| (process.cpu_seconds - earlier.cpu_seconds).max(0.0) / seconds);
        vec![
            Cell::Number(f64::from(*pid), pid.to_string()),
            Cell::percent(cpu),
            Cell::bytes(Some(process.resident_bytes)),
            Cell::number(Some(process.threads), 0),
            Cell::text(process.state),
            Cell::text(&process.command),
        ]
    };
    Table { titles: &["PID", "CPU", "MEMORY", "THREADS", "S", "COMMAND"], rows: now.all.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_among_them() {
        let first = read(Path::new("/proc"), Duration::ZERO);
        let second = read(Path::new("/proc"), Duration::from_secs(1));
        let table = table(&first, &second);
        let own = std::process::id().to_string();
        let row = table.rows.iter().find(|row| matches!(&row[0], Cell::Number(_, pid) if *pid == own)).unwrap();
        assert!(matches!(&row[1], Cell::Number(cpu, _) if (0.0..1000.0).contains(cpu)), "{row:?}");
        assert!(matches!(&row[2], Cell::Number(memory, _) if *memory > 1e6), "{row:?}");
    }
}

//! `process_groups`: what named groups of processes use: programs by name, control groups, systemd units. Our own collector,
//! on when `collect.host.process_groups` names a group.
//!
//! Counters only rise: what a process has used stays with its group when the process is gone. Which group a process belongs
//! to is decided once, and again when its name changes.

use gw_base::Map;
use regex::Regex;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Ticks a second of process times; the kernel's interface fixes it.
const USER_HZ: f64 = 100.0;
/// The group of processes that would have made one group too many.
const OTHERS: &str = "(others)";
/// Counters of a group, in this order: CPU time of both modes, faults, bytes read and written.
const COUNTERS: usize = 5;

type Counts = [f64; COUNTERS];

struct ProcessGroups {
    rules: Vec<Rule>,
    limit: usize,
    /// Processes seen, by number.
    known: Map<u32, Known>,
    groups: Vec<Group>,
    round: u32,
}

/// Which processes make a group.
struct Rule {
    name: Option<String>,
    command: Option<Regex>,
    cgroup: Option<Regex>,
    unit: Option<Regex>,
}

/// A process as it was seen last.
struct Known {
    started: u64,
    command: String,
    /// Its place among the groups; `None` for one that nobody asked for.
    group: Option<usize>,
    counts: Counts,
    round: u32,
}

#[derive(Default)]
struct Group {
    name: String,
    /// What its processes, those that are gone among them, have used since they were first seen.
    counts: Counts,
    processes: f64,
    threads: f64,
    resident_bytes: f64,
    descriptors: f64,
    oldest_start: f64,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let wanted = &config.process_groups;
    let pattern = |text: &Option<String>| {
        let compile = |text: &String| Regex::new(text).map_err(|error| format!("pattern \"{text}\": {error}"));
        text.as_ref().map(compile).transpose()
    };
    let rule = |group: &crate::host::config::ProcessGroup| {
        let (command, cgroup, unit) = (pattern(&group.command)?, pattern(&group.cgroup)?, pattern(&group.unit)?);
        if command.is_none() && cgroup.is_none() && unit.is_none() {
            return Err("a process group needs a command, a cgroup or a unit".to_owned());
        }
        Ok(Rule { name: group.name.clone(), command, cgroup, unit })
    };
    let rules = wanted.groups.iter().map(rule).collect::<Result<Vec<_>, String>>()?;
    if wanted.limit == 0 {
        return Err("process_groups.limit must be at least 1".to_owned());
    }
    Ok(Box::new(ProcessGroups { rules, limit: wanted.limit, known: Map::default(), groups: Vec::new(), round: 0 }))
}

impl HostSource for ProcessGroups {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        self.round = self.round.wrapping_add(1);
        for group in &mut self.groups {
            (group.processes, group.threads, group.resident_bytes) = (0.0, 0.0, 0.0);
            (group.descriptors, group.oldest_start) = (0.0, 0.0);
        }
        let boot = boot_seconds(system).unwrap_or_default();
        for name in system.proc.names(format_args!(""))?.iter() {
            let Ok(pid) = name.parse::<u32>() else { continue };
            // A process that has ended meanwhile is none.
            let Ok(stat) = system.proc.read_once(format_args!("{name}/stat")) else { continue };
            let Some(seen) = Seen::of(&stat) else { continue };
            if let Some(group) = self.group_of(system, pid, &seen) {
                self.count(system, (pid, group), &seen, boot);
            }
        }
        let round = self.round;
        self.known.retain(|_, known| known.round == round);
        for group in &self.groups {
            tell(out, group);
        }
        Ok(())
    }
}

/// What a process' `stat` says.
struct Seen<'a> {
    command: &'a str,
    started: u64,
    times: [f64; 2],
    major_faults: f64,
    threads: f64,
    resident_pages: f64,
}

impl<'a> Seen<'a> {
    fn of(stat: &'a str) -> Option<Self> {
        // The name may hold blanks and brackets; fields from the third on stand behind it.
        let (head, rest) = stat.rsplit_once(") ")?;
        let (_, command) = head.split_once('(')?;
        let mut fields = rest.split_ascii_whitespace().skip(9);
        let major_faults = number(fields.next()?).ok()?;
        let (user, system) = (number(fields.nth(1)?).ok()?, number(fields.next()?).ok()?);
        let threads = number(fields.nth(4)?).ok()?;
        let started = fields.nth(1)?.parse().ok()?;
        let resident_pages = number(fields.nth(1)?).ok()?.max(0.0);
        let times = [user / USER_HZ, system / USER_HZ];
        Some(Self { command, started, times, major_faults, threads, resident_pages })
    }
}

impl ProcessGroups {
    /// The group of a process, found for a new one.
    fn group_of(&mut self, system: &System, pid: u32, seen: &Seen<'_>) -> Option<usize> {
        let round = self.round;
        if let Some(known) = self.known.get_mut(&pid)
            && known.started == seen.started
            && known.command == seen.command
        {
            known.round = round;
            return known.group;
        }
        let name = self.name_for(system, pid, seen.command);
        let group = name.map(|name| self.place_of(&name));
        // What it used under another name is not told again under this one.
        let before = self.known.get(&pid).filter(|known| known.started == seen.started);
        let counts = before.map(|known| known.counts).unwrap_or_default();
        let (started, command) = (seen.started, seen.command.to_owned());
        self.known.insert(pid, Known { started, command, group, counts, round });
        group
    }

    fn name_for(&self, system: &System, pid: u32, command: &str) -> Option<String> {
        let needs_path = self.rules.iter().any(|rule| rule.cgroup.is_some() || rule.unit.is_some());
        let table = if needs_path { system.proc.read_once(format_args!("{pid}/cgroup")).ok() } else { None };
        let path = table.as_deref().map(cgroup_path).unwrap_or_default();
        let unit = unit_of(path).unwrap_or_default();
        let fits = |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
        let rule = self.rules.iter().find(|rule| {
            fits(&rule.command, command)
                && fits(&rule.cgroup, path)
                && (rule.unit.is_none() || !unit.is_empty())
                && fits(&rule.unit, unit)
        })?;
        let own = if rule.unit.is_some() {
            unit
        } else if rule.command.is_some() {
            command
        } else {
            path
        };
        Some(rule.name.clone().unwrap_or_else(|| own.to_owned()))
    }

    /// The place of a group's name; names beyond the limit share one.
    fn place_of(&mut self, name: &str) -> usize {
        let find = |groups: &[Group], name: &str| groups.iter().position(|group| group.name == name);
        if let Some(place) = find(&self.groups, name) {
            return place;
        }
        let name = if self.groups.len() >= self.limit { OTHERS } else { name };
        find(&self.groups, name).unwrap_or_else(|| {
            self.groups.push(Group { name: name.to_owned(), ..Group::default() });
            self.groups.len() - 1
        })
    }

    fn count(&mut self, system: &System, (pid, place): (u32, usize), seen: &Seen<'_>, boot: f64) {
        let (Some(known), Some(group)) = (self.known.get_mut(&pid), self.groups.get_mut(place)) else { return };
        let mut counts = [seen.times[0], seen.times[1], seen.major_faults, known.counts[3], known.counts[4]];
        // Another user's traffic is only told to root.
        if let Ok(traffic) = system.proc.read_once(format_args!("{pid}/io")) {
            for line in traffic.lines() {
                match line.split_once(": ") {
                    Some(("read_bytes", bytes)) => counts[3] = number(bytes).unwrap_or(counts[3]),
                    Some(("write_bytes", bytes)) => counts[4] = number(bytes).unwrap_or(counts[4]),
                    _ => {}
                }
            }
        }
        for ((total, now), before) in group.counts.iter_mut().zip(counts).zip(known.counts) {
            *total += (now - before).max(0.0);
        }
        known.counts = counts;
        group.processes += 1.0;
        group.threads += seen.threads;
        group.resident_bytes += seen.resident_pages * rustix::param::page_size() as f64;
        group.descriptors += system.proc.names(format_args!("{pid}/fd")).map_or(0.0, |names| names.len() as f64);
        let start = boot + seen.started as f64 / USER_HZ;
        group.oldest_start = if group.processes > 1.0 { group.oldest_start.min(start) } else { start };
    }
}

fn boot_seconds(system: &System) -> Result<f64, Failure> {
    let stat = system.proc.read(format_args!("stat"))?;
    number(stat.lines().find_map(|line| line.strip_prefix("btime ")).unwrap_or_default())
}

/// The path that systemd gave a process: of the unified hierarchy, else of its named one, else the first.
fn cgroup_path(table: &str) -> &str {
    let path = |prefix: &str| table.lines().find_map(|line| line.split_once(prefix).map(|(_, path)| path));
    let unified = table.lines().find_map(|line| line.strip_prefix("0::")).filter(|path| *path != "/");
    let first = || table.lines().next().and_then(|line| line.splitn(3, ':').nth(2));
    unified.or_else(|| path(":name=systemd:")).or_else(first).unwrap_or_default()
}

/// The innermost service, scope or other unit on a path.
fn unit_of(path: &str) -> Option<&str> {
    let is_unit = |part: &&str| [".service", ".scope", ".socket", ".mount"].iter().any(|end| part.ends_with(end));
    path.rsplit('/').find(is_unit)
}

fn tell(out: &mut Section, group: &Group) {
    let labels = [("group", group.name.as_str())];
    let [user, system, faults, read, written] = group.counts;
    out.put("node_process_group_processes", &labels, group.processes);
    out.put("node_process_group_threads", &labels, group.threads);
    out.put("node_process_group_cpu_seconds_total", &[labels[0], ("mode", "user")], user);
    out.put("node_process_group_cpu_seconds_total", &[labels[0], ("mode", "system")], system);
    out.put("node_process_group_major_page_faults_total", &labels, faults);
    out.put("node_process_group_read_bytes_total", &labels, read);
    out.put("node_process_group_written_bytes_total", &labels, written);
    out.put("node_process_group_resident_memory_bytes", &labels, group.resident_bytes);
    out.put("node_process_group_open_fds", &labels, group.descriptors);
    if group.processes > 0.0 {
        out.put("node_process_group_oldest_start_time_seconds", &labels, group.oldest_start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_on_paths_of_both_kinds() {
        let unified = "0::/system.slice/nginx.service\n";
        let old =
            "12:cpu,cpuacct:/system.slice/a.service\n1:name=systemd:/user.slice/user-1.slice/session-2.scope\n0::/\n";
        assert_eq!(unit_of(cgroup_path(unified)), Some("nginx.service"));
        assert_eq!(unit_of(cgroup_path(old)), Some("session-2.scope"));
        assert_eq!(unit_of(cgroup_path("3:cpu:/docker/abc\n")), None);
        assert_eq!(cgroup_path(""), "");
    }

    #[test]
    fn names_with_brackets_are_read() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 10 0 3 0 250 50 0 0 20 0 4 0 900 1000 25 18446744073709551615";
        let seen = Seen::of(stat).unwrap();
        assert_eq!((seen.command, seen.started, seen.times), ("a) b (c", 900, [2.5, 0.5]));
        assert_eq!((seen.major_faults, seen.threads, seen.resident_pages), (3.0, 4.0, 25.0));
        for cut in 0..stat.len() - 30 {
            Seen::of(stat.get(..cut).unwrap());
        }
    }
}

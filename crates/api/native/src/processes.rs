//! `/api/gw/processes`: processes of this machine or of one control group, what they use now, the largest first.
//!
//! A command line may hold a password or a token, and who looks at pages need not be a user of the machine: command lines are
//! for administrators, everybody else sees names of programs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::{Extension, Json};
use gw_base::{Kind, Map, World};
use gw_collect::container::Process;
use gw_collect::{Containers, HostPages};
use gw_serve::{Fault, Params, Permission, Principal};
use serde::Serialize;

/// Processes of an answer that was not asked for all of them.
const TOP: usize = 20;
/// What is used between two looks is told of looks so far apart.
const SHORTEST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(120);
/// How long the first look waits for a second one.
const FIRST: Duration = Duration::from_millis(500);

/// What the route stands on.
#[derive(Clone)]
pub(crate) struct Watch {
    pub(crate) containers: Containers,
    pub(crate) machine: Arc<HostPages>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) usage: Arc<Usage>,
}

/// A process.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Row {
    pid: u32,
    user: String,
    /// Of one CPU, now; over its life where it began since the last look.
    cpu_percent: f64,
    memory: u64,
    state: char,
    started: i64,
    /// Name of the program.
    command: String,
    /// The whole command line, for those who may see it.
    command_line: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ProcessesPage {
    processes: Vec<Row>,
    /// How many there are, also when only the largest are told.
    total: usize,
}

/// The page.
pub(crate) async fn page(
    State(watch): State<Watch>,
    who: Option<Extension<Principal>>,
    params: Params,
) -> Result<Json<ProcessesPage>, Fault> {
    let group = params.get("group").map(str::to_owned);
    let wanted = Wanted::of(params.get("all"), who.as_deref());
    let mut processes = read(&watch, group.clone()).await?;
    if !watch.usage.measure(watch.world.elapsed(), &mut processes) {
        watch.world.sleep(FIRST).await;
        processes = read(&watch, group).await?;
        watch.usage.measure(watch.world.elapsed(), &mut processes);
    }
    let total = processes.len();
    Ok(Json(ProcessesPage { processes: wanted.rows(processes), total }))
}

async fn read(watch: &Watch, group: Option<String>) -> Result<Vec<Process>, Fault> {
    let (containers, machine, world) = (watch.containers.clone(), Arc::clone(&watch.machine), Arc::clone(&watch.world));
    let missing = match &group {
        Some(path) => format!("there is no control group {path}"),
        None => "this machine is not watched, set collect.host.enabled to true".to_owned(),
    };
    let read = move || group.map_or_else(|| machine.processes(), |path| containers.processes(&world, &path));
    let done = tokio::task::spawn_blocking(read).await;
    let found = done.map_err(|error| Fault::new(Kind::Internal, format!("reading processes: {error}")))?;
    found.ok_or_else(|| Fault::new(Kind::NotFound, missing))
}

/// What processes had used when somebody last looked.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    known: Mutex<Map<(u32, i64), Look>>,
}

#[derive(Debug, Clone, Copy)]
struct Look {
    at: Duration,
    ticks: u64,
    percent: Option<f64>,
}

impl Usage {
    /// Writes what each process uses now into `cpu_percent`; false where no process was looked at before.
    fn measure(&self, now: Duration, processes: &mut [Process]) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, look| now.saturating_sub(look.at) <= LONGEST);
        let mut any = processes.is_empty();
        for process in processes {
            let key = (process.pid, process.started_secs);
            let Some(look) = known.get_mut(&key) else {
                known.insert(key, Look { at: now, ticks: process.cpu_ticks, percent: None });
                continue;
            };
            let age = now.saturating_sub(look.at);
            if age >= if look.percent.is_some() { SHORTEST } else { FIRST } {
                let hundredths = process.cpu_ticks.saturating_sub(look.ticks) as f64;
                *look = Look { at: now, ticks: process.cpu_ticks, percent: Some(hundredths / age.as_secs_f64()) };
            }
            if let Some(percent) = look.percent {
                process.cpu_percent = percent;
                any = true;
            }
        }
        any
    }
}

/// How much is told of processes, and to whom.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    all: bool,
    command_lines: bool,
}

impl Wanted {
    fn of(all: Option<&str>, who: Option<&Principal>) -> Self {
        let command_lines = who.is_some_and(|principal| principal.may(Permission::Administer));
        Self { all: all.is_some(), command_lines }
    }

    /// The rows, those with the largest share of CPU or memory first.
    fn rows(self, mut processes: Vec<Process>) -> Vec<Row> {
        let share = |process: &Process| process.cpu_percent.max(process.memory_percent);
        processes.sort_by(|a, b| share(b).total_cmp(&share(a)).then(b.rss.cmp(&a.rss)).then(a.pid.cmp(&b.pid)));
        processes.truncate(if self.all { usize::MAX } else { TOP });
        processes.into_iter().map(|process| self.row(process)).collect()
    }

    fn row(self, process: Process) -> Row {
        Row {
            pid: process.pid,
            user: process.user,
            cpu_percent: process.cpu_percent,
            memory: process.rss,
            state: process.status,
            started: process.started_secs,
            command: process.command,
            command_line: self.command_lines.then_some(process.command_line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, cpu_percent: f64, memory_percent: f64) -> Process {
        let command_line = "server --password=hunter2".to_owned();
        Process { pid, cpu_percent, memory_percent, command: "server".to_owned(), command_line, ..Process::default() }
    }

    #[test]
    fn the_largest_share_of_either_comes_first_and_few_are_told() {
        let mut some: Vec<Process> = (1..=30).map(|pid| process(pid, f64::from(pid) / 10.0, 0.0)).collect();
        some.push(process(99, 0.0, 40.0));
        let pids = |all| Wanted::of(all, None).rows(some.clone()).iter().map(|row| row.pid).collect::<Vec<_>>();
        let top = pids(None);
        assert_eq!((top.len(), top.first(), top.get(1)), (TOP, Some(&99), Some(&30)));
        assert_eq!(pids(Some("1")).len(), 31);
    }

    #[test]
    fn a_command_line_is_not_for_everybody() {
        let told = |command_lines| {
            let rows = Wanted { all: false, command_lines }.rows(vec![process(1, 1.0, 1.0)]);
            serde_json::to_string(&rows).expect("rows are JSON")
        };
        assert!(told(true).contains("--password=hunter2"));
        assert!(told(false).contains("\"command\":\"server\"") && !told(false).contains("hunter2"));
    }

    #[test]
    fn usage_is_that_since_the_last_look() {
        let (usage, at) = (Usage::default(), Duration::from_secs);
        let look = |now: Duration, ticks: u64| {
            let mut processes = [Process { pid: 7, cpu_ticks: ticks, cpu_percent: 1.0, ..Process::default() }];
            (usage.measure(now, &mut processes), processes[0].cpu_percent)
        };
        assert_eq!(look(at(100), 5_000), (false, 1.0), "the first look knows its life alone");
        assert_eq!(look(at(110), 5_500), (true, 50.0));
        assert_eq!(look(at(111), 5_500), (true, 50.0), "a look that follows at once tells the same");
        assert_eq!(look(at(115), 5_500), (true, 0.0));
        assert_eq!(look(at(300), 9_000), (false, 1.0), "what was long ago is forgotten");
    }
}

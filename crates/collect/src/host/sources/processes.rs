//! `processes`: processes and threads by state.

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Letters of `/proc/PID/stat`, each with how many are in that state.
#[derive(Default)]
struct States(Vec<(char, u32)>);

impl States {
    fn count(&mut self, state: char) {
        match self.0.iter_mut().find(|(known, _)| *known == state) {
            Some((_, count)) => *count += 1,
            None => self.0.push((state, 1)),
        }
    }

    fn tell(&mut self, out: &mut Section, family: &str, label: &str) {
        let mut letter = [0; 4];
        for (state, count) in &mut self.0 {
            if *count > 0 {
                let letter: &str = state.encode_utf8(&mut letter);
                out.put(family, &[(label, letter)], f64::from(*count));
            }
            *count = 0;
        }
    }
}

#[derive(Default)]
struct Processes {
    processes: States,
    threads: States,
}

pub(super) fn make(_: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Processes::default()))
}

impl HostSource for Processes {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let (mut pids, mut threads) = (0u32, 0.0);
        for name in system.proc.names(format_args!(""))?.iter() {
            if !name.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            // A process that has ended meanwhile is none.
            let Ok(stat) = system.proc.read_once(format_args!("{name}/stat")) else { continue };
            let Some((state, count)) = state_of(&stat) else { continue };
            pids += 1;
            threads += count;
            self.processes.count(state);
            // The only thread is in its process' state.
            if count <= 1.0 && system.proc.exists(format_args!("{name}/task")) {
                self.threads.count(state);
                continue;
            }
            for thread in system.proc.names_if_any(format_args!("{name}/task")).iter() {
                let stat = system.proc.read_once(format_args!("{name}/task/{thread}/stat"));
                if let Some((state, _)) = stat.ok().as_deref().and_then(state_of) {
                    self.threads.count(state);
                }
            }
        }
        out.put("node_processes_threads", &[], threads);
        out.put("node_processes_max_threads", &[], system.proc.number(format_args!("sys/kernel/threads-max"))?);
        self.processes.tell(out, "node_processes_state", "state");
        self.threads.tell(out, "node_processes_threads_state", "thread_state");
        out.put("node_processes_pids", &[], f64::from(pids));
        out.put("node_processes_max_processes", &[], system.proc.number(format_args!("sys/kernel/pid_max"))?);
        Ok(())
    }
}

/// State and number of threads; the name before them may hold anything.
fn state_of(stat: &str) -> Option<(char, f64)> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(16)?.parse().ok()?))
}

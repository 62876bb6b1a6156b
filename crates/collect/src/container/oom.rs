//! Kills for lack of memory, from the kernel's log: which group ran out, which process died.

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::parse::assigned;

/// Largest record of the kernel's log.
const RECORD_BYTES: usize = 8 << 10;
/// Most records that are taken at once.
const MAX_RECORDS: usize = 50_000;

/// One kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kill {
    /// Microseconds since boot.
    pub(super) at_us: u64,
    /// Path of the group that ran out of memory, in the memory hierarchy.
    pub(super) limited: String,
    /// Path of the group of the process.
    pub(super) victim: String,
    /// The process.
    pub(super) pid: u32,
    /// Its name.
    pub(super) process: String,
}

/// The kernel's log, read as far as it has been written.
#[derive(Debug)]
pub(super) struct KernelLog {
    file: std::fs::File,
}

impl KernelLog {
    /// `None` where it may not be read; kills are then counted without a name.
    pub(super) fn open(path: &str) -> Option<Self> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let opened = rustix::fs::open(Path::new(path), flags, Mode::empty());
        match opened {
            Ok(file) => Some(Self { file: file.into() }),
            Err(error) => {
                tracing::debug!(path, %error, "the kernel's log cannot be read, processes killed for memory stay unnamed");
                None
            }
        }
    }

    /// Kills that were written since the last time.
    pub(super) fn kills(&mut self) -> Vec<Kill> {
        let mut kills = Vec::new();
        let mut record = vec![0; RECORD_BYTES];
        for _ in 0..MAX_RECORDS {
            match self.file.read(&mut record) {
                Ok(0) => break,
                Ok(length) => {
                    let text = String::from_utf8_lossy(&record[..length]);
                    kills.extend(text.lines().filter_map(parse));
                }
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {} // records were overwritten, the next is whole
                Err(_no_more) => break,
            }
        }
        kills
    }
}

/// `6,1234,5678901,-;oom-kill:constraint=...,oom_memcg=/a,task_memcg=/a/b,task=stress,pid=42,uid=0`
fn parse(line: &str) -> Option<Kill> {
    let (head, message) = line.split_once(';')?;
    let at_us = head.split(',').nth(2)?.parse().ok()?;
    let facts = message.strip_prefix("oom-kill:")?;
    let victim = assigned(facts, "task_memcg", ',')?.to_owned();
    // A kill for the whole machine names no group that was limited.
    let limited = assigned(facts, "oom_memcg", ',').unwrap_or("/").to_owned();
    // Names may hold commas: what stands between `task=` and the last `,pid=`.
    let (before, after) = facts.rsplit_once(",pid=")?;
    let process = before.rsplit_once(",task=")?.1.to_owned();
    let pid = after.split(',').next()?.parse().ok()?;
    Some(Kill { at_us, limited, victim, pid, process })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_read() {
        let line = "6,900,123456789,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,\
                    oom_memcg=/docker/a,task_memcg=/docker/a/b,task=a,b c,pid=4711,uid=0";
        let kill = parse(line).unwrap();
        assert_eq!(
            (kill.at_us, kill.limited.as_str(), kill.victim.as_str()),
            (123_456_789, "/docker/a", "/docker/a/b")
        );
        assert_eq!((kill.pid, kill.process.as_str()), (4711, "a,b c"));
        for end in 0..line.len() {
            let _any = line.get(..end).and_then(parse);
        }
        assert_eq!(parse("6,1,2,-;Linux version 6"), None);
    }
}

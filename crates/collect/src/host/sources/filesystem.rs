//! `filesystem`: size and use of mounted filesystems. A mount that does not answer never holds up the page.

use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gw_base::{Set, Timestamp};
use regex::Regex;
use rustix::fs::{StatVfs, statvfs};

use super::HostSource;
use crate::host::config::{HostConfig, pattern};
use crate::host::page::Page;
use crate::host::roots::Roots;

struct Filesystem {
    mount_points_exclude: Regex,
    types_exclude: Regex,
    timeout: Duration,
    /// Mount points whose last question has not been answered yet.
    stuck: Arc<Mutex<Set<String>>>,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Filesystem {
        mount_points_exclude: pattern(&config.filesystem.mount_points_exclude)?,
        types_exclude: pattern(&config.filesystem.fs_types_exclude)?,
        timeout: config.filesystem.mount_timeout.get(),
        stuck: Arc::default(),
    }))
}

/// A line of the mount table.
struct Mount {
    device: String,
    /// As this process sees it.
    seen_at: String,
    /// As the reported machine sees it.
    mount_point: String,
    kind: String,
    read_only: bool,
}

impl HostSource for Filesystem {
    fn read(&mut self, roots: &Roots, _: Timestamp, page: &mut Page) -> Result<(), String> {
        // The table of process 1 is that of the machine, also when this process lives in a namespace of its own.
        let table = roots.proc("1/mounts").or_else(|_| roots.proc("mounts"))?;
        let mut mounts: Vec<Mount> = table.lines().filter_map(|line| self.mount(roots, line)).collect();
        let mut seen = Set::default();
        mounts.retain(|mount| seen.insert((mount.device.clone(), mount.mount_point.clone(), mount.kind.clone())));
        let answers = self.ask(roots, &mounts);
        for (mount, answer) in mounts.iter().zip(answers) {
            write(page, mount, answer.as_ref());
        }
        Ok(())
    }
}

impl Filesystem {
    fn mount(&self, roots: &Roots, line: &str) -> Option<Mount> {
        let mut fields = line.split_ascii_whitespace();
        let (device, point, kind, options) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let seen_at = unescape(point);
        let mount_point = roots.without_root(&seen_at).to_owned();
        if self.mount_points_exclude.is_match(&mount_point) || self.types_exclude.is_match(kind) {
            return None;
        }
        Some(Mount {
            device: unescape(device),
            mount_point,
            seen_at,
            kind: kind.to_owned(),
            read_only: options.split(',').any(|option| option == "ro"),
        })
    }

    /// Asks every mount on a thread of its own making; who does not answer in time is skipped, this time and until it does.
    fn ask(&self, roots: &Roots, mounts: &[Mount]) -> Vec<Option<StatVfs>> {
        let mut answers: Vec<Option<StatVfs>> = mounts.iter().map(|_| None).collect();
        let mut next = 0;
        while next < mounts.len() {
            let paths: Vec<_> = (next..mounts.len()).map(|i| (i, roots.under_root(&mounts[i].mount_point))).collect();
            let waiting: Vec<String> = mounts.iter().map(|mount| mount.seen_at.clone()).collect();
            let (sender, receiver) = mpsc::sync_channel(mounts.len());
            let stuck = Arc::clone(&self.stuck);
            let work = move || {
                for (i, path) in paths {
                    let name = &waiting[i];
                    let busy = !stuck.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
                    let answer = if busy { None } else { statvfs(&path).ok() };
                    if !busy {
                        stuck.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
                    }
                    if sender.send((i, answer)).is_err() {
                        return;
                    }
                }
            };
            if std::thread::Builder::new().name("statvfs".to_owned()).spawn(work).is_err() {
                return answers;
            }
            while next < mounts.len() {
                match receiver.recv_timeout(self.timeout) {
                    Ok((i, answer)) => {
                        answers[i] = answer;
                        next = i + 1;
                    }
                    Err(_late) => {
                        next += 1;
                        break;
                    }
                }
            }
        }
        answers
    }
}

fn write(page: &mut Page, mount: &Mount, answer: Option<&StatVfs>) {
    let error = if answer.is_some() { "" } else { "no answer" };
    let labels = [
        ("device", mount.device.as_str()),
        ("device_error", error),
        ("fstype", &mount.kind),
        ("mountpoint", &mount.mount_point),
    ];
    let mut gauge = |name: &str, help: &str, value: f64| {
        page.gauge(&format!("node_filesystem_{name}"), help).add(&labels, value);
    };
    let help = "Whether an error occurred while getting statistics for the given device.";
    gauge("device_error", help, f64::from(u8::from(answer.is_none())));
    gauge("readonly", "Filesystem read-only status.", f64::from(u8::from(mount.read_only)));
    let Some(stat) = answer else { return };
    let bytes = |blocks: u64| blocks as f64 * stat.f_frsize as f64;
    gauge("size_bytes", "Filesystem size in bytes.", bytes(stat.f_blocks));
    gauge("free_bytes", "Filesystem free space in bytes.", bytes(stat.f_bfree));
    gauge("avail_bytes", "Filesystem space available to non-root users in bytes.", bytes(stat.f_bavail));
    gauge("files", "Filesystem total file nodes.", stat.f_files as f64);
    gauge("files_free", "Filesystem total free file nodes.", stat.f_ffree as f64);
}

/// The mount table writes blanks, tabs, line ends and backslashes as three octal digits.
fn unescape(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut rest = field;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => {
                out.push(char::from(code));
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                out.push('\\');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

//! `filesystem`: size and use of mounted filesystems. A mount that does not answer never holds up the page.

use std::borrow::Cow;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use regex::Regex;
use rustix::fs::{StatVfs, statvfs};

use super::HostSource;
use crate::host::config::{Compat, HostConfig};
use crate::host::parse::{flag, unescape};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Filesystems whose answer does not depend on another machine or program: asked right here.
const LOCAL: [&str; 12] =
    ["ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "ramfs", "overlay", "vfat", "f2fs", "zfs", "squashfs"];
/// Longest wait for the others, all together. What `mount-timeout` allows is less only when it is shorter: a page must not
/// take longer than its scraper waits.
const PATIENCE: Duration = Duration::from_millis(250);

struct Filesystem {
    points: Filter,
    types: Filter,
    patience: Duration,
    /// What is left of the patience of this scrape.
    left: Duration,
    /// Whoever asks the mounts that may not answer.
    asker: Option<Asker>,
    /// Those that wait for the answer of a mount that hangs; the mount is not asked again before it comes.
    late: Vec<(String, Asker)>,
}

/// Names that are wanted.
struct Filter {
    exclude: Option<Regex>,
    include: Option<Regex>,
}

impl Filter {
    fn of(config: &HostConfig, name: &str) -> Result<Self, String> {
        let (exclude, include) = (format!("filesystem.{name}-exclude"), format!("filesystem.{name}-include"));
        if !config.option(&include).is_empty() {
            if config.all(&exclude).iter().any(|pattern| !pattern.is_empty()) {
                let option = |option: &str| format!("--collector.{option}");
                return Err(format!("{} and {} are mutually exclusive", option(&exclude), option(&include)));
            }
            return Ok(Self { exclude: None, include: Some(config.pattern(&include)?) });
        }
        Ok(Self { exclude: Some(config.pattern(&exclude)?), include: None })
    }

    fn wants(&self, name: &str) -> bool {
        self.exclude.as_ref().is_none_or(|pattern| !pattern.is_match(name))
            && self.include.as_ref().is_none_or(|pattern| pattern.is_match(name))
    }
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let timeout: gw_config::PromDuration = config
        .option("filesystem.mount-timeout")
        .parse()
        .map_err(|error| format!("filesystem.mount-timeout: {error}"))?;
    Ok(Box::new(Filesystem {
        points: Filter::of(config, "mount-points")?,
        types: Filter::of(config, "fs-types")?,
        patience: timeout.get().min(PATIENCE),
        left: Duration::ZERO,
        asker: None,
        late: Vec::new(),
    }))
}

/// A mount as the table has it.
struct Mount<'a> {
    device: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
    super_options: &'a str,
    number: &'a str,
}

impl<'a> Mount<'a> {
    /// A line of `/proc/1/mounts`: device, point, type, options.
    fn of_mounts(line: &'a str) -> Option<Self> {
        let mut fields = line.split(' ');
        let (device, point, kind, options) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        Some(Self { device, point, kind, options, super_options: "", number: "" })
    }

    /// A line of `/proc/1/mountinfo`: `36 35 98:0 /root /point options optional... - type device super-options`.
    fn of_mountinfo(line: &'a str) -> Option<Self> {
        let (first, second) = line.split_once(" - ")?;
        let mut fields = first.split(' ');
        let (number, point, options) = (fields.nth(2)?, fields.nth(1)?, fields.next()?);
        let mut fields = second.split(' ');
        let (kind, device, super_options) = (fields.next()?, fields.next()?, fields.next().unwrap_or_default());
        Some(Self { device, point, kind, options, super_options, number })
    }

    fn is_read_only(&self) -> bool {
        self.options.split(',').chain(self.super_options.split(',')).any(|option| option == "ro")
    }
}

impl HostSource for Filesystem {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        self.left = self.patience;
        self.late.retain(|(_, asker)| asker.answers.try_recv().is_err_and(|error| error == TryRecvError::Empty));
        // The table of process 1 is that of the machine, also when this process lives in a namespace of its own.
        let is_new = system.compat >= Compat::V1_12;
        let file = if is_new { "mountinfo" } else { "mounts" };
        let table = system.proc.read(format_args!("1/{file}"));
        let table = table.or_else(|_| system.proc.read(format_args!("self/{file}")))?;
        let of = if is_new { Mount::of_mountinfo } else { Mount::of_mounts };
        for mount in table.lines().filter_map(of) {
            let seen_at = unescape(mount.point);
            let point = without_root(system, &seen_at);
            if !self.points.wants(point) || !self.types.wants(mount.kind) {
                continue;
            }
            let root = system.root.path();
            let below: Cow<'_, Path> = match root.as_os_str() == "/" {
                true => Path::new(point).into(),
                false => root.join(point.trim_start_matches('/')).into(),
            };
            let is_local = LOCAL.contains(&mount.kind);
            let answer = if is_local { statvfs(&*below).map_err(error_name) } else { self.ask(&below) };
            tell(system.compat, out, (&mount, point), answer);
        }
        Ok(())
    }
}

/// A mount point as the reported machine sees it.
fn without_root<'a>(system: &System, path: &'a str) -> &'a str {
    let root = system.root.path().to_str().unwrap_or("/").trim_end_matches('/');
    match path.strip_prefix(root) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

impl Filesystem {
    /// Asks on a thread of its own; who does not answer in time is skipped, this time and until it does.
    fn ask(&mut self, path: &Path) -> Result<StatVfs, &'static str> {
        const TIMEOUT: &str = "mountpoint timeout";
        let path = path.to_string_lossy();
        if self.late.iter().any(|(late, _)| *late == path) {
            return Err(TIMEOUT);
        }
        let asker = match self.asker.take() {
            Some(asker) => asker,
            None => Asker::start().ok_or("no thread")?,
        };
        if asker.questions.try_send(path.clone().into_owned()).is_err() {
            return Err("no thread");
        }
        match asker.answers.recv_timeout(self.left) {
            Ok(answer) => {
                self.asker = Some(asker);
                answer
            }
            Err(_late) => {
                self.late.push((path.into_owned(), asker));
                self.left = self.left.min(PATIENCE / 10);
                Err(TIMEOUT)
            }
        }
    }
}

type Answer = Result<StatVfs, &'static str>;

/// A thread that asks mounts for their numbers, one after the other.
struct Asker {
    questions: SyncSender<String>,
    answers: Receiver<Answer>,
}

impl Asker {
    fn start() -> Option<Self> {
        let (questions, asked) = sync_channel::<String>(1);
        let (told, answers) = sync_channel::<Answer>(1);
        let work = move || {
            for path in asked {
                if told.send(statvfs(&path).map_err(error_name)).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("statvfs".to_owned()).stack_size(64 << 10).spawn(work).ok()?;
        Some(Self { questions, answers })
    }
}

const fn error_name(errno: rustix::io::Errno) -> &'static str {
    match errno {
        rustix::io::Errno::ACCESS => "permission denied",
        rustix::io::Errno::PERM => "operation not permitted",
        rustix::io::Errno::NOENT => "no such file or directory",
        rustix::io::Errno::STALE => "stale file handle",
        rustix::io::Errno::NOTCONN => "transport endpoint is not connected",
        rustix::io::Errno::IO => "input/output error",
        _ => "error",
    }
}

fn tell(compat: Compat, out: &mut Section, (mount, point): (&Mount<'_>, &str), answer: Result<StatVfs, &'static str>) {
    let (major, minor) = mount.number.split_once(':').unwrap_or_default();
    let device = unescape(mount.device);
    let labels = [
        ("device", &*device),
        ("device_error", answer.as_ref().err().copied().unwrap_or_default()),
        ("fstype", mount.kind),
        ("mountpoint", point),
    ];
    // Wire: the error became a label in 1.7.
    let [device, error, kind, at] = labels;
    let (with_error, without) = ([device, error, kind, at], [device, kind, at]);
    let labels: &[(&str, &str)] = if compat >= Compat::V1_8 { &with_error } else { &without };
    out.put("node_filesystem_device_error", labels, flag(answer.is_err()));
    let Ok(stat) = answer else { return };
    out.put("node_filesystem_readonly", labels, flag(mount.is_read_only()));
    let bytes = |blocks: u64| blocks as f64 * stat.f_frsize as f64;
    out.put("node_filesystem_size_bytes", labels, bytes(stat.f_blocks));
    out.put("node_filesystem_free_bytes", labels, bytes(stat.f_bfree));
    out.put("node_filesystem_avail_bytes", labels, bytes(stat.f_bavail));
    out.put("node_filesystem_files", labels, stat.f_files as f64);
    out.put("node_filesystem_files_free", labels, stat.f_ffree as f64);
    if compat >= Compat::V1_12 {
        // Wire: told on every system, though only another one has it.
        out.put("node_filesystem_purgeable_bytes", labels, 0.0);
        let labels = [device, ("major", major), ("minor", minor), at];
        out.put("node_filesystem_mount_info", &labels, 1.0);
    }
}

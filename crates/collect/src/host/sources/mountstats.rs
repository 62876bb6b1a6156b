//! `mountstats`: what NFS clients have done, by mount.

use gw_base::Set;

use super::HostSource;
use crate::host::config::{Compat, HostConfig};
use crate::host::parse::{Decimal, unescape};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Names of the counters in the `events:` line; empty for one that nobody tells.
const EVENTS: [&str; 27] = [
    "inode_revalidate",
    "dnode_revalidate",
    "data_invalidate",
    "attribute_invalidate",
    "vfs_open",
    "vfs_lookup",
    "vfs_access",
    "vfs_update_page",
    "vfs_read_page",
    "vfs_read_pages",
    "vfs_write_page",
    "vfs_write_pages",
    "vfs_getdents",
    "vfs_setattr",
    "vfs_flush",
    "vfs_fsync",
    "vfs_lock",
    "vfs_file_release",
    "",
    "truncation",
    "write_extension",
    "silly_rename",
    "short_read",
    "short_write",
    "jukebox_delay",
    "pnfs_read",
    "pnfs_write",
];
const BYTES: [&str; 8] = [
    "read_bytes_total",
    "write_bytes_total",
    "direct_read_bytes_total",
    "direct_write_bytes_total",
    "total_read_bytes_total",
    "total_write_bytes_total",
    "read_pages_total",
    "write_pages_total",
];
/// In the `xprt:` line behind protocol and port; empty for one that nobody tells.
const TRANSPORT: [&str; 12] = [
    "bind_total",
    "connect_total",
    "",
    "idle_time_seconds",
    "sends_total",
    "receives_total",
    "bad_transaction_ids_total",
    "",
    "backlog_queue_total",
    "maximum_rpc_slots",
    "sending_queue_total",
    "pending_queue_total",
];
const OPERATIONS: [&str; 8] = [
    "requests_total",
    "transmissions_total",
    "major_timeouts_total",
    "sent_bytes_total",
    "received_bytes_total",
    "queue_time_seconds_total",
    "response_time_seconds_total",
    "request_time_seconds_total",
];
/// The first of [`OPERATIONS`] that is in milliseconds.
const FIRST_TIME: usize = 5;
/// Wire: times wrap where a float stops counting by ones.
const MANTISSA: u64 = 1 << 53;

#[derive(Default)]
struct MountStats {
    told: Set<String>,
}

pub(super) fn make(_: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(MountStats::default()))
}

impl HostSource for MountStats {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        self.told.clear();
        let text = system.proc.read(format_args!("self/mountstats"))?;
        let mounts = system.proc.read(format_args!("self/mountinfo"))?;
        let mut mount: Option<Mount<'_>> = None;
        // Wire: both files list the mounts in the same order.
        let mut infos = mounts.lines();
        for line in text.lines() {
            let line = line.trim();
            if let Some(header) = line.strip_prefix("device ") {
                let info = infos.next().unwrap_or_default();
                mount = Mount::of(header, info);
            } else if let Some(mount) = &mut mount {
                mount.line(system, line, &mut self.told, out)?;
            }
        }
        Ok(())
    }
}

/// The mount whose lines are read.
struct Mount<'a> {
    export: String,
    point: String,
    address: &'a str,
    protocol: &'a str,
    transports: u64,
    /// Lines before `xprt:`, which names the protocol that their labels hold.
    before: Vec<&'a str>,
    /// Whether another mount of the same export has told all this.
    is_told: bool,
    in_operations: bool,
}

impl<'a> Mount<'a> {
    /// From `EXPORT mounted on POINT with fstype nfs4 statvers=1.1`; `None` for other filesystems.
    fn of(header: &'a str, info: &'a str) -> Option<Self> {
        let mut fields = header.split_ascii_whitespace();
        let (export, point) = (fields.next()?, fields.nth(2)?);
        if !matches!(fields.nth(2)?, "nfs" | "nfs4") {
            return None;
        }
        let options = info.rsplit(' ').next().unwrap_or_default();
        Some(Self {
            export: unescape(export).into_owned(),
            point: unescape(point).into_owned(),
            address: options.split(',').find_map(|option| option.strip_prefix("addr=")).unwrap_or_default(),
            protocol: "",
            transports: 0,
            before: Vec::new(),
            is_told: false,
            in_operations: false,
        })
    }

    fn line(
        &mut self,
        system: &System,
        line: &'a str,
        told: &mut Set<String>,
        out: &mut Section,
    ) -> Result<(), Failure> {
        let mut fields = line.split_ascii_whitespace();
        let Some(key) = fields.next() else {
            self.in_operations = false;
            return Ok(());
        };
        match key {
            "age:" | "bytes:" | "events:" => self.before.push(line),
            "xprt:" => self.transport(system, fields, told, out)?,
            "per-op" => self.in_operations = true,
            _ if self.in_operations && !self.is_told && !self.protocol.is_empty() => {
                self.operation(key.trim_end_matches(':'), fields, out)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn labels(&self) -> [(&'static str, &str); 3] {
        [("export", &self.export), ("mountaddr", self.address), ("protocol", self.protocol)]
    }

    fn transport(
        &mut self,
        system: &System,
        mut fields: impl Iterator<Item = &'a str>,
        told: &mut Set<String>,
        out: &mut Section,
    ) -> Result<(), Failure> {
        let protocol = fields.next().unwrap_or_default();
        if self.transports == 0 {
            self.protocol = protocol;
            if system.compat >= Compat::V1_12 {
                let [export, address, protocol] = self.labels();
                let labels = [export, address, ("mountpoint", self.point.as_str()), protocol];
                out.put("node_mountstats_nfs_mountpoint_info", &labels, 1.0);
            }
            self.is_told = !told.insert([self.export.as_str(), protocol, self.address].join("\n"));
            self.first(out)?;
        }
        let place = Decimal::of(self.transports);
        self.transports += 1;
        if self.is_told || (self.transports > 1 && system.compat < Compat::V1_12) {
            return Ok(());
        }
        fields.next();
        // Wire: the line of UDP has no connection columns.
        let names = TRANSPORT.iter().enumerate().filter(|(at, _)| protocol != "udp" || !(1..4).contains(at));
        for ((_, name), field) in names.zip(fields) {
            self.tell_transport(system, (name, &place), whole(field)? as f64, out);
        }
        if protocol == "udp" {
            for name in ["connect_total", "idle_time_seconds"] {
                self.tell_transport(system, (name, &place), 0.0, out);
            }
        }
        Ok(())
    }

    fn tell_transport(&self, system: &System, (name, place): (&str, &Decimal), value: f64, out: &mut Section) {
        if name.is_empty() {
            return;
        }
        let [export, address, protocol] = self.labels();
        let labels = [export, address, protocol, ("transport", place.as_str())];
        let shown = if system.compat >= Compat::V1_12 { labels.as_slice() } else { &labels[..3] };
        out.put_named(format_args!("node_mountstats_nfs_transport_{name}"), shown, value);
    }

    /// The lines that stood before the protocol was known.
    fn first(&mut self, out: &mut Section) -> Result<(), Failure> {
        for line in std::mem::take(&mut self.before).iter().filter(|_| !self.is_told) {
            let mut fields = line.split_ascii_whitespace();
            match fields.next() {
                Some("age:") => {
                    let age = whole(fields.next().unwrap_or_default())? as f64;
                    out.put("node_mountstats_nfs_age_seconds_total", &self.labels(), age);
                }
                Some("bytes:") => {
                    for (name, field) in BYTES.iter().zip(fields) {
                        let value = whole(field)? as f64;
                        out.put_named(format_args!("node_mountstats_nfs_{name}"), &self.labels(), value);
                    }
                }
                _ => {
                    for (name, field) in EVENTS.iter().zip(fields).filter(|(name, _)| !name.is_empty()) {
                        let value = whole(field)? as f64;
                        out.put_named(format_args!("node_mountstats_nfs_event_{name}_total"), &self.labels(), value);
                    }
                }
            }
        }
        Ok(())
    }

    fn operation(
        &self,
        operation: &str,
        fields: impl Iterator<Item = &'a str>,
        out: &mut Section,
    ) -> Result<(), Failure> {
        let [export, address, protocol] = self.labels();
        let labels = [export, address, ("operation", operation), protocol];
        for (at, (name, field)) in OPERATIONS.iter().zip(fields).enumerate() {
            let count = whole(field)?;
            let value = if at < FIRST_TIME { count as f64 } else { (count % MANTISSA) as f64 / 1000.0 };
            out.put_named(format_args!("node_mountstats_nfs_operations_{name}"), &labels, value);
        }
        Ok(())
    }
}

fn whole(field: &str) -> Result<u64, Failure> {
    field.parse().map_err(|_not_a_number| Failure::told(format!("\"{field:.40}\" is not a number")))
}

//! `nfs`: what this machine's NFS client has done.

use crate::host::config::Compat;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Procedures in the kernel's order. The names are those of the wire contract.
pub(super) const VERSION_2: &[&str] = &[
    "Null", "GetAttr", "SetAttr", "Root", "Lookup", "ReadLink", "Read", "WrCache", "Write", "Create", "Remove",
    "Rename", "Link", "SymLink", "MkDir", "RmDir", "ReadDir", "FsStat",
];
pub(super) const VERSION_3: &[&str] = &[
    "Null",
    "GetAttr",
    "SetAttr",
    "Lookup",
    "Access",
    "ReadLink",
    "Read",
    "Write",
    "Create",
    "MkDir",
    "SymLink",
    "MkNod",
    "Remove",
    "RmDir",
    "Rename",
    "Link",
    "ReadDir",
    "ReadDirPlus",
    "FsStat",
    "FsInfo",
    "PathConf",
    "Commit",
];
const VERSION_4: &[&str] = &[
    "Null",
    "Read",
    "Write",
    "Commit",
    "Open",
    "OpenConfirm",
    "OpenNoattr",
    "OpenDowngrade",
    "Close",
    "Setattr",
    "FsInfo",
    "Renew",
    "SetClientID",
    "SetClientIDConfirm",
    "Lock",
    "Lockt",
    "Locku",
    "Access",
    "Getattr",
    "Lookup",
    "LookupRoot",
    "Remove",
    "Rename",
    "Link",
    "Symlink",
    "Create",
    "Pathconf",
    "StatFs",
    "ReadLink",
    "ReadDir",
    "ServerCaps",
    "DelegReturn",
    "GetACL",
    "SetACL",
    "FsLocations",
    "ReleaseLockowner",
    "Secinfo",
    "FsidPresent",
    "ExchangeID",
    "CreateSession",
    "DestroySession",
    "Sequence",
    "GetLeaseTime",
    "ReclaimComplete",
    "LayoutGet",
    "GetDeviceInfo",
    "LayoutCommit",
    "LayoutReturn",
    "SecinfoNoName",
    "TestStateID",
    "FreeStateID",
    "GetDeviceList",
    "BindConnToSession",
    "DestroyClientID",
    "Seek",
    "Allocate",
    "DeAllocate",
    "LayoutStats",
    "Clone",
];

/// Wire: 1.12 has this one and the next the other way round.
const LAYOUT_GET: usize = 44;

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("net/rpc/nfs")).map_err(Failure::or_no_data)?;
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let key = fields.next();
        let mut next = || fields.next().map_or(Ok(0.0), number);
        match key {
            Some("net") => {
                let (_all, udp, tcp) = (next()?, next()?, next()?);
                out.put("node_nfs_packets_total", &[("protocol", "udp")], udp);
                out.put("node_nfs_packets_total", &[("protocol", "tcp")], tcp);
                out.put("node_nfs_connections_total", &[], next()?);
            }
            Some("rpc") => {
                out.put("node_nfs_rpcs_total", &[], next()?);
                out.put("node_nfs_rpc_retransmissions_total", &[], next()?);
                out.put("node_nfs_rpc_authentication_refreshes_total", &[], next()?);
            }
            Some("proc2") => procedures(out, ("node_nfs_requests_total", "2"), VERSION_2, line)?,
            Some("proc3") => procedures(out, ("node_nfs_requests_total", "3"), VERSION_3, line)?,
            Some("proc4") if system.compat >= Compat::V1_12 => {
                let mut names = VERSION_4.to_vec();
                names.swap(LAYOUT_GET, LAYOUT_GET + 1);
                procedures(out, ("node_nfs_requests_total", "4"), &names, line)?;
            }
            Some("proc4") => procedures(out, ("node_nfs_requests_total", "4"), VERSION_4, line)?,
            _ => {}
        }
    }
    Ok(())
}

/// Counts of a `procN` line, behind its own count of columns; those that an older kernel does not count are 0. A procedure
/// without a name is left out.
pub(super) fn procedures(
    out: &mut Section,
    (family, version): (&str, &str),
    names: &[&str],
    line: &str,
) -> Result<(), Failure> {
    let mut counts = line.split_ascii_whitespace().skip(2);
    for name in names {
        let count = counts.next().map_or(Ok(0.0), number)?;
        if !name.is_empty() {
            out.put(family, &[("method", name), ("proto", version)], count);
        }
    }
    Ok(())
}

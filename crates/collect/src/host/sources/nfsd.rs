//! `nfsd`: what this machine's NFS server has done.

use super::nfs::{VERSION_2, VERSION_3, procedures};
use crate::host::config::Compat;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Operations in the kernel's order, from the fourth on: the first three numbers are not in use.
const VERSION_4: &[&str] = &[
    "",
    "",
    "",
    "Access",
    "Close",
    "Commit",
    "Create",
    "DelegPurge",
    "DelegReturn",
    "GetAttr",
    "GetFH",
    "Link",
    "Lock",
    "Lockt",
    "Locku",
    "Lookup",
    "LookupRoot",
    "Nverify",
    "Open",
    "OpenAttr",
    "OpenConfirm",
    "OpenDgrd",
    "PutFH",
    "",
    "",
    "Read",
    "ReadDir",
    "ReadLink",
    "Remove",
    "Rename",
    "Renew",
    "RestoreFH",
    "SaveFH",
    "SecInfo",
    "SetAttr",
    "SetClientID",
    "SetClientIDConfirm",
    "Verify",
    "Write",
    "RelLockOwner",
];
/// Wire: 1.6 knew nothing of the two client operations and named those behind them wrong.
const VERSION_4_OF_1_6: &[&str] = &["Verify", "Write", "RelLockOwner"];
const CLIENT_OPERATIONS: usize = 35;

const REQUESTS: &str = "node_nfsd_requests_total";

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("net/rpc/nfsd")).map_err(Failure::or_no_data)?;
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let key = fields.next().unwrap_or_default();
        let mut numbers = [0.0; 11];
        if !key.starts_with("proc") && key != "th" {
            for (number_at, field) in numbers.iter_mut().zip(fields.clone()) {
                *number_at = number(field)?;
            }
        }
        let mut put = |family: &str, value: f64| out.put(family, &[], value);
        match key {
            "rc" => {
                put("node_nfsd_reply_cache_hits_total", numbers[0]);
                put("node_nfsd_reply_cache_misses_total", numbers[1]);
                put("node_nfsd_reply_cache_nocache_total", numbers[2]);
            }
            "fh" => put("node_nfsd_file_handles_stale_total", numbers[0]),
            "io" => {
                put("node_nfsd_disk_bytes_read_total", numbers[0]);
                put("node_nfsd_disk_bytes_written_total", numbers[1]);
            }
            "th" => put("node_nfsd_server_threads", fields.next().map_or(Ok(0.0), number)?),
            "ra" => {
                put("node_nfsd_read_ahead_cache_size_blocks", numbers[0]);
                put("node_nfsd_read_ahead_cache_not_found_total", fields.nth(11).map_or(Ok(0.0), number)?);
            }
            "net" => {
                out.put("node_nfsd_packets_total", &[("proto", "udp")], numbers[1]);
                out.put("node_nfsd_packets_total", &[("proto", "tcp")], numbers[2]);
                out.put("node_nfsd_connections_total", &[], numbers[3]);
            }
            "rpc" => {
                out.put("node_nfsd_server_rpcs_total", &[], numbers[0]);
                for (error, count) in ["fmt", "auth", "cInt"].iter().zip(&numbers[2..]) {
                    out.put("node_nfsd_rpc_errors_total", &[("error", error)], *count);
                }
            }
            "wdeleg_getattr" if system.compat >= Compat::V1_12 => {
                out.put(REQUESTS, &[("method", "WdelegGetattr"), ("proto", "4")], numbers[0]);
            }
            _ => requests(system.compat, key, line, out)?,
        }
    }
    Ok(())
}

fn requests(compat: Compat, key: &str, line: &str, out: &mut Section) -> Result<(), Failure> {
    match key {
        // Wire: the null procedure is not told here, though the client's is.
        "proc2" => procedures(out, (REQUESTS, "2"), &without_null(VERSION_2), line),
        "proc3" => procedures(out, (REQUESTS, "3"), &without_null(VERSION_3), line),
        "proc4ops" if compat < Compat::V1_8 => {
            let names = [&VERSION_4[..CLIENT_OPERATIONS], VERSION_4_OF_1_6].concat();
            procedures(out, (REQUESTS, "4"), &names, line)
        }
        "proc4ops" => procedures(out, (REQUESTS, "4"), VERSION_4, line),
        _ => Ok(()),
    }
}

fn without_null(names: &[&'static str]) -> Vec<&'static str> {
    std::iter::once("").chain(names.iter().skip(1).copied()).collect()
}

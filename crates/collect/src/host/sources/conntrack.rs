//! `conntrack`: connections that netfilter tracks.

use crate::host::parse::hexadecimal;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Columns that are summed over all CPUs.
const COLUMNS: [&str; 8] =
    ["found", "invalid", "ignore", "insert", "insert_failed", "drop", "early_drop", "search_restart"];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let number = |file: &str| system.proc.number(format_args!("sys/net/netfilter/{file}"));
    out.put("node_nf_conntrack_entries", &[], number("nf_conntrack_count").map_err(Failure::or_no_data)?);
    out.put("node_nf_conntrack_entries_limit", &[], number("nf_conntrack_max").map_err(Failure::or_no_data)?);
    let table = system.proc.read(format_args!("net/stat/nf_conntrack")).map_err(Failure::or_no_data)?;
    let mut sums = [0.0; COLUMNS.len()];
    let header = table.lines().next().unwrap_or_default();
    for line in table.lines().skip(1) {
        for (column, field) in header.split_ascii_whitespace().zip(line.split_ascii_whitespace()) {
            if let Some(place) = COLUMNS.iter().position(|name| *name == column) {
                sums[place] += hexadecimal(field)?;
            }
        }
    }
    for (column, sum) in COLUMNS.iter().zip(sums) {
        out.put_named(format_args!("node_nf_conntrack_stat_{column}"), &[], sum);
    }
    Ok(())
}

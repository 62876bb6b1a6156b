//! `ksmd`: pages that the kernel has merged.

use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FILES: [&str; 9] = [
    "full_scans",
    "merge_across_nodes",
    "pages_shared",
    "pages_sharing",
    "pages_to_scan",
    "pages_unshared",
    "pages_volatile",
    "run",
    "sleep_millisecs",
];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for file in FILES {
        let value = system.sys.number(format_args!("kernel/mm/ksm/{file}")).map_err(Failure::or_no_data)?;
        let help = format_args!("ksmd '{file}' file.");
        match file {
            "full_scans" => out.counter(format_args!("node_ksmd_full_scans_total"), help, &[], value),
            "sleep_millisecs" => out.gauge(format_args!("node_ksmd_sleep_seconds"), help, &[], value / 1000.0),
            _ => out.gauge(format_args!("node_ksmd_{file}"), help, &[], value),
        }
    }
    Ok(())
}

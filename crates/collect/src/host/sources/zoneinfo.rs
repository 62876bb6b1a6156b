//! `zoneinfo`: memory by node and zone.

use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Key and family of lines whose values are pages.
const KEYS: [(&str, &str); 34] = [
    ("nr_free_pages", "nr_free_pages"),
    ("min", "min_pages"),
    ("low", "low_pages"),
    ("high", "high_pages"),
    ("scanned", "scanned_pages"),
    ("spanned", "spanned_pages"),
    ("present", "present_pages"),
    ("managed", "managed_pages"),
    ("nr_active_anon", "nr_active_anon_pages"),
    ("nr_inactive_anon", "nr_inactive_anon_pages"),
    ("nr_isolated_anon", "nr_isolated_anon_pages"),
    ("nr_anon_pages", "nr_anon_pages"),
    ("nr_anon_transparent_hugepages", "nr_anon_transparent_hugepages"),
    ("nr_active_file", "nr_active_file_pages"),
    ("nr_inactive_file", "nr_inactive_file_pages"),
    ("nr_isolated_file", "nr_isolated_file_pages"),
    ("nr_file_pages", "nr_file_pages"),
    ("nr_slab_reclaimable", "nr_slab_reclaimable_pages"),
    ("nr_slab_unreclaimable", "nr_slab_unreclaimable_pages"),
    ("nr_mlock_stack", "nr_mlock_stack_pages"),
    ("nr_kernel_stack", "nr_kernel_stacks"),
    ("nr_mapped", "nr_mapped_pages"),
    ("nr_dirty", "nr_dirty_pages"),
    ("nr_writeback", "nr_writeback_pages"),
    ("nr_unevictable", "nr_unevictable_pages"),
    ("nr_shmem", "nr_shmem_pages"),
    ("nr_dirtied", "nr_dirtied_total"),
    ("nr_written", "nr_written_total"),
    ("numa_hit", "numa_hit_total"),
    ("numa_miss", "numa_miss_total"),
    ("numa_foreign", "numa_foreign_total"),
    ("numa_interleave", "numa_interleave_total"),
    ("numa_local", "numa_local_total"),
    ("numa_other", "numa_other_total"),
];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("zoneinfo"))?;
    let (mut node, mut zone, mut is_done) = ("", "", false);
    for line in text.lines() {
        if let Some(header) = line.strip_prefix("Node ") {
            let (number, rest) = header.split_once(", zone").unwrap_or((header, ""));
            (node, zone, is_done) = (number.trim(), rest.trim(), false);
            continue;
        }
        let labels = [("node", node), ("zone", zone)];
        let line = line.trim();
        if let Some(list) = line.strip_prefix("protection: (") {
            for (at, value) in list.trim_end_matches(')').split(", ").enumerate() {
                let help = format_args!("Protection array {at}. field");
                out.gauge(format_args!("node_zoneinfo_protection_{at}"), help, &labels, number(value)?);
            }
            continue;
        }
        // Lists of CPUs follow, whose keys repeat those of the zone.
        is_done |= line == "pagesets";
        let mut fields = line.strip_prefix("pages ").unwrap_or(line).split_ascii_whitespace();
        let (Some(key), Some(value)) = (fields.next(), fields.next()) else { continue };
        let known = KEYS.iter().find(|(known, _)| *known == key);
        if let Some((_, family)) = known.filter(|_| !is_done) {
            out.put_named(format_args!("node_zoneinfo_{family}"), &labels, number(value)?);
        }
    }
    Ok(())
}

//! `xfs`: what XFS filesystems have done.

use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Key of a line, and the families of its columns; empty for one that nobody tells.
const LINES: [(&str, &[&str]); 8] = [
    (
        "extent_alloc",
        &[
            "extent_allocation_extents_allocated",
            "extent_allocation_blocks_allocated",
            "extent_allocation_extents_freed",
            "extent_allocation_blocks_freed",
        ],
    ),
    (
        "abt",
        &[
            "allocation_btree_lookups",
            "allocation_btree_compares",
            "allocation_btree_records_inserted",
            "allocation_btree_records_deleted",
        ],
    ),
    (
        "blk_map",
        &[
            "block_mapping_reads",
            "block_mapping_writes",
            "block_mapping_unmaps",
            "block_mapping_extent_list_insertions",
            "block_mapping_extent_list_deletions",
            "block_mapping_extent_list_lookups",
            "block_mapping_extent_list_compares",
        ],
    ),
    (
        "bmbt",
        &[
            "block_map_btree_lookups",
            "block_map_btree_compares",
            "block_map_btree_records_inserted",
            "block_map_btree_records_deleted",
        ],
    ),
    (
        "dir",
        &[
            "directory_operation_lookup",
            "directory_operation_create",
            "directory_operation_remove",
            "directory_operation_getdents",
        ],
    ),
    (
        "ig",
        &[
            "inode_operation_attempts",
            "inode_operation_found",
            "inode_operation_recycled",
            "inode_operation_missed",
            "inode_operation_duplicates",
            "inode_operation_reclaims",
            "inode_operation_attribute_changes",
        ],
    ),
    ("rw", &["write_calls", "read_calls"]),
    (
        "vnodes",
        &[
            "vnode_active",
            "vnode_allocate",
            "vnode_get",
            "vnode_hold",
            "vnode_release",
            "vnode_reclaim",
            "vnode_remove",
        ],
    ),
];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for device in system.sys.names_if_any(format_args!("fs/xfs")).iter() {
        let Ok(text) = system.sys.read(format_args!("fs/xfs/{device}/stats/stats")) else { continue };
        for line in text.lines() {
            let mut fields = line.split_ascii_whitespace();
            let key = fields.next().unwrap_or_default();
            let Some((_, families)) = LINES.iter().find(|(known, _)| *known == key) else { continue };
            for (family, field) in families.iter().zip(fields) {
                out.put_named(format_args!("node_xfs_{family}_total"), &[("device", device)], number(field)?);
            }
        }
    }
    Ok(())
}

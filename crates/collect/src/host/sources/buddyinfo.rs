//! `buddyinfo`: free blocks of memory by node, zone and size.

use crate::host::parse::{Decimal, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for line in system.proc.read(format_args!("buddyinfo"))?.lines() {
        // `Node 0, zone   Normal   4381   1093 ...`
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (Some(node), Some(_zone), Some(zone)) = (fields.next(), fields.next(), fields.next()) else { continue };
        for (size, count) in fields.enumerate() {
            let size = Decimal::of(size as u64);
            let labels = [("node", node.trim_end_matches(',')), ("size", size.as_str()), ("zone", zone)];
            out.put("node_buddyinfo_blocks", &labels, number(count)?);
        }
    }
    Ok(())
}

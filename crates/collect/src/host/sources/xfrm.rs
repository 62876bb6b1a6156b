//! `xfrm`: packets that `IPsec` dropped.

use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("net/xfrm_stat")).map_err(Failure::or_no_data)?;
    let mut name = String::new();
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (Some(key), Some(value)) = (fields.next(), fields.next()) else { continue };
        // `XfrmInNoPols` is `xfrm_in_no_pols`.
        name.clear();
        for c in key.chars() {
            if c.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(c.to_ascii_lowercase());
        }
        name.push_str("_packets_total");
        if crate::host::families::find(&["node_", &name].concat()).is_some() {
            out.put_named(format_args!("node_{name}"), &[], number(value)?);
        }
    }
    Ok(())
}

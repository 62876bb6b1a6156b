//! `bonding`: network devices that are bound together.

use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let masters = system.sys.value(format_args!("class/net/bonding_masters")).map_err(Failure::or_no_data)?;
    for master in masters.split_ascii_whitespace() {
        let list = system.sys.value(format_args!("class/net/{master}/bonding/slaves"))?;
        let (mut all, mut active) = (0u32, 0u32);
        for slave in list.split_ascii_whitespace() {
            all += 1;
            // Older kernels name the link `slave_NAME`.
            let status = |prefix: &str| {
                let file = "bonding_slave/mii_status";
                system.sys.value(format_args!("class/net/{master}/{prefix}_{slave}/{file}"))
            };
            if status("lower").or_else(|_| status("slave")).is_ok_and(|status| &*status == "up") {
                active += 1;
            }
        }
        out.put("node_bonding_slaves", &[("master", master)], f64::from(all));
        out.put("node_bonding_active", &[("master", master)], f64::from(active));
    }
    Ok(())
}

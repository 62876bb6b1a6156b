//! `dmi`: what the firmware says of the machine.

use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Labels, in their order; the file of `system_vendor` is `sys_vendor`.
const FIELDS: [&str; 20] = [
    "bios_date",
    "bios_release",
    "bios_vendor",
    "bios_version",
    "board_asset_tag",
    "board_name",
    "board_serial",
    "board_vendor",
    "board_version",
    "chassis_asset_tag",
    "chassis_serial",
    "chassis_vendor",
    "chassis_version",
    "product_family",
    "product_name",
    "product_serial",
    "product_sku",
    "product_uuid",
    "product_version",
    "system_vendor",
];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    if !system.sys.exists(format_args!("class/dmi/id")) {
        return Err(Failure::NoData);
    }
    let texts = FIELDS.map(|field| {
        let file = if field == "system_vendor" { "sys_vendor" } else { field };
        // A field that only root may read is left out, as one that is not there.
        system.sys.value(format_args!("class/dmi/id/{file}")).ok()
    });
    let mut labels = [("", ""); FIELDS.len()];
    let mut count = 0;
    for (field, text) in FIELDS.iter().zip(&texts) {
        if let Some(text) = text {
            labels[count] = (field, text);
            count += 1;
        }
    }
    out.put("node_dmi_info", &labels[..count], 1.0);
    Ok(())
}

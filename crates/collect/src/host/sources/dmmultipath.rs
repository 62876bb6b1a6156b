//! `dmmultipath`: block devices that are reached over several paths.

use crate::host::parse::flag;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const SECTOR_BYTES: f64 = 512.0;

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for name in system.sys.names(format_args!("block")).map_err(Failure::or_no_data)?.iter() {
        if !name.starts_with("dm-") {
            continue;
        }
        let Ok(uuid) = system.sys.value(format_args!("block/{name}/dm/uuid")) else { continue };
        if !uuid.starts_with("mpath-") {
            continue;
        }
        read_device(system, out, name, &uuid)?;
    }
    Ok(())
}

fn read_device(system: &System, out: &mut Section, name: &str, uuid: &str) -> Result<(), Failure> {
    let device = system.sys.value(format_args!("block/{name}/dm/name"))?;
    let labels = [("device", &*device), ("sysfs_name", name)];
    let suspended = system.sys.some(format_args!("block/{name}/dm/suspended")).unwrap_or_default();
    out.put("node_dmmultipath_device_active", &labels, flag(suspended == 0.0));
    let size = system.sys.some(format_args!("block/{name}/size")).unwrap_or_default();
    out.put("node_dmmultipath_device_size_bytes", &labels, size * SECTOR_BYTES);
    out.put("node_dmmultipath_device_info", &[labels[0], labels[1], ("uuid", uuid)], 1.0);
    let (mut all, mut active) = (0u32, 0u32);
    for path in system.sys.names_if_any(format_args!("block/{name}/slaves")).iter() {
        let state = system.sys.value(format_args!("block/{path}/device/state"));
        let state = state.as_deref().unwrap_or("unknown");
        all += 1;
        // SCSI says `running`, NVMe `live`.
        active += u32::from(matches!(state, "running" | "live"));
        let labels = [labels[0], ("path", path), ("state", state)];
        out.put("node_dmmultipath_path_state", &labels, 1.0);
    }
    out.put("node_dmmultipath_device_paths", &labels, f64::from(all));
    out.put("node_dmmultipath_device_paths_active", &labels, f64::from(active));
    out.put("node_dmmultipath_device_paths_failed", &labels, f64::from(all - active));
    Ok(())
}

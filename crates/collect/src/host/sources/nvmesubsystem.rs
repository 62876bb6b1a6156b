//! `nvmesubsystem`: `NVMe` subsystems that are reached over several controllers.

use crate::host::parse::flag;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/nvme-subsystem";
const STATES: [&str; 5] = ["live", "connecting", "resetting", "dead", "unknown"];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for subsystem in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
        let value = |file: &str| system.sys.value(format_args!("{FOLDER}/{subsystem}/{file}")).ok();
        let texts = ["iopolicy", "model", "subsysnqn", "serial"].map(value);
        let [policy, model, name, serial] = texts.each_ref().map(|text| text.as_deref().unwrap_or_default());
        let labels =
            [("iopolicy", policy), ("model", model), ("nqn", name), ("serial", serial), ("subsystem", subsystem)];
        out.put("node_nvmesubsystem_info", &labels, 1.0);
        let (mut all, mut live) = (0u32, 0u32);
        for controller in system.sys.names(format_args!("{FOLDER}/{subsystem}"))?.iter() {
            let is_controller = controller.strip_prefix("nvme").is_some_and(|number| number.parse::<u32>().is_ok());
            let Ok(state) = system.sys.value(format_args!("{FOLDER}/{subsystem}/{controller}/state")) else { continue };
            if !is_controller {
                continue;
            }
            let transport = system.sys.value(format_args!("{FOLDER}/{subsystem}/{controller}/transport"));
            let transport = transport.as_deref().unwrap_or_default();
            all += 1;
            live += u32::from(&*state == "live");
            let known = STATES.iter().find(|known| **known == &*state).copied().unwrap_or("unknown");
            for name in STATES {
                let labels =
                    [("controller", controller), ("state", name), ("subsystem", subsystem), ("transport", transport)];
                out.put("node_nvmesubsystem_path_state", &labels, flag(name == known));
            }
        }
        out.put("node_nvmesubsystem_paths", &[("subsystem", subsystem)], f64::from(all));
        out.put("node_nvmesubsystem_paths_live", &[("subsystem", subsystem)], f64::from(live));
    }
    Ok(())
}

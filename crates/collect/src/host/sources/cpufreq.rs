//! `cpufreq`: how fast CPUs run, and who decides it.

use crate::host::parse::flag;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "devices/system/cpu";
/// Family and file; all are in kilohertz.
const FREQUENCIES: [(&str, &str); 6] = [
    ("node_cpu_frequency_min_hertz", "cpuinfo_min_freq"),
    ("node_cpu_frequency_max_hertz", "cpuinfo_max_freq"),
    ("node_cpu_frequency_hertz", "cpuinfo_cur_freq"),
    ("node_cpu_scaling_frequency_hertz", "scaling_cur_freq"),
    ("node_cpu_scaling_frequency_min_hertz", "scaling_min_freq"),
    ("node_cpu_scaling_frequency_max_hertz", "scaling_max_freq"),
];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for name in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
        let number = name.strip_prefix("cpu").filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(cpu) = number.filter(|number| !number.is_empty()) else { continue };
        let Ok(governor) = system.sys.value(format_args!("{FOLDER}/{name}/cpufreq/scaling_governor")) else {
            continue;
        };
        let labels = [("cpu", cpu)];
        for (family, file) in FREQUENCIES {
            if let Some(kilohertz) = system.sys.some(format_args!("{FOLDER}/{name}/cpufreq/{file}")) {
                out.put(family, &labels, kilohertz * 1000.0);
            }
        }
        let known = system.sys.value(format_args!("{FOLDER}/{name}/cpufreq/scaling_available_governors"));
        for known in known.as_deref().unwrap_or_default().split_ascii_whitespace() {
            let labels = [("cpu", cpu), ("governor", known)];
            out.put("node_cpu_scaling_governor", &labels, flag(known == &*governor));
        }
    }
    Ok(())
}

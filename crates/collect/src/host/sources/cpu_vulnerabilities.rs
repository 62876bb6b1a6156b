//! `cpu_vulnerabilities`: weaknesses of the CPUs, and what the kernel does about them.

use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "devices/system/cpu/vulnerabilities";

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for name in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
        let text = system.sys.value(format_args!("{FOLDER}/{name}"))?;
        let (state, rest) = text.split_once(':').unwrap_or((&text, ""));
        let (state, mitigation) = match state.trim() {
            "Not affected" => ("not affected", ""),
            "Mitigation" => ("mitigation", rest.trim()),
            state if state.starts_with("Vulnerable") => ("vulnerable", ""),
            _ => ("unknown", ""),
        };
        let labels = [("codename", name), ("mitigation", mitigation), ("state", state)];
        out.put("node_cpu_vulnerabilities_info", &labels, 1.0);
    }
    Ok(())
}

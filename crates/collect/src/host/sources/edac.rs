//! `edac`: errors of memory that was found and corrected, or not.

use crate::host::config::Compat;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "devices/system/edac/mc";
/// Prefix of the files and word in the families.
const KINDS: [(&str, &str); 2] = [("ce", "correctable"), ("ue", "uncorrectable")];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for folder in system.sys.names_if_any(format_args!("{FOLDER}")).iter() {
        let Some(controller) = numbered(folder, "mc") else { continue };
        for (prefix, word) in KINDS {
            let labels = [("controller", controller)];
            let count = system.sys.number(format_args!("{FOLDER}/{folder}/{prefix}_count"))?;
            out.put_named(format_args!("node_edac_{word}_errors_total"), &labels, count);
            let labels = [("controller", controller), ("csrow", "unknown")];
            let count = system.sys.number(format_args!("{FOLDER}/{folder}/{prefix}_noinfo_count"))?;
            out.put_named(format_args!("node_edac_csrow_{word}_errors_total"), &labels, count);
        }
        for row_folder in system.sys.names(format_args!("{FOLDER}/{folder}"))?.iter() {
            let Some(row) = numbered(row_folder, "csrow") else { continue };
            let labels = [("controller", controller), ("csrow", row)];
            for (prefix, word) in KINDS {
                let count = system.sys.number(format_args!("{FOLDER}/{folder}/{row_folder}/{prefix}_count"))?;
                out.put_named(format_args!("node_edac_csrow_{word}_errors_total"), &labels, count);
            }
            if system.compat >= Compat::V1_12 {
                channels(system, out, (folder, row_folder), labels)?;
            }
        }
    }
    Ok(())
}

fn channels(
    system: &System,
    out: &mut Section,
    (folder, row): (&str, &str),
    [controller, csrow]: [(&str, &str); 2],
) -> Result<(), Failure> {
    for file in system.sys.names(format_args!("{FOLDER}/{folder}/{row}"))?.iter() {
        let channel = file.strip_prefix("ch").and_then(|rest| rest.strip_suffix("_dimm_label"));
        let Some(channel) = channel else { continue };
        let label = system.sys.value(format_args!("{FOLDER}/{folder}/{row}/{file}"))?;
        // Wire: `mc#0csrow#1channel#0` is `mc0_csrow1_channel0`.
        let label = label.replace('#', "").replace("csrow", "_csrow").replace("channel", "_channel");
        let labels = [("channel", channel), controller, csrow, ("dimm_label", label.as_str())];
        for (prefix, word) in KINDS {
            let count = system.sys.some(format_args!("{FOLDER}/{folder}/{row}/ch{channel}_{prefix}_count"));
            if let Some(count) = count {
                out.put_named(format_args!("node_edac_channel_{word}_errors_total"), &labels, count);
            }
        }
    }
    Ok(())
}

fn numbered<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    name.strip_prefix(prefix).filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

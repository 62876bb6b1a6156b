//! `nvme`: controllers of `NVMe` disks and their namespaces.

use crate::host::config::Compat;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/nvme";

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for device in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
        let value = |file: &str| system.sys.value(format_args!("{FOLDER}/{device}/{file}")).ok();
        let texts = ["cntlid", "firmware_rev", "model", "serial", "state"].map(value);
        let [controller, firmware, model, serial, state] =
            texts.each_ref().map(|text| text.as_deref().unwrap_or_default());
        let labels = [
            ("cntlid", controller),
            ("device", device),
            ("firmware_revision", firmware),
            ("model", model),
            ("serial", serial),
            ("state", state),
        ];
        let is_new = system.compat >= Compat::V1_12;
        out.put("node_nvme_info", if is_new { &labels } else { &labels[1..] }, 1.0);
        if is_new {
            namespaces(system, out, device);
        }
    }
    Ok(())
}

fn namespaces(system: &System, out: &mut Section, device: &str) {
    for folder in system.sys.names_if_any(format_args!("{FOLDER}/{device}")).iter() {
        // `nvme0n1`, or `nvme0c0n1` below a subsystem with several paths.
        let number = folder.strip_prefix(device).and_then(|rest| rest.rsplit_once('n')).map(|(_, number)| number);
        let Some(namespace) = number.filter(|number| number.parse::<u32>().is_ok()) else { continue };
        let number = |file: &str| system.sys.some(format_args!("{FOLDER}/{device}/{folder}/{file}"));
        let (Some(size), Some(block)) = (number("size"), number("queue/logical_block_size")) else { continue };
        let state = system.sys.value(format_args!("{FOLDER}/{device}/{folder}/ana_state"));
        let labels = [("ana_state", state.as_deref().unwrap_or("unknown")), ("device", device), ("nsid", namespace)];
        out.put("node_nvme_namespace_info", &labels, 1.0);
        let labels = &labels[1..];
        // Wire: `size` is in blocks of the namespace here, as upstream takes it.
        out.put("node_nvme_namespace_capacity_bytes", labels, size * block);
        out.put("node_nvme_namespace_size_bytes", labels, size * block);
        out.put("node_nvme_namespace_used_bytes", labels, number("nuse").unwrap_or_default() * block);
        out.put("node_nvme_namespace_logical_block_size_bytes", labels, block);
    }
}

//! `pcidevice`: devices on PCI buses.

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::{flag, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "bus/pci/devices";
const GIGATRANSFERS: f64 = 1e9;
const UNKNOWN: f64 = -1.0;
const STATES: [&str; 7] = ["D0", "D1", "D2", "D3hot", "D3cold", "unknown", "error"];
/// File and family of numbers that are told where there are any; a negative one is not known.
const NUMBERS: [(&str, &str); 2] =
    [("d3cold_allowed", "node_pcidevice_d3cold_allowed"), ("numa_node", "node_pcidevice_numa_node")];
/// The same of virtual functions: 0 where there are none.
const VIRTUAL: [(&str, &str); 4] = [
    ("sriov_drivers_autoprobe", "node_pcidevice_sriov_drivers_autoprobe"),
    ("sriov_numvfs", "node_pcidevice_sriov_numvfs"),
    ("sriov_totalvfs", "node_pcidevice_sriov_totalvfs"),
    ("sriov_vf_total_msix", "node_pcidevice_sriov_vf_total_msix"),
];
/// File and label of identifiers.
const IDS: [(&str, &str); 6] = [
    ("class", "class_id"),
    ("device", "device_id"),
    ("revision", "revision"),
    ("subsystem_device", "subsystem_device_id"),
    ("subsystem_vendor", "subsystem_vendor_id"),
    ("vendor", "vendor_id"),
];

struct PciDevices {
    /// What stands above each device, by what its link points to.
    parents: Vec<(String, String)>,
}

pub(super) fn make(_: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(PciDevices { parents: Vec::new() }))
}

impl HostSource for PciDevices {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let devices = system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?;
        self.parents.retain(|(name, _)| devices.contains(name));
        for name in devices.iter() {
            let Some([segment, bus, device, function]) = location(name) else { continue };
            let labels = [("bus", bus), ("device", device), ("function", function), ("segment", segment)];
            self.info(system, out, name, labels);
            link(system, out, name, &labels);
            for (file, family) in NUMBERS {
                if let Some(value) =
                    system.sys.some(format_args!("{FOLDER}/{name}/{file}")).filter(|value| *value >= 0.0)
                {
                    out.put(family, &labels, value);
                }
            }
            for (file, family) in VIRTUAL {
                out.put(family, &labels, system.sys.some(format_args!("{FOLDER}/{name}/{file}")).unwrap_or_default());
            }
            if let Ok(state) = system.sys.value(format_args!("{FOLDER}/{name}/power_state")) {
                for known in STATES {
                    let labels = [labels[0], labels[1], labels[2], labels[3], ("state", known)];
                    out.put("node_pcidevice_power_state", &labels, flag(&*state == known));
                }
            }
        }
        Ok(())
    }
}

impl PciDevices {
    fn info(&mut self, system: &System, out: &mut Section, name: &str, labels: [(&str, &str); 4]) {
        if self.parents.iter().all(|(known, _)| known != name) {
            let path = system.sys.link(format_args!("{FOLDER}/{name}")).unwrap_or_default();
            let parent = path.rsplit('/').nth(1).unwrap_or_default().to_owned();
            self.parents.push((name.to_owned(), parent));
        }
        let parent = self.parents.iter().find(|(known, _)| known == name).map_or("", |(_, parent)| parent.as_str());
        let [segment, bus, device, function] = location(parent).unwrap_or(["*"; 4]);
        let texts = IDS.map(|(file, _)| system.sys.value(format_args!("{FOLDER}/{name}/{file}")).ok());
        let id = |at: usize| (IDS[at].1, texts[at].as_deref().unwrap_or_default());
        let [own_bus, own_device, own_function, own_segment] = labels;
        let labels = [
            own_bus,
            id(0),
            own_device,
            id(1),
            own_function,
            ("parent_bus", bus),
            ("parent_device", device),
            ("parent_function", function),
            ("parent_segment", segment),
            id(2),
            own_segment,
            id(3),
            id(4),
            id(5),
        ];
        out.put("node_pcidevice_info", &labels, 1.0);
    }
}

/// How fast and how wide its link is, and could be; -1 where it has none.
fn link(system: &System, out: &mut Section, name: &str, labels: &[(&str, &str)]) {
    for which in ["max", "current"] {
        // `8.0 GT/s PCIe`
        let text = system.sys.value(format_args!("{FOLDER}/{name}/{which}_link_speed"));
        let speed = text.and_then(|text| number(text.split(' ').next().unwrap_or_default()));
        let speed = speed.map_or(UNKNOWN, |speed| speed * GIGATRANSFERS);
        out.put_named(format_args!("node_pcidevice_{which}_link_transfers_per_second"), labels, speed);
        let width = system.sys.some(format_args!("{FOLDER}/{name}/{which}_link_width")).unwrap_or(UNKNOWN);
        out.put_named(format_args!("node_pcidevice_{which}_link_width"), labels, width);
    }
}

/// `0000:45:00.0` in its four parts.
fn location(name: &str) -> Option<[&str; 4]> {
    let (rest, function) = name.split_once('.')?;
    let mut parts = rest.split(':');
    let location = [parts.next()?, parts.next()?, parts.next()?, function];
    parts.next().is_none().then_some(location)
}

//! `qdisc`: queues of network devices, asked of the kernel, or from recorded answers of the format that upstream's tests use.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{HostSource, netlink};
use crate::host::config::{Devices, HostConfig};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Messages of the routing family, the length of their heads, and attributes (`linux/rtnetlink.h`, `linux/gen_stats.h`).
const GET_QDISC: u16 = 38;
const NEW_QDISC: u16 = 36;
const TCMSG_BYTES: usize = 20;
const ROOT: u32 = u32::MAX;
const KIND: u16 = 1;
const STATISTICS: u16 = 7;
const BASIC: u16 = 1;
const QUEUE: u16 = 3;

struct Qdisc {
    devices: Devices,
    recorded: Option<PathBuf>,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let folder = config.option("qdisc.fixtures");
    let recorded = (!folder.is_empty()).then(|| PathBuf::from(folder).join("results.json"));
    Ok(Box::new(Qdisc { devices: config.devices("qdisc.device")?, recorded }))
}

/// A queue, in the names of upstream's recordings.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Queue {
    #[serde(rename = "IfaceName")]
    device: String,
    #[serde(rename = "Kind")]
    kind: String,
    #[serde(rename = "Parent")]
    parent: u32,
    #[serde(rename = "Bytes")]
    bytes: f64,
    #[serde(rename = "Packets")]
    packets: f64,
    #[serde(rename = "Drops")]
    drops: f64,
    #[serde(rename = "Requeues")]
    requeues: f64,
    #[serde(rename = "Overlimits")]
    overlimits: f64,
    #[serde(rename = "Qlen")]
    length: f64,
    #[serde(rename = "Backlog")]
    backlog: f64,
}

impl HostSource for Qdisc {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let queues = match &self.recorded {
            Some(path) => recorded(path)?,
            None => live(system)?,
        };
        // Only roots: a child's packets are counted by its root too.
        for queue in queues.iter().filter(|queue| queue.parent == 0 && self.devices.wants(&queue.device)) {
            let labels = [("device", queue.device.as_str()), ("kind", &queue.kind)];
            let mut put = |name: &str, value: f64| out.put_named(format_args!("node_qdisc_{name}"), &labels, value);
            put("bytes_total", queue.bytes);
            put("packets_total", queue.packets);
            put("drops_total", queue.drops);
            put("requeues_total", queue.requeues);
            put("overlimits_total", queue.overlimits);
            put("current_queue_length", queue.length);
            put("backlog", queue.backlog);
        }
        Ok(())
    }
}

fn recorded(path: &Path) -> Result<Vec<Queue>, Failure> {
    let told = |error: &dyn std::fmt::Display| Failure::told(format!("{}: {error}", path.display()));
    let text = std::fs::read(path).map_err(|error| told(&error))?;
    serde_json::from_slice(&text).map_err(|error| told(&error))
}

fn live(system: &System) -> Result<Vec<Queue>, Failure> {
    let mut queues = Vec::new();
    let devices = netlink::devices(system)?;
    netlink::dump(GET_QDISC, &[0; TCMSG_BYTES], NEW_QDISC, |body| {
        let (Some(index), Some(parent)) = (netlink::u32_at(body, 4), netlink::u32_at(body, 12)) else { return };
        // The kernel calls the root's parent this.
        let parent = if parent == ROOT { 0 } else { parent };
        let Some(device) = netlink::device_name(&devices, index).map(str::to_owned) else { return };
        let mut queue = Queue { device, parent, ..Queue::default() };
        for (kind, value) in netlink::attributes(body.get(TCMSG_BYTES..).unwrap_or_default()) {
            match kind {
                KIND => queue.kind = String::from_utf8_lossy(value).trim_end_matches('\0').to_owned(),
                STATISTICS => queue.count(value),
                _ => {}
            }
        }
        queues.push(queue);
    })?;
    Ok(queues)
}

impl Queue {
    fn count(&mut self, statistics: &[u8]) {
        for (kind, value) in netlink::attributes(statistics) {
            let number = |at: usize| netlink::u32_at(value, at).map_or(0.0, f64::from);
            match kind {
                BASIC => {
                    self.bytes = netlink::u64_at(value, 0).unwrap_or_default() as f64;
                    self.packets = number(8);
                }
                QUEUE => {
                    (self.length, self.backlog, self.drops) = (number(0), number(4), number(8));
                    (self.requeues, self.overlimits) = (number(12), number(16));
                }
                _ => {}
            }
        }
    }
}

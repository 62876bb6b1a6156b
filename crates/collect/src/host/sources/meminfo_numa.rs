//! `meminfo_numa`: how memory of each node is used.

use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const NODES: &str = "devices/system/node";

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for folder in system.sys.names(format_args!("{NODES}")).map_err(Failure::or_no_data)?.iter() {
        let Some(node) = folder.strip_prefix("node").filter(|node| node.bytes().all(|byte| byte.is_ascii_digit()))
        else {
            continue;
        };
        usage(&system.sys.read(format_args!("{NODES}/{folder}/meminfo"))?, node, out)?;
        let counters = system.sys.read(format_args!("{NODES}/{folder}/numastat"))?;
        for line in counters.lines() {
            let Some((name, value)) = line.split_once(' ') else { continue };
            out.counter(
                format_args!("node_memory_numa_{name}_total"),
                format_args!("Memory information field {name}_total."),
                &[("node", node)],
                number(value.trim())?,
            );
        }
    }
    Ok(())
}

/// Lines such as `Node 0 Active(anon):  707915776 kB`.
fn usage(text: &str, node: &str, out: &mut Section) -> Result<(), Failure> {
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace().skip(2);
        let (Some(key), Some(value)) = (fields.next(), fields.next()) else { continue };
        let (key, inner) = key.trim_end_matches(':').split_once('(').unwrap_or((key.trim_end_matches(':'), ""));
        let inner = inner.trim_end_matches(')');
        let joint = if inner.is_empty() { "" } else { "_" };
        let factor = if fields.next().is_some() { 1024.0 } else { 1.0 };
        out.gauge(
            format_args!("node_memory_numa_{key}{joint}{inner}"),
            format_args!("Memory information field {key}{joint}{inner}."),
            &[("node", node)],
            number(value)? * factor,
        );
    }
    Ok(())
}

//! `meminfo`: how memory is used.

use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for line in system.proc.read(format_args!("meminfo"))?.lines() {
        let Some((key, rest)) = line.split_once(':') else { continue };
        let mut fields = rest.split_ascii_whitespace();
        let Some(value) = fields.next() else { continue };
        // `Active(anon)` is `Active_anon`.
        let (key, inner) = key.split_once('(').unwrap_or((key, ""));
        let inner = inner.trim_end_matches(')');
        let joint = if inner.is_empty() { "" } else { "_" };
        let (factor, unit) = if fields.next().is_some() { (1024.0, "_bytes") } else { (1.0, "") };
        out.gauge(
            format_args!("node_memory_{key}{joint}{inner}{unit}"),
            format_args!("Memory information field {key}{joint}{inner}{unit}."),
            &[],
            number(value)? * factor,
        );
    }
    Ok(())
}

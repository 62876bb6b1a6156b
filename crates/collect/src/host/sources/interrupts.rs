//! `interrupts`: interrupts by CPU, line and device.

use std::borrow::Cow;

use super::HostSource;
use crate::host::config::{Devices, HostConfig};
use crate::host::parse::{Decimal, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

struct Interrupts {
    names: Devices,
    zeros: bool,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Interrupts {
        names: config.devices("interrupts.name")?,
        zeros: config.switch("interrupts.include-zeros"),
    }))
}

impl HostSource for Interrupts {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let text = system.proc.read(format_args!("interrupts"))?;
        let cpus = text.lines().next().map_or(0, |header| header.split_ascii_whitespace().count());
        for line in text.lines().skip(1) {
            let Some((kind, rest)) = line.split_once(':') else { continue };
            let kind = kind.trim();
            let (info, devices) = describe(kind, rest, cpus);
            let (info, devices) = (&*single_blanks(info), &*single_blanks(devices));
            if rest.split_ascii_whitespace().count() < cpus || !self.wants(kind, info, devices) {
                continue;
            }
            for (cpu, count) in rest.split_ascii_whitespace().take(cpus).enumerate() {
                let (cpu, count) = (Decimal::of(cpu as u64), number(count)?);
                if count > 0.0 || self.zeros {
                    let labels = [("cpu", cpu.as_str()), ("devices", devices), ("info", info), ("type", kind)];
                    out.put("node_interrupts_total", &labels, count);
                }
            }
        }
        Ok(())
    }
}

impl Interrupts {
    fn wants(&self, kind: &str, info: &str, devices: &str) -> bool {
        // Wire: patterns see all three parts at once.
        let name = [kind, info, devices].join(";");
        self.names.wants(&name)
    }
}

/// What stands behind the counts: for a numbered line the controller and its devices, for a named one a description.
fn describe<'a>(kind: &str, rest: &'a str, cpus: usize) -> (&'a str, &'a str) {
    let mut behind = rest;
    for _ in 0..cpus {
        behind = behind.trim_start();
        behind = behind.split_once(|c: char| c.is_ascii_whitespace()).map_or("", |(_, behind)| behind);
    }
    let behind = behind.trim();
    if kind.parse::<u32>().is_err() {
        return (behind, "");
    }
    match behind.split_once(|c: char| c.is_ascii_whitespace()) {
        Some((info, devices)) => (info, devices.trim_start()),
        None => (behind, ""),
    }
}

/// Columns are padded for the eye; blanks between words count once.
fn single_blanks(text: &str) -> Cow<'_, str> {
    if !text.contains("  ") && !text.contains('\t') {
        return text.into();
    }
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").into()
}

//! `hwmon`: sensors of the hardware, and what they are set to.

use super::HostSource;
use crate::host::config::{Compat, Devices, HostConfig};
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/hwmon";
const TYPES: [&str; 14] = [
    "vrm",
    "beep_enable",
    "update_interval",
    "in",
    "cpu",
    "fan",
    "pwm",
    "temp",
    "curr",
    "power",
    "energy",
    "humidity",
    "intrusion",
    "freq",
];
const FREQUENCY: &str = "freq";

struct HwMon {
    chips: Devices,
    sensors: Devices,
    /// Names of chips, by folder and what its link points to: making them up takes several links.
    names: Vec<Chip>,
}

struct Chip {
    folder: String,
    target: String,
    name: String,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let (chips, sensors) = (config.devices("hwmon.chip")?, config.devices("hwmon.sensor")?);
    Ok(Box::new(HwMon { chips, sensors, names: Vec::new() }))
}

impl HostSource for HwMon {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let folders = system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?;
        self.names.retain(|chip| folders.contains(&chip.folder));
        for folder in folders.iter() {
            let chip = self.chip(system, folder)?;
            if !self.chips.wants(&chip) {
                continue;
            }
            if let Ok(name) = system.sys.value(format_args!("{FOLDER}/{folder}/name")) {
                let readable = Clean(&name).to_string();
                if !readable.is_empty() {
                    out.put("node_hwmon_chip_names", &[("chip", &chip), ("chip_name", &readable)], 1.0);
                }
            }
            self.sensors(system, out, (folder, ""), &chip);
            if system.sys.is_folder(format_args!("{FOLDER}/{folder}/device")) {
                self.sensors(system, out, (folder, "/device"), &chip);
            }
        }
        Ok(())
    }
}

impl HwMon {
    /// Wire: a chip is called by its device's bus and name, which stay, and only else by its driver's name or its number.
    fn chip(&mut self, system: &System, folder: &str) -> Result<String, Failure> {
        let target = system.sys.link(format_args!("{FOLDER}/{folder}")).unwrap_or_default();
        if let Some(chip) = self.names.iter().find(|chip| chip.folder == folder && chip.target == target) {
            return Ok(chip.name.clone());
        }
        let name = chip_name(system, folder)?;
        self.names.retain(|chip| chip.folder != folder);
        self.names.push(Chip { folder: folder.to_owned(), target, name: name.clone() });
        Ok(name)
    }

    fn sensors(&self, system: &System, out: &mut Section, (folder, below): (&str, &str), chip: &str) {
        for file in system.sys.names_if_any(format_args!("{FOLDER}/{folder}{below}")).iter() {
            let Some((kind, sensor, property)) = explode(file) else { continue };
            // A chip's own file hides one of the same name of its device.
            let hidden = below.is_empty() && system.sys.exists(format_args!("{FOLDER}/{folder}/device/{file}"));
            if hidden || !TYPES.contains(&kind) || (kind == FREQUENCY && system.compat < Compat::V1_8) {
                continue;
            }
            let sensor = if sensor == kind { format!("{kind}0") } else { sensor.to_owned() };
            if !self.sensors.wants(&[chip, ";", &sensor].concat()) {
                continue;
            }
            let Ok(text) = system.sys.read(format_args!("{FOLDER}/{folder}{below}/{file}")) else { continue };
            if property == "label" {
                // Wire: blanks at its ends belong to a label.
                let labels = [("chip", chip), ("label", text.trim_matches('\n')), ("sensor", &sensor)];
                out.put("node_hwmon_sensor_label", &labels, 1.0);
                continue;
            }
            if kind == "beep_enable" {
                let help = format_args!("Hardware beep enabled");
                let labels = [("chip", chip), ("sensor", sensor.as_str())];
                out.gauge(
                    format_args!("node_hwmon_beep_enabled"),
                    help,
                    &labels,
                    f64::from(u8::from(text.trim() == "1")),
                );
                continue;
            }
            let Ok(value) = number(text.trim()) else { continue };
            let mut labels = [("chip", chip), ("sensor", sensor.as_str())];
            let label = (kind == FREQUENCY && property == "input")
                .then(|| system.sys.value(format_args!("{FOLDER}/{folder}{below}/{sensor}_label")).ok())
                .flatten()
                .map(|label| Clean(&label).to_string());
            if let Some(label) = label.as_deref().filter(|label| !label.is_empty()) {
                labels[1].1 = label;
            }
            // Where a sensor has a file without a property too, that one is the plain name's.
            let has_plain = property == "input" && system.sys.exists(format_args!("{FOLDER}/{folder}{below}/{sensor}"));
            tell(out, (kind, property, has_plain), &labels, value);
        }
    }
}

fn chip_name(system: &System, folder: &str) -> Result<String, Failure> {
    let driver = system.sys.value(format_args!("{FOLDER}/{folder}/name")).map(|name| Clean(&name).to_string());
    let driver = driver.unwrap_or_default();
    if let Ok(device) = system.sys.true_path(format_args!("{FOLDER}/{folder}/device")) {
        let part = |path: Option<&std::path::Path>| {
            path.and_then(|path| path.file_name()).map(|name| Clean(&name.to_string_lossy()).to_string())
        };
        let (name, kind) = (part(Some(&device)).unwrap_or_default(), part(device.parent()).unwrap_or_default());
        // Several chips of one device are told apart by their drivers' names.
        let siblings = std::fs::read_dir(device.join("hwmon")).map_or(1, Iterator::count);
        let suffix = match system.compat >= Compat::V1_12 && siblings > 1 && !driver.is_empty() {
            true => ["_", &driver].concat(),
            false => String::new(),
        };
        match (kind.is_empty(), name.is_empty()) {
            (false, false) => return Ok([&kind, "_", &name, &suffix].concat()),
            (true, false) => return Ok([name, suffix].concat()),
            _ => {}
        }
    }
    if !driver.is_empty() {
        return Ok(driver);
    }
    let path = system.sys.true_path(format_args!("{FOLDER}/{folder}"))?;
    let name = path.file_name().map(|name| Clean(&name.to_string_lossy()).to_string()).unwrap_or_default();
    if name.is_empty() { Err(Failure::told(format!("no name for {folder}"))) } else { Ok(name) }
}

/// `temp1_crit_alarm` is of type `temp`, sensor `temp1`, property `crit_alarm`.
fn explode(file: &str) -> Option<(&str, &str, &str)> {
    let Some(digits) = file.find(|c: char| c.is_ascii_digit()) else { return Some((file, file, "")) };
    let (kind, rest) = file.split_at(digits);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (_, property) = rest.split_at(end);
    let sensor = file.get(..digits + end)?;
    let property = if property.is_empty() { "" } else { property.strip_prefix('_')? };
    (!kind.is_empty()).then_some((kind, sensor, property))
}

fn tell(out: &mut Section, (kind, property, has_plain): (&str, &str, bool), labels: &[(&str, &str)], value: f64) {
    let element = Clean(property);
    let name = match property {
        "input" if !has_plain => format!("node_hwmon_{kind}"),
        "" => format!("node_hwmon_{kind}"),
        _ => format!("node_hwmon_{kind}_{element}"),
    };
    let mut gauge = |unit: &str, help: std::fmt::Arguments<'_>, value: f64| {
        out.gauge(format_args!("{name}{unit}"), help, labels, value);
    };
    match (kind, property) {
        ("vrm", "") => {
            let help = format_args!("Hardware voltage regulator");
            out.gauge(format_args!("node_hwmon_voltage_regulator_version"), help, labels, value);
        }
        ("update_interval", "") => {
            let help = format_args!("Hardware monitor update interval");
            out.gauge(format_args!("node_hwmon_update_interval_seconds"), help, labels, value * 0.001);
        }
        (_, "fault" | "alarm") => gauge("", format_args!("Hardware sensor {property} status ({kind})"), value),
        (_, "beep") => gauge("_enabled", format_args!("Hardware monitor sensor has beeping enabled"), value),
        ("in" | "cpu", _) => gauge("_volts", format_args!("Hardware monitor for voltage ({property})"), value * 0.001),
        ("temp", property) if property != "type" => {
            gauge("_celsius", format_args!("Hardware monitor for temperature ({property})"), value * 0.001);
        }
        ("curr", _) => gauge("_amps", format_args!("Hardware monitor for current ({property})"), value * 0.001),
        ("energy", _) => {
            let help = format_args!("Hardware monitor for joules used so far ({property})");
            out.counter(format_args!("{name}_joule_total"), help, labels, value / 1e6);
        }
        ("power", "accuracy") => {
            gauge("", format_args!("Hardware monitor power meter accuracy, as a ratio"), value / 1e6);
        }
        ("power", "average_interval" | "average_interval_min" | "average_interval_max") => {
            let help = format_args!("Hardware monitor power usage update interval ({property})");
            gauge("_seconds", help, value * 0.001);
        }
        ("power", _) => {
            gauge("_watt", format_args!("Hardware monitor for power usage in watts ({property})"), value / 1e6);
        }
        ("humidity", _) => gauge(
            "",
            format_args!(
                "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a percentage) \
                 ({property})"
            ),
            value / 1e6,
        ),
        ("fan", "input" | "min" | "max" | "target") => {
            gauge("_rpm", format_args!("Hardware monitor for fan revolutions per minute ({property})"), value);
        }
        (FREQUENCY, "input") => {
            gauge("_freq_mhz", format_args!("Hardware monitor for GPU frequency in MHz"), value / 1e6);
        }
        _ => gauge("", format_args!("Hardware monitor {kind} element {property}"), value),
    }
}

/// A word as part of a metric's name: lower case, everything else `_`, none at the ends.
struct Clean<'a>(&'a str);

impl std::fmt::Display for Clean<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clean = |c: char| match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | ':' | '_') => c,
            _ => '_',
        };
        let inner = self.0.trim_matches(|c| clean(c) == '_');
        inner.chars().try_for_each(|c| std::fmt::Write::write_char(f, clean(c)))
    }
}

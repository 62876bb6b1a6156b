//! `powersupplyclass`: batteries and mains.

use regex::Regex;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/power_supply";
/// File, name in the family, divisor.
const NUMBERS: [(&str, &str, f64); 49] = [
    ("authentic", "authentic", 1.0),
    ("calibrate", "calibrate", 1.0),
    ("capacity", "capacity", 1.0),
    ("capacity_alert_max", "capacity_alert_max", 1.0),
    ("capacity_alert_min", "capacity_alert_min", 1.0),
    ("cycle_count", "cyclecount", 1.0),
    ("online", "online", 1.0),
    ("present", "present", 1.0),
    ("time_to_empty_now", "time_to_empty_seconds", 1.0),
    ("time_to_full_now", "time_to_full_seconds", 1.0),
    ("current_boot", "current_boot", 1e6),
    ("current_max", "current_max", 1e6),
    ("current_now", "current_ampere", 1e6),
    ("energy_empty", "energy_empty", 1e6),
    ("energy_empty_design", "energy_empty_design", 1e6),
    ("energy_full", "energy_full", 1e6),
    ("energy_full_design", "energy_full_design", 1e6),
    ("energy_now", "energy_watthour", 1e6),
    ("voltage_boot", "voltage_boot", 1e6),
    ("voltage_max", "voltage_max", 1e6),
    ("voltage_max_design", "voltage_max_design", 1e6),
    ("voltage_min", "voltage_min", 1e6),
    ("voltage_min_design", "voltage_min_design", 1e6),
    ("voltage_now", "voltage_volt", 1e6),
    ("voltage_ocv", "voltage_ocv", 1e6),
    ("charge_control_limit", "charge_control_limit", 1e6),
    ("charge_control_limit_max", "charge_control_limit_max", 1e6),
    ("charge_counter", "charge_counter", 1e6),
    ("charge_empty", "charge_empty", 1e6),
    ("charge_empty_design", "charge_empty_design", 1e6),
    ("charge_full", "charge_full", 1e6),
    ("charge_full_design", "charge_full_design", 1e6),
    ("charge_now", "charge_ampere", 1e6),
    ("charge_term_current", "charge_term_current", 1e6),
    ("constant_charge_current", "constant_charge_current", 1e6),
    ("constant_charge_current_max", "constant_charge_current_max", 1e6),
    ("constant_charge_voltage", "constant_charge_voltage", 1e6),
    ("constant_charge_voltage_max", "constant_charge_voltage_max", 1e6),
    ("precharge_current", "precharge_current", 1e6),
    ("input_current_limit", "input_current_limit", 1e6),
    ("power_now", "power_watt", 1e6),
    ("temp", "temp_celsius", 10.0),
    ("temp_alert_max", "temp_alert_max_celsius", 10.0),
    ("temp_alert_min", "temp_alert_min_celsius", 10.0),
    ("temp_ambient", "temp_ambient_celsius", 10.0),
    ("temp_ambient_max", "temp_ambient_max_celsius", 10.0),
    ("temp_ambient_min", "temp_ambient_min_celsius", 10.0),
    ("temp_max", "temp_max_celsius", 10.0),
    ("temp_min", "temp_min_celsius", 10.0),
];
/// Labels and files of the same name; `power_supply` stands among them.
const TEXTS: [&str; 12] = [
    "capacity_level",
    "charge_type",
    "health",
    "manufacturer",
    "model_name",
    "power_supply",
    "scope",
    "serial_number",
    "status",
    "technology",
    "type",
    "usb_type",
];

struct PowerSupplies {
    ignored: Regex,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(PowerSupplies { ignored: config.pattern("powersupply.ignored-supplies")? }))
}

impl HostSource for PowerSupplies {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        for supply in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
            if self.ignored.is_match(supply) {
                continue;
            }
            for (file, name, divisor) in NUMBERS {
                let Ok(text) = system.sys.value(format_args!("{FOLDER}/{supply}/{file}")) else { continue };
                if let Ok(value) = number(&text) {
                    out.gauge(
                        format_args!("node_power_supply_{name}"),
                        format_args!("{name} value of /sys/class/power_supply/<power_supply>."),
                        &[("power_supply", supply)],
                        value / divisor,
                    );
                }
            }
            let texts = TEXTS.map(|file| system.sys.value(format_args!("{FOLDER}/{supply}/{file}")).ok());
            let mut labels = [("", ""); TEXTS.len()];
            let mut count = 0;
            for (name, text) in TEXTS.iter().zip(&texts) {
                let text = if *name == "power_supply" { supply } else { text.as_deref().unwrap_or_default() };
                // Wire: what the supply does not tell is no label.
                if !text.is_empty() {
                    labels[count] = (name, text);
                    count += 1;
                }
            }
            out.put("node_power_supply_info", &labels[..count], 1.0);
        }
        Ok(())
    }
}

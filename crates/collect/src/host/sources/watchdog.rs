//! `watchdog`: timers that reset the machine when nobody answers.

use crate::host::parse::{hexadecimal, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/watchdog";
/// File, and what follows it in the family.
const NUMBERS: [(&str, &str); 7] = [
    ("access_cs0", ""),
    ("bootstatus", ""),
    ("fw_version", ""),
    ("nowayout", ""),
    ("pretimeout", "_seconds"),
    ("timeleft", "_seconds"),
    ("timeout", "_seconds"),
];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for name in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
        let value = |file: &str| system.sys.value(format_args!("{FOLDER}/{name}/{file}")).ok();
        for (file, unit) in NUMBERS {
            let Some(text) = value(file) else { continue };
            let Ok(value) = number(&text).or_else(|_| hexadecimal(&text)) else { continue };
            let help = format_args!("Value of /sys/class/watchdog/<watchdog>/{file}");
            out.gauge(format_args!("node_watchdog_{file}{unit}"), help, &[("name", name)], value);
        }
        let texts = ["identity", "options", "pretimeout_governor", "state", "status"].map(value);
        let [identity, options, governor, state, status] =
            texts.each_ref().map(|text| text.as_deref().unwrap_or_default());
        let labels = [
            ("identity", identity),
            ("name", name),
            ("options", options),
            ("pretimeout_governor", governor),
            ("state", state),
            ("status", status),
        ];
        out.put("node_watchdog_info", &labels, 1.0);
    }
    Ok(())
}

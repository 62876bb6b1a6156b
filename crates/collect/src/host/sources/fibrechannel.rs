//! `fibrechannel`: host ports of Fibre Channel.

use crate::host::parse::hexadecimal;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/fc_host";
/// Labels and files of the same name, in label order; `fc_host` stands among them.
const FIELDS: [&str; 11] = [
    "dev_loss_tmo",
    "fabric_name",
    "fc_host",
    "port_id",
    "port_name",
    "port_state",
    "port_type",
    "speed",
    "supported_classes",
    "supported_speeds",
    "symbolic_name",
];
/// File and family.
const COUNTERS: [(&str, &str); 14] = [
    ("dumped_frames", "dumped_frames_total"),
    ("error_frames", "error_frames_total"),
    ("fcp_packet_aborts", "fcp_packet_aborts_total"),
    ("invalid_crc_count", "invalid_crc_total"),
    ("invalid_tx_word_count", "invalid_tx_words_total"),
    ("link_failure_count", "link_failure_total"),
    ("loss_of_signal_count", "loss_of_signal_total"),
    ("loss_of_sync_count", "loss_of_sync_total"),
    ("nos_count", "nos_total"),
    ("rx_frames", "rx_frames_total"),
    ("rx_words", "rx_words_total"),
    ("seconds_since_last_reset", "seconds_since_last_reset_total"),
    ("tx_frames", "tx_frames_total"),
    ("tx_words", "tx_words_total"),
];
/// A counter that the port does not have.
const NONE: &str = "0xffffffffffffffff";

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for host in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
        let texts = FIELDS.map(|field| system.sys.value(format_args!("{FOLDER}/{host}/{field}")).ok());
        let mut labels = FIELDS.map(|field| (field, ""));
        for (label, text) in labels.iter_mut().zip(&texts) {
            let text = text.as_deref().unwrap_or_default();
            label.1 = match label.0 {
                "fc_host" => host,
                "fabric_name" | "port_id" | "port_name" => text.strip_prefix("0x").unwrap_or(text),
                _ => text,
            };
        }
        out.put("node_fibrechannel_info", &labels, 1.0);
        for (file, family) in COUNTERS {
            let Ok(text) = system.sys.value(format_args!("{FOLDER}/{host}/statistics/{file}")) else { continue };
            if &*text != NONE {
                let labels = [("fc_host", host)];
                out.put_named(format_args!("node_fibrechannel_{family}"), &labels, hexadecimal(&text)?);
            }
        }
    }
    Ok(())
}

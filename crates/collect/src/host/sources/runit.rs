//! `runit`: services under runit, from the status files of their supervisors.

use std::path::PathBuf;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::flag;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// TAI64 labels count from here, ten leap seconds before the epoch.
const TAI_EPOCH: u64 = (1 << 62) + 10;
const STATUS_BYTES: usize = 20;
const STATE: usize = 19;
const WANT: usize = 17;

struct Runit {
    folder: PathBuf,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Runit { folder: config.option("runit.servicedir").into() }))
}

impl HostSource for Runit {
    fn read(&mut self, _: &System, out: &mut Section) -> Result<(), Failure> {
        let services = std::fs::read_dir(&self.folder)
            .map_err(|error| Failure::told(format!("{}: {error}", self.folder.display())))?;
        let mut names: Vec<_> =
            services.flatten().filter_map(|service| service.file_name().into_string().ok()).collect();
        names.sort_unstable();
        for name in &names {
            // A folder without a supervisor is no service that runs.
            let Ok(status) = std::fs::read(self.folder.join(name).join("supervise/status")) else { continue };
            let Some(status) = status.first_chunk::<STATUS_BYTES>() else { continue };
            let label = status.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
            let labels = [("service", name.as_str())];
            out.put("node_service_state", &labels, f64::from(status[STATE]));
            out.put("node_service_desired_state", &labels, flag(status[WANT] == b'u'));
            out.put("node_service_normal_state", &labels, flag((status[STATE] == 1) == (status[WANT] == b'u')));
            let changed = label.saturating_sub(TAI_EPOCH) as f64;
            out.put("node_service_state_last_change_timestamp_seconds", &labels, changed);
        }
        Ok(())
    }
}

//! `selinux`: whether mandatory access control is on, and how.

use crate::host::parse::flag;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let enforcing = system.sys.some(format_args!("fs/selinux/enforce"));
    out.put("node_selinux_enabled", &[], flag(enforcing.is_some()));
    if let Some(enforcing) = enforcing {
        out.put("node_selinux_current_mode", &[], enforcing);
        let configured = system.root.read(format_args!("etc/selinux/config"));
        let is_enforcing = configured.is_ok_and(|text| text.lines().any(|line| line.trim() == "SELINUX=enforcing"));
        out.put("node_selinux_config_mode", &[], flag(is_enforcing));
    }
    Ok(())
}

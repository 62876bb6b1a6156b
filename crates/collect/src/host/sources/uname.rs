//! `uname`: what the system calls itself.

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

struct Uname;

pub(super) fn make(_: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Uname))
}

impl HostSource for Uname {
    fn read(&mut self, _: &System, out: &mut Section) -> Result<(), Failure> {
        let uname = rustix::system::uname();
        let fields = [
            ("domainname", uname.domainname()),
            ("machine", uname.machine()),
            ("nodename", uname.nodename()),
            ("release", uname.release()),
            ("sysname", uname.sysname()),
            ("version", uname.version()),
        ];
        let labels = fields.map(|(name, text)| (name, text.to_str().unwrap_or_default()));
        out.put("node_uname_info", &labels, 1.0);
        Ok(())
    }
}

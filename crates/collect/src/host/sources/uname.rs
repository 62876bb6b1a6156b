//! `uname`: what the system calls itself.

use gw_base::Timestamp;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::page::Page;
use crate::host::roots::Roots;

struct Uname;

pub(super) fn make(_: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Uname))
}

impl HostSource for Uname {
    fn read(&mut self, _: &Roots, _: Timestamp, page: &mut Page) -> Result<(), String> {
        let uname = rustix::system::uname();
        let fields = [
            ("domainname", uname.domainname()),
            ("machine", uname.machine()),
            ("nodename", uname.nodename()),
            ("release", uname.release()),
            ("sysname", uname.sysname()),
            ("version", uname.version()),
        ];
        let texts = fields.map(|(name, text)| (name, text.to_string_lossy()));
        let labels: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_ref())).collect();
        let help = "Labeled system information as provided by the uname system call.";
        page.gauge("node_uname_info", help).add(&labels, 1.0);
        Ok(())
    }
}

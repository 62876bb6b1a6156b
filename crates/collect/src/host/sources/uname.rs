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
        let text = |field: &std::ffi::CStr| field.to_string_lossy().into_owned();
        let labels = [
            ("domainname", &text(uname.domainname())[..]),
            ("machine", &text(uname.machine())),
            ("nodename", &text(uname.nodename())),
            ("release", &text(uname.release())),
            ("sysname", &text(uname.sysname())),
            ("version", &text(uname.version())),
        ];
        let help = "Labeled system information as provided by the uname system call.";
        page.gauge("node_uname_info", help).add(&labels, 1.0);
        Ok(())
    }
}

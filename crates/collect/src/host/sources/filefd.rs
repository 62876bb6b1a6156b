//! `filefd`: open files of the whole machine.

use crate::host::parse::field;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("sys/fs/file-nr"))?;
    let mut fields = text.split_ascii_whitespace();
    out.put("node_filefd_allocated", &[], field(&mut fields)?);
    fields.next();
    out.put("node_filefd_maximum", &[], field(&mut fields)?);
    Ok(())
}

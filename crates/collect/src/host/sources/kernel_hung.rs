//! `kernel_hung`: tasks that the kernel has found hung.

use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let count = system.proc.number(format_args!("sys/kernel/hung_task_detect_count")).map_err(Failure::or_no_data)?;
    out.put("node_kernel_hung_tasks_total", &[], count);
    Ok(())
}

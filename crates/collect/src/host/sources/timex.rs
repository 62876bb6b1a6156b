//! `timex`: how well the kernel's clock is kept.

use crate::host::parse::flag;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const MICROSECONDS: f64 = 1e6;
const NANOSECONDS: f64 = 1e9;
/// Frequencies come in millionths, with sixteen bits behind the point.
const PARTS: f64 = 1e6 * 65536.0;

pub(super) fn read(_: &System, out: &mut Section) -> Result<(), Failure> {
    let (state, clock) = ask()?;
    let divisor = if clock.status & libc::STA_NANO != 0 { NANOSECONDS } else { MICROSECONDS };
    let mut put = |name: &str, value: f64| out.put_named(format_args!("node_timex_{name}"), &[], value);
    put("sync_status", flag(state != libc::TIME_ERROR));
    put("offset_seconds", clock.offset as f64 / divisor);
    put("frequency_adjustment_ratio", 1.0 + clock.freq as f64 / PARTS);
    put("maxerror_seconds", clock.maxerror as f64 / MICROSECONDS);
    put("estimated_error_seconds", clock.esterror as f64 / MICROSECONDS);
    put("status", f64::from(clock.status));
    put("loop_time_constant", clock.constant as f64);
    put("tick_seconds", clock.tick as f64 / MICROSECONDS);
    put("pps_frequency_hertz", clock.ppsfreq as f64 / PARTS);
    put("pps_jitter_seconds", clock.jitter as f64 / divisor);
    put("pps_shift_seconds", f64::from(clock.shift));
    put("pps_stability_hertz", clock.stabil as f64 / PARTS);
    put("pps_jitter_total", clock.jitcnt as f64);
    put("pps_calibration_total", clock.calcnt as f64);
    put("pps_error_total", clock.errcnt as f64);
    put("pps_stability_exceeded_total", clock.stbcnt as f64);
    put("tai_offset_seconds", f64::from(clock.tai));
    Ok(())
}

/// Asks without setting anything.
fn ask() -> Result<(i32, libc::timex), Failure> {
    // SAFETY: every field of `timex` is a number, for which all bits 0 is a value; mode 0 means that nothing is set.
    let mut clock: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a `timex` that lives through the call.
    let state = unsafe { libc::adjtimex(&raw mut clock) };
    match state {
        0.. => Ok((state, clock)),
        _ => match std::io::Error::last_os_error() {
            error if error.kind() == std::io::ErrorKind::PermissionDenied => Err(Failure::NoData),
            error => Err(Failure::told(format!("adjtimex: {error}"))),
        },
    }
}

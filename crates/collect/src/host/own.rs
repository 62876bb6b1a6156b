//! What the exporter says of itself: its build, its process, the requests that it has answered.

use super::parse::number;
use super::section::Section;
use super::system::{Failure, System};

/// Ticks a second of process times; the kernel's interface fixes it.
const USER_HZ: f64 = 100.0;

/// What the HTTP face of the page has done, for `promhttp_*` families.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requests {
    /// Requests that are being answered.
    pub in_flight: u64,
    /// Requests answered with 200, 500 and 503.
    pub answered: [u64; 3],
}

/// Wire: the codes that stand on the page from the start.
const CODES: [&str; 3] = ["200", "500", "503"];

/// The family by which everybody finds node exporters; version and revision are our own.
pub(super) fn build(out: &mut Section) {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let labels = [
        ("branch", ""),
        ("goarch", architecture),
        ("goos", std::env::consts::OS),
        ("goversion", ""),
        ("revision", "gatewatch"),
        ("tags", ""),
        ("version", env!("CARGO_PKG_VERSION")),
    ];
    out.put("node_exporter_build_info", &labels, 1.0);
}

/// Requests so far.
pub(super) fn requests(out: &mut Section, requests: &Requests) {
    for cause in ["encoding", "gathering"] {
        out.put("promhttp_metric_handler_errors_total", &[("cause", cause)], 0.0);
    }
    out.put("promhttp_metric_handler_requests_in_flight", &[], requests.in_flight as f64);
    for (code, count) in CODES.iter().zip(requests.answered) {
        out.put("promhttp_metric_handler_requests_total", &[("code", code)], count as f64);
    }
}

/// This process, as the kernel that runs it sees it, wherever the watched machine's procfs is mounted.
pub(super) fn process(system: &System, out: &mut Section) -> Result<(), Failure> {
    let stat = system.proc.read(format_args!("self/stat"))?;
    let (_, rest) = stat.rsplit_once(") ").ok_or_else(|| Failure::told("the process has no name"))?;
    // Fields from the third on.
    let field = |at: usize| number(rest.split_ascii_whitespace().nth(at - 3).unwrap_or_default());
    out.put("process_cpu_seconds_total", &[], (field(14)? + field(15)?) / USER_HZ);
    out.put("process_virtual_memory_bytes", &[], field(23)?);
    out.put("process_resident_memory_bytes", &[], field(24)? * rustix::param::page_size() as f64);
    out.put("process_start_time_seconds", &[], boot_seconds(system)? + field(22)? / USER_HZ);
    out.put("process_open_fds", &[], system.proc.names(format_args!("self/fd"))?.len() as f64);
    for line in system.proc.read(format_args!("self/limits"))?.lines() {
        let limit = |rest: &str| match rest.split_ascii_whitespace().next() {
            // Wire: no limit is the largest number.
            Some("unlimited") => Ok(u64::MAX as f64),
            soft => number(soft.unwrap_or_default()),
        };
        if let Some(rest) = line.strip_prefix("Max open files") {
            out.put("process_max_fds", &[], limit(rest)?);
        } else if let Some(rest) = line.strip_prefix("Max address space") {
            out.put("process_virtual_memory_max_bytes", &[], limit(rest)?);
        }
    }
    if system.compat >= super::config::Compat::V1_8 {
        let (received, sent) = network(system)?;
        out.put("process_network_receive_bytes_total", &[], received);
        out.put("process_network_transmit_bytes_total", &[], sent);
    }
    Ok(())
}

fn boot_seconds(system: &System) -> Result<f64, Failure> {
    let stat = system.proc.read(format_args!("stat"))?;
    number(stat.lines().find_map(|line| line.strip_prefix("btime ")).unwrap_or_default())
}

/// Bytes of IP that the process' network namespace has taken and sent.
fn network(system: &System) -> Result<(f64, f64), Failure> {
    let text = system.proc.read(format_args!("self/net/netstat"))?;
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("IpExt: "));
    let (names, values) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let find = |wanted: &str| {
        let at = names.split(' ').position(|name| name == wanted);
        number(at.and_then(|at| values.split(' ').nth(at)).unwrap_or("0"))
    };
    Ok((find("InOctets")?, find("OutOctets")?))
}

//! `xtask fuzz`: runs fuzz targets for a while. Each test run of the crates runs them briefly.

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::terminal::say;
use crate::workspace::Workspace;

/// A target, the crate whose tests hold it, and the test's path.
struct Target {
    name: &'static str,
    package: &'static str,
    test: &'static str,
}

static TARGETS: &[Target] = &[
    Target { name: "exposition-text", package: "gw-formats", test: "wire::exposition_text" },
    Target { name: "open-metrics", package: "gw-formats", test: "wire::open_metrics" },
    Target { name: "remote-write-1", package: "gw-formats", test: "wire::remote_write_1" },
    Target { name: "remote-write-2", package: "gw-formats", test: "wire::remote_write_2" },
    Target { name: "snappy-bodies", package: "gw-formats", test: "wire::snappy_bodies" },
    Target { name: "block-index", package: "gw-formats", test: "storage::block_index" },
    Target { name: "chunk-bits", package: "gw-formats", test: "storage::chunk_bits" },
    Target { name: "log-records", package: "gw-formats", test: "storage::log_records" },
    Target { name: "log-segments", package: "gw-formats", test: "storage::log_segments" },
    Target { name: "head-chunks", package: "gw-formats", test: "storage::head_chunks" },
    Target { name: "small-files", package: "gw-formats", test: "storage::small_files" },
    Target { name: "promql", package: "gw-lang", test: "promql" },
    Target { name: "host-files", package: "gw-collect", test: "host_files" },
];

/// `fuzz TARGET SECONDS`; `all` runs every target for so long, one after the other.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let [name, seconds] = arguments else {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        bail!("cargo xtask fuzz TARGET SECONDS; targets: all, {}", names.join(", "));
    };
    let seconds: u64 = seconds.parse().with_context(|| format!("{seconds:?} is no number of seconds"))?;
    let wanted: Vec<&Target> = TARGETS.iter().filter(|target| name == "all" || target.name == name).collect();
    if wanted.is_empty() {
        bail!("no target {name:?}; `cargo xtask fuzz` lists them");
    }
    for target in wanted {
        say(&format!("{} for {seconds} s", target.name));
        let mut command = workspace.cargo();
        command.args(["test", "--quiet", "--package", target.package, "--test", "fuzz", "--", "--exact", target.test]);
        command.arg("--show-output").env("GATEWATCH_FUZZ_SECONDS", seconds.to_string());
        process::run(&mut command)?;
    }
    Ok(())
}

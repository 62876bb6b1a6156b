//! The compliance suite of remote-write receivers (`github.com/prometheus/compliance`), unmodified, as a test program.

use std::path::Path;

use anyhow::Result;

use crate::go::{self, Program};
use crate::process;

const MODULE: &str = "github.com/prometheus/compliance/remotewrite/receiver@v0.0.0-20260806071727-67b8327a2e93";

/// The test program.
pub(crate) static RECEIVER: Program = Program {
    title: "the compliance suite of remote-write receivers",
    folder: "remote-write-receiver-v0.0.0-20260806071727-67b8327a2e93",
    product: "receiver.test",
    minutes: 1,
    build,
};

fn build(work: &Path, product: &Path) -> Result<()> {
    let sources = work.join("sources");
    go::download_copy(work, MODULE, &sources)?;
    process::quiet(go::build(&sources, &["test", "-c"]).arg("-o").arg(product).arg("."))
}

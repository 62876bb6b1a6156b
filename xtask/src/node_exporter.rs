//! A current `node_exporter` for the black-box tests, whose page of this machine is compared with ours.

use std::path::Path;

use anyhow::Result;

use crate::go::{self, Program};
use crate::process;

const MODULE: &str = "github.com/prometheus/node_exporter@v1.12.1";

/// The program.
pub(crate) static NODE_EXPORTER: Program = Program {
    title: "node_exporter 1.12.1",
    folder: "node_exporter-1.12.1",
    product: "node_exporter",
    minutes: 1,
    build,
};

fn build(work: &Path, product: &Path) -> Result<()> {
    let sources = work.join("sources");
    go::download_copy(work, MODULE, &sources)?;
    process::quiet(
        go::build(&sources, &["build"])
            .arg("-ldflags=-s -w -X github.com/prometheus/common/version.Version=1.12.1")
            .arg("-o")
            .arg(product)
            .arg("."),
    )
}

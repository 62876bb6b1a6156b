//! A current Prometheus and its promtool for the black-box tests; what Debian has is years older than the language we answer.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::go::{self, Program};
use crate::process;

/// Release 3.14.0: as a Go module its version has the major number in the minor one.
const MODULE: &str = "github.com/prometheus/prometheus@v0.314.0";

/// In place of discovery in Kubernetes, whose libraries are half of what there is to compile: what promtool names of it, to
/// check the files of a configuration.
const NO_KUBERNETES: &str = include_str!("stand_ins/kubernetes.go");

/// The folder with `prometheus` and `promtool`.
pub(crate) static PROMETHEUS: Program =
    Program { title: "Prometheus 3.14.0", folder: "prometheus-3.14.0", product: "bin", minutes: 4, build };

fn build(work: &Path, product: &Path) -> Result<()> {
    let sources = work.join("sources");
    go::download_copy(work, MODULE, &sources)?;
    let kubernetes = sources.join("discovery/kubernetes");
    go::remove_files(&kubernetes, "")?;
    fs::write(kubernetes.join("kubernetes.go"), NO_KUBERNETES).context("cannot write in place of the discovery")?;
    fs::create_dir(product)?;
    // Service discovery of clouds is most of what else there is to compile, and nothing that the tests ask for. The archive
    // has no web UI, so it is not embedded (no tag `builtinassets`).
    process::quiet(
        go::build(&sources, &["build"])
            .arg("-tags=remove_all_sd")
            .arg("-ldflags=-s -w -X github.com/prometheus/common/version.Version=3.14.0")
            .arg("-o")
            .arg(product)
            .args(["./cmd/prometheus", "./cmd/promtool"]),
    )
}

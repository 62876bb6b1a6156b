//! A real Traefik for the black-box tests, built once from the Go module proxy where a Go toolchain is at hand.

use std::path::PathBuf;

use anyhow::Result;

use crate::environment::cache_folder;

/// The program, or `None` where it has not been built.
pub(crate) fn provide() -> Result<Option<PathBuf>> {
    let program = cache_folder()?.join("traefik/traefik");
    Ok(program.exists().then_some(program))
}

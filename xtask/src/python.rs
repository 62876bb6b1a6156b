//! Unmodified Python clients in a virtual environment of their own, pinned, shared by all checkouts of a user.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::environment::{cache_folder, find_program, under_ci};
use crate::{process, terminal};

/// The clients of the black-box tests. A change of this list makes a new environment.
static CLIENTS: &[&str] = &[
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-grpc==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
    "python-logging-loki==0.3.1",
    "py-zipkin==1.2.8",
    "prometheus-api-client==0.7.2",
    "jsonschema==4.26.0",
    "PyYAML==6.0.3",
];

/// The interpreter of the environment, or `None` where it cannot be made (said so; a failure under CI).
pub(crate) fn provide() -> Result<Option<PathBuf>> {
    let list = CLIENTS.join("\n");
    let folder = cache_folder()?.join(format!("python-{:016x}", fingerprint(&list)));
    let interpreter = folder.join("bin/python");
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(Some(interpreter));
    }
    if find_program("python3").is_none() && !under_ci() {
        terminal::say("skipped: no python3, so the tests with Python clients do not run");
        return Ok(None);
    }
    terminal::say(&format!("installing Python clients that the tests need: {}", CLIENTS.join(" ")));
    process::quiet(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    process::quiet(Command::new(&interpreter).args(["-m", "pip", "install", "--quiet"]).args(CLIENTS))?;
    std::fs::write(&complete, list)?;
    Ok(Some(interpreter))
}

fn fingerprint(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

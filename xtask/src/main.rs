//! The project's own commands, run as `cargo xtask COMMAND`: start the product, test it, check the house rules, measure it.
//!
//! Only `std`, `anyhow`, `serde_json` and the test kit, so that a fresh machine has this tool in seconds.

mod artifacts;
mod bench;
mod ci;
mod compliance;
mod debian;
mod digest;
mod environment;
mod fuzz;
mod go;
mod node_exporter;
mod process;
mod prometheus;
mod python;
mod run;
mod suites;
mod terminal;
mod test;
mod tidy;
mod traefik;
mod ui;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// One word of the command line and what it does.
struct Task {
    name: &'static str,
    summary: &'static str,
    run: fn(&Workspace, &[String]) -> Result<()>,
}

static TASKS: &[Task] = &[
    Task {
        name: "run",
        summary: "build everything and start the product; `run -- demo` adds the simulated gateway",
        run: run::run,
    },
    Task {
        name: "test",
        summary: "install what the tests need, then run all of them; names limit it to those suites",
        run: test::run,
    },
    Task { name: "ci", summary: "format check, tidy, and lint plus tests in one compile", run: ci::run },
    Task { name: "tidy", summary: "check the house rules: layers, lock file, sources, documents", run: tidy::run },
    Task {
        name: "fuzz",
        summary: "feed decoders and parsers with damaged inputs: `fuzz TARGET SECONDS`; without words it lists the targets",
        run: fuzz::run,
    },
    Task {
        name: "bench",
        summary: "measure a release binary: `bench start|smoke|million|kill|death`; and build times: `bench edit`",
        run: bench::run,
    },
];

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_else(|| "help".to_owned());
    // `cargo xtask run -- demo` hands the separator on; the commands do not need it.
    let arguments: Vec<String> = words.filter(|word| word != "--").collect();
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        terminal::say("cargo xtask COMMAND\n");
        TASKS.iter().for_each(|task| terminal::say(&format!("  {:<6} {}", task.name, task.summary)));
        return Ok(());
    }
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        bail!("unknown command {name:?}; `cargo xtask help` lists them");
    };
    (task.run)(&Workspace::open()?, &arguments)
}

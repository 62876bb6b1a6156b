//! The one binary: it reads the command line, wires the parts and runs them.
//!
//! *Architecture Invariant:* only this crate knows all others. Nothing here decodes, stores, evaluates or renders.

mod admin;
mod banner;
mod cli;
mod commands;
mod config;
mod demo;
mod lock;
mod memory;
mod monitors;
mod personalities;
mod ports;
mod product;
mod retention;
mod rooms;
mod rules;
mod telemetry;
mod top;
mod transfer;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

fn main() -> ExitCode {
    let environment = gw_config::Environment::of_process();
    start_log(environment.get("GW_LOG"));
    let words: Vec<std::ffi::OsString> = std::env::args_os().collect();
    if let Some(personality) = personalities::of(&words) {
        return personality.run(&environment);
    }
    match commands::run(Cli::parse_from(words), &environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed stderr leaves nobody to tell.
            writeln!(std::io::stderr(), "error: {error:#}").unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

fn start_log(filter: Option<&str>) {
    let filter = tracing_subscriber::EnvFilter::builder().parse_lossy(filter.unwrap_or("info,sqlx=warn"));
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_ansi(colours)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
}

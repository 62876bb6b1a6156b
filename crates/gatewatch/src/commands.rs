//! What each word of the command line does.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, Result};
use gw_config::Environment;

use crate::cli::{
    CheckCommand, Cli, Command, ConfigCommand, ConfigFlags, ExportCommand, ImportCommand, RunFlags, StoreFlags,
    TopFlags,
};
use crate::config::Origin;
use crate::product::{self, Start};
use crate::top::{self, Top};
use crate::transfer::{self, ExportJob, ImportJob};

/// Does what the command line says.
///
/// # Errors
/// Whatever keeps it from being done, told to people.
pub(crate) fn run(cli: Cli, environment: &Environment) -> Result<()> {
    match cli.command.unwrap_or(Command::Run(cli.run)) {
        Command::Run(flags) => product::run(start(&flags), environment),
        Command::Demo(flags) => product::run(Start { demo_seed: Some(flags.seed), ..start(&flags.run) }, environment),
        Command::Check(CheckCommand::Config(flags)) => check(&flags, environment),
        Command::Config(ConfigCommand::Show(flags)) => show(&flags, environment),
        Command::Import(ImportCommand::Prometheus(flags)) => {
            let job = ImportJob { dir: flags.dir, origin: store_origin(&flags.store), url: flags.url };
            transfer::import(job, environment)
        }
        Command::Export(ExportCommand::Prometheus(flags)) => {
            let job = ExportJob {
                dir: flags.dir,
                origin: store_origin(&flags.store),
                selectors: flags.selectors,
                from: flags.from,
                to: flags.to,
            };
            transfer::export(job, environment)
        }
        Command::Top(flags) => {
            let interval = Duration::try_from_secs_f64(flags.interval).context("--interval")?;
            let TopFlags { once, port_offset, local, .. } = flags;
            top::run(&Top { once, interval, port_offset, local })
        }
    }
}

fn start(flags: &RunFlags) -> Start {
    let listed = [
        ("store.dir", flags.data.as_ref().map(|dir| dir.display().to_string()), "--data"),
        ("listen.address", flags.listen.map(|address| address.to_string()), "--listen"),
        ("query.compat", flags.compat.clone(), "--compat"),
        ("listen.port_offset", flags.port_offset.map(|offset| offset.to_string()), "--port-offset"),
    ];
    let flags_over_file = listed.into_iter().filter_map(|(path, value, flag)| Some((path, value?, flag))).collect();
    let origin = Origin { file: flags.config.clone(), imports: flags.imports.clone(), flags: flags_over_file };
    Start { origin, insecure_no_auth: flags.insecure_no_auth, ..Start::default() }
}

fn origin(flags: &ConfigFlags) -> Origin {
    let file = flags.file.clone().or_else(|| flags.config.clone());
    Origin { file, imports: flags.imports.clone(), flags: Vec::new() }
}

fn store_origin(flags: &StoreFlags) -> Origin {
    let data = flags.data.as_ref().map(|dir| ("store.dir", dir.display().to_string(), "--data"));
    Origin { file: flags.config.clone(), imports: Vec::new(), flags: data.into_iter().collect() }
}

fn check(flags: &ConfigFlags, environment: &Environment) -> Result<()> {
    let config = origin(flags).load(environment)?;
    product::check(&config)?;
    writeln!(std::io::stdout(), "ok")?;
    Ok(())
}

fn show(flags: &ConfigFlags, environment: &Environment) -> Result<()> {
    let config = origin(flags).load(environment)?;
    write!(std::io::stdout(), "{}", gw_config::print_yaml(&config)?)?;
    Ok(())
}

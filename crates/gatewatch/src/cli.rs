//! The command line: what the words and flags are, and nothing of what they do.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Watches an API gateway and everything behind it: metrics, logs, traces, uptime, alerts, in one program.
#[derive(Debug, Parser)]
#[command(name = "gatewatch", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunFlags,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the product (the default).
    Run(RunFlags),
    /// Start the product with a simulated shop behind a simulated gateway.
    Demo(DemoFlags),
    /// Check a file without starting anything.
    #[command(subcommand)]
    Check(CheckCommand),
    /// Show the configuration in force.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Take over another product's data directory.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Write data for another product.
    #[command(subcommand)]
    Export(ExportCommand),
    /// Show hosts, containers and processes in the terminal.
    Top(TopFlags),
}

/// Flags of `top`.
#[derive(Debug, Clone, Args)]
pub(crate) struct TopFlags {
    /// Print one plain frame and end.
    #[arg(long)]
    pub(crate) once: bool,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub(crate) interval: f64,
    /// Number added to the ports of the server on this machine.
    #[arg(long, value_name = "N", conflicts_with = "local")]
    pub(crate) port_offset: Option<u16>,
    /// Read this machine itself, whether or not a server runs.
    #[arg(long)]
    pub(crate) local: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Blocks, write-ahead log and head of a Prometheus data directory, a snapshot, or a single block. Running it again
    /// changes nothing.
    Prometheus(ImportFlags),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// Prometheus blocks of two hours each, for `promtool tsdb` or a Prometheus data directory.
    Prometheus(ExportFlags),
}

/// Flags of `import`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ImportFlags {
    /// What is read; it stays as it is.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreFlags,
    /// Send into a running product (its Prometheus port) instead of the store of a stopped one.
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    pub(crate) url: Option<String>,
}

/// Flags of `export`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExportFlags {
    /// Folder of the blocks; made when missing, and without blocks before.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreFlags,
    /// Series to export, such as `{job="api"}`; of several, one must match.
    #[arg(long = "match", value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,
    /// First time: RFC 3339 or Unix seconds.
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    pub(crate) from: Option<String>,
    /// Last time: RFC 3339 or Unix seconds.
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    pub(crate) to: Option<String>,
}

/// Which store is meant.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StoreFlags {
    /// Configuration file; `gatewatch.yaml` is read when it is there.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Data directory of a product that does not run.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CheckCommand {
    /// Check a gatewatch.yaml and everything that it imports.
    Config(ConfigFlags),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the configuration after imports, environment and flags; secrets are hidden.
    Show(ConfigFlags),
}

/// Flags that decide the configuration.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConfigFlags {
    /// Configuration file; `gatewatch.yaml` is read when it is there.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Configuration file, as a flag.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub(crate) config: Option<PathBuf>,
    /// Another product's file to take over: `prometheus=FILE` or `promtail=FILE`; may be repeated.
    #[arg(long = "import", value_name = "PRODUCT=FILE")]
    pub(crate) imports: Vec<String>,
}

/// Flags of `run` and `demo`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RunFlags {
    /// Configuration file; `gatewatch.yaml` is read when it is there.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Another product's file to take over: `prometheus=FILE` or `promtail=FILE`; may be repeated.
    #[arg(long = "import", value_name = "PRODUCT=FILE")]
    pub(crate) imports: Vec<String>,
    /// Data directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address to listen on; other machines reach it only when it is not loopback.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<IpAddr>,
    /// Number added to every port.
    #[arg(long, value_name = "N")]
    pub(crate) port_offset: Option<u16>,
    /// The release of Prometheus whose rules PromQL follows: `3` or `2.47`.
    #[arg(long, value_name = "RELEASE")]
    pub(crate) compat: Option<String>,
    /// Serve other machines without asking who they are.
    #[arg(long)]
    pub(crate) insecure_no_auth: bool,
}

/// Flags of `demo`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DemoFlags {
    #[command(flatten)]
    pub(crate) run: RunFlags,
    /// The same seed gives the same traffic and faults.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

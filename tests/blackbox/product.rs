//! The product as a process: started on free ports with a folder of its own, and watched for panics until it ends.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http::{self, Answer, Connection};
use serde_json::Value;

use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, eventually, unix_nanos, variable};
use crate::ports;

/// The password of the first account, `admin`.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The built binary: the one that `cargo xtask test` has just built, or else what lies in the default place.
pub(crate) fn binary() -> PathBuf {
    let default = || gw_testkit::package().join("../target/debug/gatewatch");
    variable("GATEWATCH_TEST_BINARY").map_or_else(default, PathBuf::from)
}

/// A running Gatewatch. When it goes, the process is ended and its log must hold no panic.
#[derive(Debug)]
pub(crate) struct Gatewatch {
    daemon: Daemon,
    offset: u16,
    folder: Folder,
    arguments: Vec<String>,
}

impl Gatewatch {
    /// Starts it with an empty configuration.
    pub(crate) fn start() -> Result<Self> {
        Self::start_with("", &[])
    }

    /// Starts it with a configuration file and more arguments, and waits until it is ready.
    pub(crate) fn start_with(config: &str, more: &[&str]) -> Result<Self> {
        Self::start_in(Folder::new()?, config, more)
    }

    /// The same in a folder that already holds what the configuration names.
    pub(crate) fn start_in(folder: Folder, config: &str, more: &[&str]) -> Result<Self> {
        let offset = ports::offset()?;
        // Relative, as the default is.
        let mut arguments = ["run", "--data", "data"].map(str::to_owned).to_vec();
        arguments.extend(["--port-offset".to_owned(), offset.to_string()]);
        if !config.is_empty() {
            let path = folder.write("gatewatch.yaml", config)?;
            arguments.extend(["--config".to_owned(), path.display().to_string()]);
        }
        arguments.extend(more.iter().map(|&word| word.to_owned()));
        let daemon = launch(&arguments, folder.path())?;
        let mut started = Self { daemon, offset, folder, arguments };
        started.await_ready()?;
        Ok(started)
    }

    /// Ends it at once and starts it again on the same data; returns how long it took to be ready.
    pub(crate) fn crash_and_restart(&mut self) -> Result<Duration> {
        self.daemon.kill()?;
        self.restart()
    }

    /// Starts it again after it ended.
    pub(crate) fn restart(&mut self) -> Result<Duration> {
        let begun = crate::outside::clock();
        self.daemon = launch(&self.arguments, self.folder.path())?;
        self.await_ready()?;
        Ok(begun.elapsed())
    }

    fn await_ready(&mut self) -> Result<()> {
        let port = self.port(1002);
        let daemon = &mut self.daemon;
        eventually("the product is ready", PATIENCE, || {
            daemon.check_alive()?;
            Ok(http::request(port, "GET", "/-/ready", &[], b"").ok().filter(|answer| answer.status == 200).map(|_| ()))
        })
        .with_context(|| format!("its log:\n{}", self.daemon.tail()))
    }

    /// Where the port of the table was moved to.
    pub(crate) fn port(&self, native: u16) -> u16 {
        native + self.offset
    }

    /// The process.
    pub(crate) fn daemon(&mut self) -> &mut Daemon {
        &mut self.daemon
    }

    /// Its resident memory.
    pub(crate) fn resident_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.daemon.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok()).context("a process has resident memory")
    }

    /// Its folder, with the data in `data/`.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// GET on a port of the table.
    pub(crate) fn get(&self, port: u16, path: &str) -> Result<Answer> {
        http::request(self.port(port), "GET", path, &[], b"")
    }

    /// POST of JSON on a port of the table.
    pub(crate) fn post_json(&self, port: u16, path: &str, body: &str) -> Result<Answer> {
        http::request(self.port(port), "POST", path, &[("content-type", "application/json")], body.as_bytes())
    }

    /// A connection to a port of the table.
    pub(crate) fn connect(&self, port: u16) -> Result<Connection> {
        Connection::open(self.port(port), PATIENCE)
    }

    /// The `data.result` of a PromQL instant query.
    pub(crate) fn instant(&self, query: &str) -> Result<Vec<Value>> {
        let answer = self.get(1002, &format!("/api/v1/query?query={}", http::encode(query)))?.success()?.json()?;
        Ok(answer["data"]["result"].as_array().cloned().unwrap_or_default())
    }

    /// The value of a PromQL instant query that has exactly one result.
    pub(crate) fn value(&self, query: &str) -> Result<f64> {
        let result = self.instant(query)?;
        ensure!(result.len() == 1, "{query} has {} results: {result:?}", result.len());
        let text = result[0]["value"][1].as_str().context("a sample's value is a string")?;
        text.parse().with_context(|| format!("{query} answered {text:?}"))
    }

    /// The log lines of the last hour that a LogQL query selects, each with its stream.
    pub(crate) fn lines(&self, query: &str) -> Result<Vec<(Value, String)>> {
        let now = unix_nanos();
        let (start, end) = (now - 3_600_000_000_000, now + 60_000_000_000);
        let query = http::encode(query);
        let path = format!("/loki/api/v1/query_range?query={query}&start={start}&end={end}&limit=5000");
        let answer = self.get(1004, &path)?.success()?.json()?;
        let streams = answer["data"]["result"].as_array().context("a list of streams")?;
        let lines = streams.iter().flat_map(|stream| {
            let values = stream["values"].as_array().cloned().unwrap_or_default();
            values.into_iter().map(|entry| (stream["stream"].clone(), entry[1].as_str().unwrap_or_default().to_owned()))
        });
        Ok(lines.collect())
    }

    /// Ends it in order and checks its log; the drop does the same, without telling why it failed.
    pub(crate) fn finish(mut self) -> Result<()> {
        ensure!(self.daemon.stop()?, "the product did not end within ten seconds of SIGTERM:\n{}", self.daemon.tail());
        Ok(())
    }
}

impl Drop for Gatewatch {
    fn drop(&mut self) {
        drop(self.daemon.stop());
        let log = self.daemon.log();
        if std::thread::panicking() || log.contains("panicked at") {
            crate::outside::report(&format!("log of the product:\n{}", self.daemon.tail()));
        }
        let panicked = log.lines().find(|line| line.contains("panicked at"));
        assert!(std::thread::panicking() || panicked.is_none(), "the product panicked: {panicked:?}");
    }
}

fn launch(arguments: &[String], folder: &Path) -> Result<Daemon> {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder).env("GW_ADMIN_PASSWORD", PASSWORD).env("NO_COLOR", "1");
    Daemon::start(&mut command, &folder.join("gatewatch.log"))
}

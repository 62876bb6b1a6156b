//! The binary under measurement: started on ports and a folder of its own, asked over HTTP, ended by its process id.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use gw_testkit::http::{self, Answer};

use crate::environment::{clock, pause};

/// Moves the port table out of the way of a product that runs on this machine.
const OFFSET: u16 = 26_000;
const PASSWORD: &str = "measured, not guessed";

/// A running product.
pub(super) struct Product {
    binary: PathBuf,
    child: Child,
    folder: PathBuf,
    /// From the start of the process to its first `ready`.
    pub(super) ready_after: Duration,
}

impl Product {
    /// Starts it in an empty folder, with the given configuration, and waits until it is ready.
    pub(super) fn start(binary: &Path, config: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("gatewatch-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fs::write(folder.join("gatewatch.yaml"), config)?;
        let begun = clock();
        let child = launch(binary, &folder)?;
        let mut product = Self { binary: binary.to_path_buf(), child, folder, ready_after: Duration::ZERO };
        product.await_ready(begun)?;
        Ok(product)
    }

    /// Ends it at once, as a power cut would.
    pub(super) fn crash(&mut self) -> Result<()> {
        self.child.kill().context("cannot kill the product")?;
        self.child.wait().context("cannot wait for the product")?;
        Ok(())
    }

    /// Starts it again on what it left.
    pub(super) fn restart(&mut self) -> Result<()> {
        let begun = clock();
        self.child = launch(&self.binary, &self.folder)?;
        self.await_ready(begun)
    }

    fn await_ready(&mut self, begun: Instant) -> Result<()> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the product ended with {status}:\n{}", self.log());
            }
            if self.get(1002, "/-/ready").is_ok_and(|answer| answer.status == 200) {
                break;
            }
            if begun.elapsed() > Duration::from_secs(60) {
                bail!("the product is not ready after a minute:\n{}", self.log());
            }
            pause(Duration::from_millis(2));
        }
        self.ready_after = begun.elapsed();
        Ok(())
    }

    /// Where a port of the table was moved to.
    pub(super) fn port(native: u16) -> u16 {
        native + OFFSET
    }

    /// GET on a port of the table.
    pub(super) fn get(&self, port: u16, path: &str) -> Result<Answer> {
        http::request(Self::port(port), "GET", path, &[], b"")
    }

    /// Signs in and returns the session cookie.
    pub(super) fn session(&self) -> Result<String> {
        let body = format!("{{\"username\":\"admin\",\"password\":\"{PASSWORD}\"}}");
        let headers = [("content-type", "application/json")];
        let answer = http::request(Self::port(1003), "POST", "/api/gw/login", &headers, body.as_bytes())?.success()?;
        let cookie = answer.header("set-cookie").and_then(|text| text.split(';').next());
        cookie.map(str::to_owned).context("the login set no cookie")
    }

    /// Resident memory now, in bytes.
    pub(super) fn resident_bytes(&self) -> Result<u64> {
        resident_bytes(self.child.id())
    }

    /// The most resident memory since it started, in bytes.
    pub(super) fn most_resident_bytes(&self) -> Result<u64> {
        memory(self.child.id(), "VmHWM:")
    }

    /// Processor time used so far.
    pub(super) fn processor_time(&self) -> Result<Duration> {
        processor_time(self.child.id())
    }

    /// Bytes in its data folder.
    pub(super) fn stored_bytes(&self) -> Result<u64> {
        let sizes = crate::digest::files(&self.folder.join("data"))?;
        Ok(sizes.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum())
    }

    /// What it printed.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        // The measurement is over; a process or folder that is gone already is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn launch(binary: &Path, folder: &Path) -> Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("log"))?;
    let mut command = Command::new(binary);
    command.args(["run", "--config", "gatewatch.yaml", "--data", "data", "--port-offset", &OFFSET.to_string()]);
    command.current_dir(folder).env("GW_ADMIN_PASSWORD", PASSWORD).env("NO_COLOR", "1").stdin(Stdio::null());
    let child = command.stdout(log.try_clone()?).stderr(log).spawn();
    child.with_context(|| format!("cannot start {}", binary.display()))
}

/// Resident memory of a process now, in bytes.
pub(super) fn resident_bytes(process: u32) -> Result<u64> {
    memory(process, "VmRSS:")
}

fn memory(process: u32, field: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib: Option<u64> = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok());
    Ok(kib.with_context(|| format!("the process has no {field}"))? * 1024)
}

/// Processor time that a process has used so far.
pub(super) fn processor_time(process: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold spaces; the fields after it do not. User and system time are the 12th and 13th.
    let (_, rest) = stat.rsplit_once(')').context("a process has a name")?;
    let ticks = rest.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// A number of bytes for the reader.
pub(super) fn mebibytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "printed with one decimal")]
    let value = bytes as f64 / f64::from(1 << 20);
    format!("{value:.1} MiB")
}

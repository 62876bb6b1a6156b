//! The binary under the originals' names: their flags, their addresses, their exit codes.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use gw_testkit::http;

use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, clock, eventually, provided, report};
use crate::ports;
use crate::product::binary;

/// A page that waits for what never answers takes longer, one that is slow since other tests run does not.
const HELD_UP: Duration = Duration::from_secs(5);

fn ready(daemon: &mut Daemon, port: u16, path: &str) -> Result<()> {
    eventually(path, PATIENCE, || {
        daemon.check_alive()?;
        Ok(http::request(port, "GET", path, &[], b"").ok().filter(|answer| answer.status == 200).map(|_| ()))
    })
}

fn count(port: u16, query: &str) -> Result<usize> {
    let path = format!("/api/v1/query?query={}", http::encode(query));
    let answer = http::request(port, "GET", &path, &[], b"")?.success()?.json()?;
    Ok(answer["data"]["result"].as_array().map_or(0, Vec::len))
}

/// Runs as Prometheus on a configuration that scrapes itself; `program` holds the words before the flags.
fn as_prometheus(mut command: Command, folder: &Folder) -> Result<()> {
    let port = ports::free()?;
    let job = |name: &str| {
        format!(
            "scrape_configs:\n- job_name: {name}\n  scrape_interval: 1s\n  static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
        )
    };
    let config = folder.write("prometheus.yml", &job("first"))?;
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("tsdb").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .args(["--storage.tsdb.retention.time=2d", "--web.enable-lifecycle", "--log.level=info"]);
    let mut daemon = Daemon::start(command.current_dir(folder.path()), &folder.path().join("prometheus.log"))?;
    ready(&mut daemon, port, "/-/ready")?;
    eventually("the log line that harnesses wait for", PATIENCE, || {
        Ok(Some(()).filter(|()| daemon.log().contains("Server is ready to receive web requests.")))
    })?;
    eventually("it scrapes itself", PATIENCE, || {
        Ok(Some(()).filter(|()| count(port, "up{job=\"first\"} == 1").is_ok_and(|found| found == 1)))
    })?;

    folder.write("prometheus.yml", &job("second"))?;
    daemon.signal(rustix::process::Signal::HUP)?;
    eventually("SIGHUP took the new file", PATIENCE, || {
        Ok(Some(()).filter(|()| count(port, "up{job=\"second\"}").is_ok_and(|found| found == 1)))
    })?;
    folder.write("prometheus.yml", "scrape_configs: 5\n")?;
    let reload = http::request(port, "POST", "/-/reload", &[], b"")?;
    ensure!(reload.status == 500, "a bad file is reloaded with {}", reload.status);
    ensure!(count(port, "up{job=\"second\"}")? == 1, "a bad file leaves the old one running");
    ensure!(daemon.stop()?, "it did not end on SIGTERM");
    ensure!(!daemon.log().contains("panicked at"), "{}", daemon.log());
    Ok(())
}

#[test]
fn prometheus_by_first_argument() -> Result<()> {
    let folder = Folder::new()?;
    let mut command = Command::new(binary());
    command.arg("prometheus");
    as_prometheus(command, &folder)
}

#[test]
fn prometheus_by_its_own_name() -> Result<()> {
    let folder = Folder::new()?;
    let link = folder.path().join("prometheus");
    std::os::unix::fs::symlink(binary().canonicalize()?, &link)?;
    as_prometheus(Command::new(link), &folder)
}

#[test]
fn prometheus_refuses_a_bad_file_as_the_original_does() -> Result<()> {
    let folder = Folder::new()?;
    let config = folder.write("prometheus.yml", "scrape_configs:\n- job_nam: x\n")?;
    let output = Command::new(binary())
        .args(["prometheus", &format!("--config.file={}", config.display()), "--web.listen-address=127.0.0.1:0"])
        .current_dir(folder.path())
        .output()?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    ensure!(output.status.code() == Some(2) && text.contains("job_nam"), "{}: {text}", output.status);
    Ok(())
}

/// A daemon of a file system in user space that has stopped answers nobody: `statfs` and `open` on its mount never return.
#[test]
fn a_stopped_fuse_mount_does_not_hold_up_node_exporter() -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        report("skipped: mounting a file system needs root");
        return Ok(());
    }
    let Some(python) = provided("GATEWATCH_TEST_PYTHON")? else { return Ok(()) };
    let (folder, port) = (Folder::new()?, ports::free()?);
    let mount = folder.path().join("stopped");
    std::fs::create_dir(&mount)?;
    // In name spaces of its own, so that nothing else on the machine meets the mount.
    let script =
        "\"$0\" \"$1\" \"$2\" & while ! grep -q stopped /proc/self/mountinfo; do sleep 0.1; done\nshift 2; exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script]).arg(python);
    command.arg(crate::clients::path("stopped_fuse.py")).arg(&mount).arg(binary().canonicalize()?).arg("node_exporter");
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    command.arg(format!("--collector.textfile.directory={}", mount.display()));
    let mut daemon = Daemon::start(command.current_dir(folder.path()), &folder.path().join("node_exporter.log"))?;
    ready(&mut daemon, port, "/")?;
    let mut slowest = Duration::ZERO;
    for round in 0..5 {
        let begun = clock();
        let text = http::request(port, "GET", "/metrics", &[], b"")?.success()?.text();
        slowest = slowest.max(begun.elapsed());
        ensure!(slowest < HELD_UP, "page {round} took {slowest:?}");
        let failed = format!("mountpoint=\"{}\"}} 1", mount.display());
        for (name, end) in [
            ("node_filesystem_device_error{", failed.as_str()),
            ("node_scrape_collector_success{", "collector=\"filesystem\"} 1"),
            ("node_scrape_collector_success{", "collector=\"textfile\"} 0"),
        ] {
            let told = text.lines().any(|line| line.starts_with(name) && line.ends_with(end));
            ensure!(told, "page {round} does not tell {name} {end}:\n{text}");
        }
    }
    report(&format!("measured: beside a stopped mount the slowest of five pages took {} ms", slowest.as_millis()));
    daemon.kill()
}

#[test]
fn node_exporter_serves_the_host() -> Result<()> {
    let (folder, port) = (Folder::new()?, ports::free()?);
    let mut command = Command::new(binary());
    command.arg("node_exporter").arg(format!("--web.listen-address=127.0.0.1:{port}")).arg("--no-collector.loadavg");
    let mut daemon = Daemon::start(command.current_dir(folder.path()), &folder.path().join("node_exporter.log"))?;
    ready(&mut daemon, port, "/metrics")?;
    let text = http::request(port, "GET", "/metrics", &[], b"")?.success()?.text();
    for name in [
        "node_cpu_seconds_total{",
        "node_memory_MemAvailable_bytes",
        "node_uname_info{",
        "node_vmstat_",
        "node_time_seconds",
    ] {
        ensure!(text.contains(name), "{name} is missing");
    }
    ensure!(!text.contains("\nnode_load1 "), "a collector that was switched off is still there");
    ensure!(daemon.stop()?, "it did not end on SIGTERM");
    Ok(())
}

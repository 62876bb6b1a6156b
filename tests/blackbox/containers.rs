//! Containers: a real one through Podman and runc, the page under Debian's Prometheus and promtool, the personality.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use gw_testkit::http;

use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, clock, eventually, program};
use crate::ports;
use crate::product::binary;

/// cAdvisor's personality on a port of its own.
fn cadvisor(folder: &Folder, flags: &[String]) -> Result<(Daemon, u16)> {
    let port = ports::free()?;
    let mut command = Command::new(binary());
    command.args(["cadvisor", "-listen_ip=127.0.0.1", &format!("-port={port}")]).args(flags);
    let mut daemon = Daemon::start(command.current_dir(folder.path()), &folder.path().join("cadvisor.log"))?;
    eventually("/healthz", PATIENCE, || {
        daemon.check_alive()?;
        let answer = http::request(port, "GET", "/healthz", &[], b"").ok();
        Ok(answer.filter(|answer| answer.status == 200 && answer.text() == "ok").map(|_| ()))
    })?;
    Ok((daemon, port))
}

fn metrics(port: u16) -> Result<String> {
    Ok(http::request(port, "GET", "/metrics", &[], b"")?.success()?.text())
}

/// Sum of a family's samples of one container.
fn value(page: &str, family: &str, name: &str) -> Option<f64> {
    let prefix = format!("{family}{{");
    let wanted = format!("name=\"{name}\"");
    let lines = page.lines().filter(|line| line.starts_with(&prefix) && line.contains(&wanted));
    let values: Vec<f64> = lines.filter_map(|line| line.rsplit_once("} ")?.1.split(' ').next()?.parse().ok()).collect();
    (!values.is_empty()).then(|| values.iter().sum())
}

/// Podman with storage of the test's own; its root filesystem is made of a static busybox, so that no registry is asked.
struct Podman {
    program: PathBuf,
    folder: PathBuf,
}

impl Podman {
    /// `None`, with a word why, where containers cannot be run.
    fn new(folder: &Folder) -> Result<Option<Self>> {
        let (Some(podman), Some(_), Some(busybox)) = (program("podman")?, program("runc")?, program("busybox")?) else {
            return Ok(None);
        };
        let this = Self { program: podman, folder: folder.path().join("podman") };
        let rootfs = this.folder.join("rootfs/bin");
        fs::create_dir_all(&rootfs)?;
        fs::copy(busybox, rootfs.join("busybox"))?;
        for name in ["sh", "sleep", "dd", "cat"] {
            std::os::unix::fs::symlink("busybox", rootfs.join(name))?;
        }
        let archive = this.folder.join("rootfs.tar");
        let packed =
            Command::new("tar").arg("-C").arg(this.folder.join("rootfs")).arg("-cf").arg(&archive).arg(".").status()?;
        ensure!(packed.success(), "tar ended with {packed}");
        this.run(&["import", &archive.display().to_string(), "localhost/burner:v1"])?;
        Ok(Some(this))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--root").arg(self.folder.join("storage")).arg("--runroot").arg(self.folder.join("run")).args([
            "--cgroup-manager=cgroupfs",
            "--runtime=runc",
            "--storage-driver=vfs",
            "--events-backend=file",
        ]);
        command
    }

    fn run(&self, words: &[&str]) -> Result<String> {
        let done = self.command().args(words).stdin(Stdio::null()).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if !done.status.success() {
            bail!("podman {}: {}", words.join(" "), text(&done.stderr));
        }
        Ok(text(&done.stdout))
    }

    /// Starts a container that burns CPU and holds memory, and returns its id.
    fn burn(&self) -> Result<String> {
        // Limits that a test environment may not raise are set low.
        let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000", "--memory", "268435456"];
        let script = "x=$(dd if=/dev/zero bs=1024 count=20480 2>/dev/null | cat -A); while :; do :; done";
        let words = ["run", "-d", "--network=none", "--name", "gw-burner", "--label", "com.example.team=green"];
        let image = ["localhost/burner:v1", "/bin/sh", "-c", script];
        self.run(&[&words[..], &limits[..], &image[..]].concat())
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // A container that is gone already is none to remove.
        self.run(&["rm", "-f", "-t", "0", "gw-burner"]).unwrap_or_default();
    }
}

/// Where a container's group of a controller is.
fn group(id: &str, controller: &str, file: &str) -> Result<PathBuf> {
    let roots = [format!("/sys/fs/cgroup/{controller}"), "/sys/fs/cgroup".to_owned()];
    let mut pending: Vec<PathBuf> = roots.iter().map(PathBuf::from).filter(|root| root.exists()).collect();
    while let Some(folder) = pending.pop() {
        let here = folder.file_name().is_some_and(|name| name.to_string_lossy().contains(id));
        if here && folder.join(file).exists() {
            return Ok(folder.join(file));
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().filter_map(std::result::Result::ok);
        pending.extend(
            entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()),
        );
    }
    bail!("the container's {file} is in no cgroup")
}

/// CPU seconds as the kernel counts them.
fn cpu_seconds(id: &str) -> Result<f64> {
    if let Ok(old) = group(id, "cpuacct", "cpuacct.usage") {
        return Ok(fs::read_to_string(old)?.trim().parse::<f64>()? / 1e9);
    }
    let text = fs::read_to_string(group(id, "", "cpu.stat")?)?;
    let usage = text.lines().find_map(|line| line.strip_prefix("usage_usec "));
    Ok(usage.context("cpu.stat has no usage_usec")?.parse::<f64>()? / 1e6)
}

/// Working set as the kernel's files give it: usage without inactive files.
fn working_set(id: &str) -> Result<f64> {
    let (usage, stat, key) = match group(id, "memory", "memory.usage_in_bytes") {
        Ok(usage) => (usage, group(id, "memory", "memory.stat")?, "total_inactive_file "),
        Err(_unified) => (group(id, "", "memory.current")?, group(id, "", "memory.stat")?, "inactive_file "),
    };
    let inactive = fs::read_to_string(stat)?;
    let inactive: f64 =
        inactive.lines().find_map(|line| line.strip_prefix(key)).context("no inactive files")?.parse()?;
    Ok(fs::read_to_string(usage)?.trim().parse::<f64>()? - inactive)
}

/// Podman's API on a socket of the test's own.
fn service(podman: &Podman, folder: &Folder, socket: &Path) -> Result<Daemon> {
    let mut command = podman.command();
    command.args(["system", "service", "--time", "0"]).arg(format!("unix://{}", socket.display()));
    let daemon = Daemon::start(&mut command, &folder.path().join("podman.log"))?;
    eventually("Podman's socket", PATIENCE, || Ok(Some(()).filter(|()| socket.exists())))?;
    Ok(daemon)
}

#[test]
fn a_real_container_is_told_as_its_files_have_it() -> Result<()> {
    let folder = Folder::new()?;
    let Some(podman) = Podman::new(&folder)? else { return Ok(()) };
    let socket = folder.path().join("podman.sock");
    let mut api = service(&podman, &folder, &socket)?;
    let (mut daemon, port) = cadvisor(&folder, &[format!("-podman=unix://{}", socket.display())])?;
    metrics(port)?;

    let id = podman.burn()?;
    let begun = clock();
    let seen = eventually("the container on the page", PATIENCE, || {
        Ok(value(&metrics(port)?, "container_last_seen", "gw-burner").map(|_| begun.elapsed()))
    })?;
    ensure!(seen <= Duration::from_secs(1), "it was seen after {seen:?}");
    let page = metrics(port)?;
    let line = page.lines().find(|line| line.starts_with("container_last_seen{") && line.contains("gw-burner"));
    let line = line.context("it is on the page")?;
    for label in ["image=\"localhost/burner:v1\"", "name=\"gw-burner\"", "container_label_com_example_team=\"green\""] {
        ensure!(line.contains(label), "{label} is missing in {line}");
    }
    ensure!(line.contains(&id), "the path holds the id: {line}");
    ensure!(value(&page, "container_spec_memory_limit_bytes", "gw-burner") == Some(268_435_456.0), "its limit is told");

    // Four seconds of CPU at least, so that what runs between two readings is far below two per cent.
    eventually("it has burnt four seconds", PATIENCE, || {
        Ok(Some(()).filter(|()| cpu_seconds(&id).is_ok_and(|s| s >= 4.0)))
    })?;
    let (before, told, after) = (
        cpu_seconds(&id)?,
        value(&metrics(port)?, "container_cpu_usage_seconds_total", "gw-burner").context("CPU time is told")?,
        cpu_seconds(&id)?,
    );
    ensure!(told >= before * 0.98 && told <= after * 1.02, "{told} s are told, the group has {before} to {after}");
    // A loop allocates nothing, so that the working set stands still; a page of bookkeeping may still move.
    let exact = eventually("the working set as the files have it", PATIENCE, || {
        let before = working_set(&id)?;
        let told = value(&metrics(port)?, "container_memory_working_set_bytes", "gw-burner");
        let unmoved = working_set(&id)?.to_bits() == before.to_bits();
        Ok(told.filter(|told| unmoved && told.to_bits() == before.to_bits()))
    })?;
    ensure!(exact > 20_000_000.0, "it holds the memory that it took: {exact}");

    podman.run(&["rm", "-f", "-t", "0", "gw-burner"])?;
    let stopped = clock();
    let gone = eventually("the container off the page", PATIENCE, || {
        Ok(value(&metrics(port)?, "container_last_seen", "gw-burner").is_none().then(|| stopped.elapsed()))
    })?;
    println!(
        "container: seen after {seen:?}, {told:.2} s of CPU told of {before:.2} to {after:.2}, gone after {gone:?}"
    );
    let events =
        http::request(port, "GET", "/api/v1.3/events?all_events=true&subcontainers=true&max_events=100", &[], b"")?;
    let events = events.success()?.text();
    ensure!(events.contains("containerCreation") && events.contains("containerDeletion"), "{events}");
    ensure!(api.stop()? && daemon.stop()?, "a program did not end on SIGTERM");
    ensure!(!daemon.log().contains("panicked at"), "{}", daemon.log());
    Ok(())
}

#[test]
fn the_page_is_clean_for_promtool_and_prometheus() -> Result<()> {
    let (Some(promtool), Some(prometheus)) = (program("promtool")?, program("prometheus")?) else { return Ok(()) };
    let folder = Folder::new()?;
    let (mut daemon, port) = cadvisor(&folder, &["-disable_metrics=".to_owned(), "-compat=0.60".to_owned()])?;
    let page = folder.write("page.txt", &metrics(port)?)?;
    let checked = Command::new(promtool).args(["check", "metrics"]).stdin(fs::File::open(&page)?).output()?;
    let told = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    // The original's own names: what promtool says of its expected page, it may say of ours.
    let remarks: Vec<&str> = told.lines().filter(|line| !line.is_empty()).collect();
    let of_the_original = |line: &&&str| {
        [
            "non-counter metrics should not have \"_total\" suffix",
            "counter metrics should have \"_total\" suffix",
            "cadvisor_version_info label names should be written in 'snake_case'",
            "container_cpu_load_d_average_10s metric names should not contain abbreviated units",
            "machine_node_hugepages_count non-histogram",
            "machine_thread_siblings_count non-histogram",
        ]
        .iter()
        .any(|known| line.contains(known))
    };
    let others: Vec<_> = remarks.iter().filter(|line| !of_the_original(line)).collect();
    ensure!(others.is_empty(), "{others:#?}");

    let own = ports::free()?;
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: cadvisor\n  static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
    );
    let config = folder.write("prometheus.yml", &config)?;
    let mut original = Daemon::start(
        Command::new(prometheus)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("tsdb").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{own}")),
        &folder.path().join("prometheus.log"),
    )?;
    let ask = |query: &str| -> Result<usize> {
        let path = format!("/api/v1/query?query={}", http::encode(query));
        let answer = http::request(own, "GET", &path, &[], b"")?.success()?.json()?;
        Ok(answer["data"]["result"].as_array().map_or(0, Vec::len))
    };
    eventually("ten scrapes without an error", PATIENCE, || {
        original.check_alive()?;
        let good =
            ask("count_over_time(up{job=\"cadvisor\"}[5m]) >= 10 and min_over_time(up{job=\"cadvisor\"}[5m]) == 1");
        Ok(Some(()).filter(|()| good.is_ok_and(|found| found == 1)))
    })?;
    ensure!(ask("container_memory_usage_bytes{id=\"/\"}")? == 1, "the machine's memory arrived");
    ensure!(original.stop()? && daemon.stop()?, "a program did not end on SIGTERM");
    ensure!(!original.log().contains("level=warn component=\"scrape manager\""), "{}", original.log());
    Ok(())
}

#[test]
fn the_api_answers_as_cadvisor_does() -> Result<()> {
    let folder = Folder::new()?;
    let (mut daemon, port) = cadvisor(&folder, &[])?;
    let ask = |path: &str| http::request(port, "GET", path, &[], b"");
    let root = ask("/api/v1.3/containers/")?.success()?.json()?;
    ensure!(root["name"] == "/" && root["spec"]["has_cpu"] == true, "{root}");
    ensure!(root["stats"][0]["cpu"]["usage"]["total"].as_u64().is_some_and(|total| total > 0), "{root}");
    let all = ask("/api/v1.1/subcontainers/")?.success()?.json()?;
    ensure!(all.as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "/")), "the machine is among them");
    let machine = ask("/api/v2.0/machine")?.success()?.json()?;
    ensure!(machine["num_cores"].as_u64().is_some_and(|cores| cores > 0), "{machine}");
    ensure!(ask("/api/v2.1/machinestats?count=1")?.success()?.json()?[0]["memory"]["usage"].is_u64(), "its readings");
    let stats = ask("/api/v2.0/stats/?count=1")?.success()?.json()?;
    ensure!(stats["/"][0]["has_cpu"] == true, "{stats}");
    ensure!(ask("/api/v2.0/spec/")?.success()?.json()?["/"]["creation_time"].is_string(), "a spec");
    ensure!(ask("/api/v2.0/summary/")?.success()?.json()?["/"]["latest_usage"]["memory"].is_u64(), "a summary");
    ensure!(ask("/api/v2.0/storage")?.success()?.json()?.is_array(), "filesystems");
    ensure!(ask("/api/v2.0/attributes")?.success()?.json()?["kernel_version"].is_string(), "attributes");
    let posted = http::request(port, "POST", "/api/v1.0/containers/", &[], b"{\"num_stats\":1}")?.success()?.json()?;
    ensure!(posted["stats"].as_array().map(Vec::len) == Some(1), "{posted}");
    for (path, status, words) in [
        ("/api/", 400, "Supported API versions: v1.0,v1.1,v1.2,v1.3,v2.0,v2.1"),
        ("/api/v1.0", 400, "Supported request types: \"containers,machine\""),
        ("/api/v3.0/x", 500, "unsupported API version \"v3.0\""),
        ("/api/v1.0/docker", 500, "unknown request type \"docker\""),
        ("/api/v1.3/containers/nope", 500, "failed to get container \"/nope\" with error: unknown container \"/nope\""),
        ("/api/v1.2/docker/nope", 500, "unable to find Docker container \"nope\""),
        ("/api/v2.0/stats/?type=x", 500, "unknown 'type' \"x\""),
    ] {
        let answer = ask(path)?;
        ensure!(
            answer.status == status && answer.text().contains(words),
            "{path}: {} {}",
            answer.status,
            answer.text()
        );
    }
    for path in ["/containers/", "/docker/", "/validate/"] {
        ensure!(ask(path)?.success()?.text().contains("<h1>"), "{path} is a page");
    }
    ensure!(ask("/")?.status == 307, "the root leads to the groups");
    ensure!(daemon.stop()?, "it did not end on SIGTERM");
    Ok(())
}

#[test]
fn a_prefix_stands_in_front_of_everything() -> Result<()> {
    let folder = Folder::new()?;
    let port = ports::free()?;
    let mut command = Command::new(binary());
    command.args(["cadvisor", "-listen_ip=127.0.0.1", &format!("-port={port}"), "-url_base_prefix=/gw"]);
    let mut daemon = Daemon::start(command.current_dir(folder.path()), &folder.path().join("cadvisor.log"))?;
    eventually("/gw/healthz", PATIENCE, || {
        daemon.check_alive()?;
        let answer = http::request(port, "GET", "/gw/healthz", &[], b"").ok();
        Ok(answer.filter(|answer| answer.status == 200).map(|_| ()))
    })?;
    ensure!(
        http::request(port, "GET", "/gw/metrics", &[], b"")?.success()?.text().contains("machine_memory_bytes"),
        "page"
    );
    ensure!(http::request(port, "GET", "/metrics", &[], b"")?.status == 404, "nothing stands without the prefix");
    ensure!(daemon.stop()?, "it did not end on SIGTERM");
    Ok(())
}

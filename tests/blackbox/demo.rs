//! `gatewatch demo`: life on every page within seconds.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use gw_testkit::http;

use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, clock, eventually, report};
use crate::ports;
use crate::product::{PASSWORD, binary};

#[test]
fn the_demo_fills_every_signal() -> Result<()> {
    let (folder, offset) = (Folder::new()?, ports::offset()?);
    let mut command = Command::new(binary());
    command.args(["demo", "--data", "data", "--port-offset", &offset.to_string()]).current_dir(folder.path());
    command.env("GW_ADMIN_PASSWORD", PASSWORD).env("NO_COLOR", "1");
    let begun = clock();
    let mut daemon = Daemon::start(&mut command, &folder.path().join("demo.log"))?;
    let get = |port: u16, path: &str| http::request(port + offset, "GET", path, &[], b"")?.success()?.json();
    let filled = |port: u16, path: &str, rows: &dyn Fn(&serde_json::Value) -> usize, least: usize| {
        eventually(path, PATIENCE, || {
            Ok(Some(()).filter(|()| get(port, path).is_ok_and(|answer| rows(&answer) >= least)))
        })
    };
    let result = |answer: &serde_json::Value| answer["data"]["result"].as_array().map_or(0, Vec::len);
    let data = |answer: &serde_json::Value| answer["data"].as_array().map_or(0, Vec::len);
    filled(
        1002,
        &format!(
            "/api/v1/query?query={}",
            http::encode("sum by (service) (rate(traefik_service_requests_total[1m])) > 0")
        ),
        &result,
        1,
    )?;
    let lines = http::encode("{job=~\".+\"}");
    filled(1004, &format!("/loki/api/v1/query_range?query={lines}&limit=10"), &result, 1)?;
    // Six services and the gateway itself.
    filled(1005, "/api/services", &data, 6)?;
    report(&format!(
        "measured: the demo shows metrics, logs and traces {:.1} s after its start",
        begun.elapsed().as_secs_f64()
    ));
    daemon.check_alive()?;
    ensure!(daemon.stop()?, "the demo did not end on SIGTERM");
    ensure!(!daemon.log().contains("panicked at"), "{}", daemon.tail());
    ensure!(begun.elapsed() < PATIENCE + Duration::from_secs(20));
    Ok(())
}

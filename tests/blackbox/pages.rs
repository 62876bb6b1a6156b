//! Every page of the web UI in a real browser, against the running demo: `ui/e2e/run.mjs` walks and judges.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http;

use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, eventually, program, report};
use crate::ports;
use crate::product::{PASSWORD, binary};

#[test]
fn every_page_in_a_browser() -> Result<()> {
    let (Some(chromium), Some(node)) = (program("chromium")?, program("node")?) else { return Ok(()) };
    let ui = gw_testkit::package().join("../ui");
    if !ui.join("node_modules/playwright-core").exists() && !gw_testkit::under_ci() {
        report("skipped: the npm packages of the web UI are not there; `cargo xtask test` installs them");
        return Ok(());
    }
    let (folder, offset) = (Folder::new()?, ports::offset()?);
    let mut command = Command::new(binary());
    command.args(["demo", "--data", "data", "--port-offset", &offset.to_string()]).current_dir(folder.path());
    command.env("GW_ADMIN_PASSWORD", PASSWORD).env("NO_COLOR", "1");
    let mut daemon = Daemon::start(&mut command, &folder.path().join("demo.log"))?;
    eventually("the demo has traces, the last of its signals to come", PATIENCE, || {
        daemon.check_alive()?;
        let services = http::request(1005 + offset, "GET", "/api/services", &[], b"")?.success()?.json()?;
        Ok(Some(()).filter(|()| services["data"].as_array().is_some_and(|names| names.len() >= 6)))
    })?;
    let output = Command::new(node)
        .arg("e2e/run.mjs")
        .current_dir(&ui)
        .env("GW_URL", format!("http://127.0.0.1:{}", 1003 + offset))
        .env("GW_USER", "admin")
        .env("GW_PASSWORD", PASSWORD)
        .env("GW_CHROMIUM", chromium)
        .output()
        .context("cannot start node")?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let verdict = text.lines().rev().find(|line| line.contains(" passed, ")).unwrap_or("no verdict").to_owned();
    ensure!(output.status.success(), "the walk ended with {}:\n{text}", output.status);
    report(&format!("measured: pages in the browser: {verdict}"));
    text.lines().filter(|line| line.starts_with("seconds")).for_each(|line| report(&format!("measured: {line}")));
    ensure!(daemon.stop()?, "the demo did not end on SIGTERM");
    ensure!(!daemon.log().contains("panicked at"), "{}", daemon.tail());
    Ok(())
}

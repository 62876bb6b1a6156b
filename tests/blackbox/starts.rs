//! The product starts, says what a newcomer needs, answers on its ports, and ends in order.

use anyhow::{Result, ensure};
use gw_testkit::http;

use crate::outside::{PATIENCE, eventually};
use crate::ports::TABLE;
use crate::product::{Gatewatch, PASSWORD};

#[test]
fn the_banner_names_address_ports_and_data_folder() -> Result<()> {
    let mut product = Gatewatch::start()?;
    let ui = format!("127.0.0.1:{}", product.port(1003));
    let data = product.folder().join("data").display().to_string();
    let ports: Vec<String> = TABLE.iter().map(|port| product.port(*port).to_string()).collect();
    // The ports answer a moment before the banner is written.
    let log = eventually("the banner", PATIENCE, || Ok(Some(product.daemon().log()).filter(|log| log.contains(&ui))))?;
    for port in &ports {
        ensure!(log.contains(port), "the banner lacks port {port}:\n{log}");
    }
    ensure!(log.contains(&data), "the banner lacks the data folder {data}:\n{log}");
    ensure!(!log.contains(PASSWORD), "a password that was handed in is printed");
    product.finish()
}

#[test]
fn every_port_of_the_table_answers() -> Result<()> {
    let product = Gatewatch::start()?;
    for port in TABLE.iter().filter(|port| **port != 4317) {
        let answer = product.get(*port, "/")?;
        ensure!(answer.status < 500, "port {port} answers {}", answer.status);
    }
    for port in [1003, 1002, 1005, 1009, 1014] {
        let page = http::request(product.port(port), "GET", "/", &[("accept", "text/html")], b"")?;
        let location = page.header("location").unwrap_or_default().to_owned();
        ensure!(page.text().contains("<html") || !location.is_empty(), "port {port} opens no page: {}", page.text());
    }
    product.finish()
}

#[test]
fn it_watches_itself_and_its_host() -> Result<()> {
    let product = Gatewatch::start()?;
    let page = || Ok(Some(product.get(1007, "/metrics")?.success()?.text()));
    let metrics = eventually("the exporter port has a page", PATIENCE, page)?;
    for name in ["node_cpu_seconds_total", "node_memory_MemTotal_bytes", "node_load1", "node_filesystem_size_bytes"] {
        ensure!(metrics.contains(name), "the exporter port lacks {name}");
    }
    eventually("host metrics are stored", PATIENCE, || {
        Ok(Some(()).filter(|()| product.instant("node_load1").is_ok_and(|result| !result.is_empty())))
    })?;
    product.finish()
}

#[test]
fn data_survives_an_orderly_restart() -> Result<()> {
    let mut product = Gatewatch::start()?;
    let millis = i64::try_from(crate::outside::unix_nanos() / 1_000_000)?;
    let body = crate::wire::remote_write(&[crate::wire::Series::new("kept", &[("a", "b")], millis, 4.5)])?;
    crate::wire::send_remote_write(&mut product.connect(1002)?, &body)?.success()?;
    ensure!((product.value("kept")? - 4.5).abs() < f64::EPSILON);
    ensure!(product.daemon().stop()?, "it did not end in order");
    product.restart()?;
    ensure!((product.value("kept{a=\"b\"}")? - 4.5).abs() < f64::EPSILON);
    product.finish()
}

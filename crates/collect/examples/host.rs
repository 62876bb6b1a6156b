//! What a scrape of this machine costs: CPU time a page, by collector, without HTTP.
//!
//!   cargo run --release -p gw-collect --example host -- [SCRAPES] [+COLLECTOR | -COLLECTOR | OPTION=VALUE | compat=VERSION]...
//!
//! With 0 scrapes it prints the page.

#![expect(clippy::print_stdout, reason = "a measuring program prints")]

use std::sync::Arc;

use anyhow::{Context as _, Result};
use gw_base::SystemWorld;
use gw_collect::config::HostConfig;
use gw_collect::{HostPages, PageFilter, Requests};

fn main() -> Result<()> {
    let mut config = HostConfig::default();
    let mut scrapes = 200;
    for word in std::env::args().skip(1) {
        if let Some(name) = word.strip_prefix('+') {
            config.collectors.insert(name.to_owned(), true);
        } else if let Some(name) = word.strip_prefix('-') {
            config.collectors.insert(name.to_owned(), false);
        } else if let Some((name, value)) = word.split_once('=') {
            match name {
                "compat" => config.compat = value.parse().map_err(anyhow::Error::msg)?,
                _ => drop(config.options.insert(name.to_owned(), vec![value.to_owned()])),
            }
        } else {
            scrapes = word.parse().with_context(|| format!("\"{word}\" is no number of scrapes"))?;
        }
    }
    let pages = HostPages::of(&config, Arc::new(SystemWorld::new(|_| Box::pin(std::future::ready(())))))?;
    let (filter, requests) = (PageFilter::default(), Requests::default());
    let mut page = Vec::new();
    pages.write(&filter, Some(&requests), &mut page)?;
    if scrapes == 0 {
        print!("{}", String::from_utf8(page)?);
        return Ok(());
    }
    measure("all", scrapes, &pages, &filter)?;
    for name in pages.collectors() {
        measure(name, scrapes, &pages, &PageFilter { collect: vec![name.to_owned()], ..PageFilter::default() })?;
    }
    Ok(())
}

fn measure(what: &str, scrapes: u32, pages: &HostPages, filter: &PageFilter) -> Result<()> {
    let (requests, mut page) = (Requests::default(), Vec::new());
    for _ in 0..5 {
        pages.write(filter, Some(&requests), &mut page)?;
    }
    let before = cpu_millis()?;
    for _ in 0..scrapes {
        page.clear();
        pages.write(filter, Some(&requests), &mut page)?;
    }
    let each = (cpu_millis()? - before) / f64::from(scrapes);
    println!("{what}: {each:.3} ms of CPU a page of {} bytes", page.len());
    Ok(())
}

/// CPU time of all threads of this process.
fn cpu_millis() -> Result<f64> {
    let mut nanos = 0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        nanos += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(nanos as f64 / 1e6)
}

//! `gatewatch demo`: a small shop behind a simulated gateway, so that there is life on the screen at once.
//!
//! Nothing reaches the store by a side door: the pages are scraped and the access log is tailed by the product's own
//! collectors, and spans and log lines come over HTTP to its OTLP port, as a real gateway's and real services' would.

mod access_log;
mod count;
mod faults;
mod meters;
mod otlp;
mod play;
mod random;
mod shop;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path as Segment, State};
use axum::http::{StatusCode, header};
use gw_base::time::nanos_of;
use gw_base::{Timestamp, World};
use gw_collect::config::CollectConfig;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::access_log::AccessLog;
use self::count::{Counts, LEAK_LASTS, RESTART, process_names};
use self::faults::{Fault, Schedule};
use self::play::{Exchange, Weather, play};
use self::random::Random;
use self::shop::ENTRIES;

/// How often requests are played and exported.
const TICK: Duration = Duration::from_millis(500);
/// Requests a second at the busiest time of day.
const PEAK_RATE: f64 = 22.0;
/// The shop's customers live nine hours east of Greenwich; evenings are busiest.
const BUSIEST_UTC_HOUR: f64 = 12.0;

/// The simulated shop, bound to its port and not yet running.
#[derive(Debug)]
pub(crate) struct Demo {
    seed: u64,
    listener: TcpListener,
    address: SocketAddr,
    log_path: PathBuf,
    counts: Arc<Mutex<Counts>>,
}

impl Demo {
    /// Binds a port of loopback for the pages and makes a folder for the access log in the data directory.
    ///
    /// # Errors
    /// When either is refused.
    pub(crate) async fn open(data_dir: &Path, seed: u64) -> Result<Self> {
        let folder = data_dir.join("demo");
        std::fs::create_dir_all(&folder).with_context(|| format!("folder {} cannot be made", folder.display()))?;
        let folder = std::fs::canonicalize(&folder)?;
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("the demo needs a port of loopback")?;
        let address = listener.local_addr()?;
        Ok(Self { seed, listener, address, log_path: folder.join("access.log"), counts: Arc::default() })
    }

    /// Adds what a user of a real gateway would write: scrape jobs for the pages, and the access log as a followed file.
    ///
    /// # Errors
    /// None that a correct build could meet.
    pub(crate) fn add_to(&self, collect: &mut CollectConfig) -> Result<()> {
        for name in process_names() {
            let job = format!(
                "job_name: {name}\nscrape_interval: 3s\nscrape_timeout: 2s\nmetrics_path: /{name}/metrics\n\
                 static_configs:\n- targets: [\"{}\"]\n  labels: {{instance: {name}-1, service: {name}}}\n",
                self.address
            );
            let job = if name == "traefik" { job.replace(", service: traefik", "") } else { job };
            collect.scrape.configs.push(gw_config::yaml("demo scrape job", &job)?);
        }
        let path = serde_json::to_string(&self.log_path)?;
        let tail = format!(
            "paths: [{path}]\nlabels: {{job: traefik, service_name: traefik, instance: traefik-1}}\nparser: traefik\n"
        );
        collect.tail.push(gw_config::yaml("demo access log", &tail)?);
        Ok(())
    }

    /// Runs the shop until `cancel`; spans and lines go to `otlp_url` (`http://127.0.0.1:4318`).
    pub(crate) async fn run(self, otlp_url: String, world: Arc<dyn World>, cancel: CancellationToken) {
        let pages =
            Router::new().route("/{process}/metrics", axum::routing::get(page)).with_state(Arc::clone(&self.counts));
        let served = axum::serve(self.listener, pages).with_graceful_shutdown(cancel.clone().cancelled_owned());
        let traffic = Traffic {
            started: world.elapsed(),
            random: Random::new(self.seed),
            schedule: Schedule::new(self.seed),
            last_fault: None,
            counts: self.counts,
            client: reqwest::Client::new(),
            otlp_url,
            world,
        };
        let (page_server, ()) = tokio::join!(served.into_future(), traffic.run(&self.log_path, cancel));
        if let Err(error) = page_server {
            tracing::error!(%error, "the demo's pages are not served any more");
        }
    }
}

async fn page(
    State(counts): State<Arc<Mutex<Counts>>>,
    Segment(process): Segment<String>,
) -> Result<([(header::HeaderName, &'static str); 1], String), StatusCode> {
    let pages = counts.lock().unwrap_or_else(PoisonError::into_inner).pages();
    let page = pages.into_iter().find(|(name, _)| *name == process).map(|(_, page)| page);
    let page = page.ok_or(StatusCode::NOT_FOUND)?;
    Ok(([(header::CONTENT_TYPE, gw_formats::exposition::CONTENT_TYPE)], page))
}

/// Customers, one tick after the other.
struct Traffic {
    started: Duration,
    random: Random,
    schedule: Schedule,
    last_fault: Option<Fault>,
    counts: Arc<Mutex<Counts>>,
    client: reqwest::Client,
    otlp_url: String,
    world: Arc<dyn World>,
}

impl Traffic {
    async fn run(mut self, log_path: &Path, cancel: CancellationToken) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).begin(&*self.world);
        if let Err(error) = self.run_until(log_path, &cancel).await {
            tracing::error!(%error, path = %log_path.display(), "the demo's access log cannot be written, it stops");
        }
    }

    async fn run_until(&mut self, log_path: &Path, cancel: &CancellationToken) -> std::io::Result<()> {
        let mut log = AccessLog::open(log_path).await?;
        loop {
            let exchanges = self.tick();
            log.write(&exchanges).await?;
            self.send(&exchanges).await;
            if cancel.run_until_cancelled(self.world.sleep(TICK)).await.is_none() {
                return Ok(());
            }
        }
    }

    /// Plays the requests that ended within one tick, each with when it began.
    fn tick(&mut self) -> Vec<(Timestamp, Exchange)> {
        let now = self.world.now();
        let (weather, held) = self.weather();
        let mean = PEAK_RATE * day_shape(now) * TICK.as_secs_f64();
        let count = self.random.count(mean);
        let mut exchanges = Vec::with_capacity(count);
        for _ in 0..count {
            let entry = self.pick();
            let exchange = play(entry, &mut self.random, weather);
            let ended = self.random.below(nanos_of(TICK) as usize) as i64;
            exchanges.push((now.offset(-ended - exchange.duration), exchange));
        }
        exchanges.sort_by_key(|(began, exchange)| began.offset(exchange.duration));
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges.iter().for_each(|(_, exchange)| counts.exchange(exchange));
        counts.measure(now, weather, held, count * 3 + 4);
        exchanges
    }

    fn pick(&mut self) -> &'static shop::Entry {
        let total: usize = ENTRIES.iter().map(|entry| entry.weight).sum();
        let mut at = self.random.below(total);
        for entry in ENTRIES {
            if at < entry.weight {
                return entry;
            }
            at -= entry.weight;
        }
        &ENTRIES[0]
    }

    fn weather(&mut self) -> (Weather, Duration) {
        let present = self.schedule.at(self.world.elapsed().saturating_sub(self.started));
        let fault = present.map(|(fault, _)| fault);
        if fault != self.last_fault {
            match (fault, self.last_fault) {
                (Some(fault), _) => tracing::info!(fault = fault.as_str(), "the demo's fault begins"),
                (None, Some(fault)) => tracing::info!(fault = fault.as_str(), "the demo's fault is over"),
                (None, None) => {}
            }
            self.last_fault = fault;
        }
        let held = present.map_or(Duration::ZERO, |(_, held)| held);
        let cart_down = fault == Some(Fault::CartLeak) && (LEAK_LASTS..LEAK_LASTS + RESTART).contains(&held);
        (Weather { fault, cart_down }, held)
    }

    async fn send(&self, exchanges: &[(Timestamp, Exchange)]) {
        if exchanges.is_empty() {
            return;
        }
        let export = otlp::export(exchanges);
        for (path, body) in [("v1/traces", export.traces), ("v1/logs", export.logs)] {
            let request = self.client.post(format!("{}/{path}", self.otlp_url)).json(&body).timeout(TICK * 10);
            match request.send().await {
                Ok(answer) if answer.status().is_success() => {}
                Ok(answer) => tracing::warn!(status = answer.status().as_u16(), path, "a demo export was refused"),
                Err(error) => tracing::debug!(%error, path, "a demo export did not arrive"),
            }
        }
    }
}

/// How busy the time of day is, from 0.35 to 1.
fn day_shape(now: Timestamp) -> f64 {
    let hour = now.secs().rem_euclid(86_400) as f64 / 3600.0;
    0.675 + 0.325 * ((hour - BUSIEST_UTC_HOUR) / 24.0 * std::f64::consts::TAU).cos()
}

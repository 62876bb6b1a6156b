//! Finds gateways and exporters on this machine and offers them; nothing is collected before somebody accepts.

pub(crate) mod config;
mod known;
mod stub_status;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use gw_base::{BoxFuture, Set};

use crate::board::DiscoveredEndpoint;
use crate::client::{ClientSettings, deepest};
use crate::collector::{About, Collector, CollectorKind, Output, Run, Source, Spec};
use crate::config::{CollectConfig, ScrapeConfig, StaticConfig};
use crate::runtime::{Context, Inputs};

use known::{How, PLACES, Place, Product};

/// Looking for known endpoints.
pub(crate) const KIND: CollectorKind = CollectorKind {
    about: About {
        name: "discover",
        product: "Gatewatch",
        summary: "Finds metrics endpoints of known products on this machine and offers them.",
        config_key: "collect.discover",
    },
    source: || Box::new(DiscoverSource::default()),
};

/// Longest wait for one endpoint.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of a page that are searched for a product's mark.
const SEARCHED_BYTES: usize = 1 << 20;
/// Collections of a status text between two tellings of types and helps.
const METADATA_EVERY: u64 = 240;

/// Scrape jobs of the accepted endpoints: one job a product, one target an endpoint.
pub(crate) fn scrape_jobs(accepted: &Set<String>) -> Vec<ScrapeConfig> {
    let mut jobs: Vec<ScrapeConfig> = Vec::new();
    let mut ids: Vec<&String> = accepted.iter().collect();
    ids.sort_unstable();
    for (place, product) in ids.into_iter().filter_map(|id| known::by_id(id)) {
        if product.how != How::Scrape {
            continue;
        }
        let group = StaticConfig { targets: vec![format!("127.0.0.1:{}", place.port)], ..StaticConfig::default() };
        match jobs.iter_mut().find(|job| job.job_name == product.kind) {
            Some(job) => job.static_configs.push(group),
            None => jobs.push(ScrapeConfig {
                job_name: product.kind.to_owned(),
                metrics_path: place.path.to_owned(),
                static_configs: vec![group],
                ..ScrapeConfig::default()
            }),
        }
    }
    jobs
}

#[derive(Debug, Default)]
struct DiscoverSource {
    config: Option<Arc<CollectConfig>>,
    accepted: Option<Arc<Set<String>>>,
}

impl Source for DiscoverSource {
    fn plan(&mut self, inputs: &Inputs) -> Option<Vec<Spec>> {
        let known = self.config.as_ref().is_some_and(|config| Arc::ptr_eq(config, &inputs.config))
            && self.accepted.as_ref().is_some_and(|accepted| Arc::ptr_eq(accepted, &inputs.accepted));
        if known {
            return None;
        }
        self.config = Some(Arc::clone(&inputs.config));
        self.accepted = Some(Arc::clone(&inputs.accepted));
        let mut specs = Vec::new();
        if inputs.config.discover.enabled {
            specs.push(scout(inputs));
        }
        let mut ids: Vec<&String> = inputs.accepted.iter().collect();
        ids.sort_unstable();
        for (place, product) in ids.into_iter().filter_map(|id| known::by_id(id)) {
            if product.how == How::StubStatus {
                specs.push(status_reader(place, product, inputs));
            }
        }
        Some(specs)
    }
}

fn spec(id: String, interval: Duration, build: crate::collector::Build, fingerprint: u64) -> Spec {
    Spec { id, fingerprint, interval, deadline: Duration::from_mins(1), seed: 0, keep: false, listed: true, build }
}

fn scout(inputs: &Inputs) -> Spec {
    let inputs = inputs.clone();
    let interval = inputs.config.discover.interval.get();
    // Made anew with every change, so that an accepted endpoint shows as accepted at once.
    let fingerprint = inputs.context.world.random();
    spec("scout".to_owned(), interval, Arc::new(move || Box::new(Scout { inputs: inputs.clone() })), fingerprint)
}

/// Looks at every place, one after the other.
struct Scout {
    inputs: Inputs,
}

impl Collector for Scout {
    fn run(&mut self, _: Run) -> BoxFuture<'_, Output> {
        Box::pin(async move {
            let configured = self.configured_ports();
            for place in PLACES.iter().filter(|place| !configured.contains(&place.port)) {
                let found =
                    fetch(&self.inputs.context, &place.url()).await.ok().and_then(|text| place.recognise(&text));
                self.post(place, found);
            }
            Output::default()
        })
    }
}

impl Scout {
    fn post(&self, place: &'static Place, found: Option<&'static Product>) {
        for product in place.products {
            let id = place.id(product);
            let accepted = self.inputs.accepted.contains(&id);
            let offered = accepted || found == Some(product);
            let endpoint =
                offered.then(|| DiscoveredEndpoint { id: id.clone(), kind: product.kind, url: place.url(), accepted });
            self.inputs.context.board.set_discovered(&id, endpoint);
        }
    }

    /// Ports of this machine that the configuration scrapes already.
    fn configured_ports(&self) -> Set<u16> {
        let groups = self.inputs.config.scrape.configs.iter().flat_map(|job| &job.static_configs);
        let local = |target: &String| {
            let (host, port) = target.rsplit_once(':')?;
            matches!(host, "localhost" | "127.0.0.1" | "[::1]").then(|| port.parse().ok()).flatten()
        };
        groups.flat_map(|group| &group.targets).filter_map(local).collect()
    }
}

fn status_reader(place: &'static Place, product: &Product, inputs: &Inputs) -> Spec {
    let (context, interval) = (Arc::clone(&inputs.context), inputs.config.scrape.interval.get());
    let build =
        move || -> Box<dyn Collector> { Box::new(StatusReader { place, context: Arc::clone(&context), runs: 0 }) };
    spec(place.id(product), interval, Arc::new(build), 0)
}

/// Collects an accepted nginx status page.
struct StatusReader {
    place: &'static Place,
    context: Arc<Context>,
    runs: u64,
}

impl Collector for StatusReader {
    fn run(&mut self, run: Run) -> BoxFuture<'_, Output> {
        Box::pin(async move {
            let url = self.place.url();
            let fetched = fetch(&self.context, &url).await;
            let status = fetched.as_deref().ok().and_then(stub_status::parse);
            let error = match (&fetched, &status) {
                (Err(message), _) => Some(message.clone()),
                (Ok(_), None) => Some(format!("{url} shows no stub_status text")),
                _ => None,
            };
            let instance = format!("127.0.0.1:{}", self.place.port);
            let with_metadata = self.runs.is_multiple_of(METADATA_EVERY);
            self.runs += 1;
            let rows = stub_status::rows(status, &instance, run.at, with_metadata);
            Output { batches: vec![rows.finish(self.context.options.tenant.clone())], more: false, error }
        })
    }
}

/// The text of a page, as far as it is searched.
async fn fetch(context: &Context, url: &str) -> Result<String, String> {
    let settings = ClientSettings { keep_alive: true, compression: true, ..ClientSettings::default() };
    let client = context.clients.get(&settings).map_err(|error| error.to_string())?;
    let exchange = async {
        let answer = client.get(url).send().await.map_err(|error| deepest(&error))?;
        if !answer.status().is_success() {
            return Err(format!("server returned HTTP status {}", answer.status()));
        }
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(Ok(chunk)) = chunks.next().await {
            body.extend_from_slice(&chunk);
            if body.len() > SEARCHED_BYTES {
                break;
            }
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    };
    tokio::select! {
        text = exchange => text,
        () = context.world.sleep(PATIENCE) => Err(format!("{url} did not answer within a second")),
    }
}

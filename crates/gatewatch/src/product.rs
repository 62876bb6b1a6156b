//! The wiring: parts are opened in the order of the way of data, joined, run, and closed in reverse.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context, Result};
use gw_base::{BoxFuture, HasKind, Kind, Labels, SystemWorld, Tenant, World};
use gw_collect::{CollectConfig, Runtime, RuntimeOptions};
use gw_config::Environment;
use gw_engine::{Engine, EngineOptions};
use gw_intake::Intake;
use gw_serve::{About, Exposure, Gate, Port, Services, Telemetry};
use gw_state::State;
use gw_store::{Store, StoreOptions};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admin::StoreAdmin;
use crate::banner::Banner;
use crate::config::{GatewatchConfig, Origin};
use crate::demo::Demo;
use crate::lock::DirLock;
use crate::monitors::Monitors;
use crate::ports::{self, Bound};
use crate::rooms::House;
use crate::rules::{self, Rules};
use crate::telemetry;

/// How the product is to be started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Start {
    /// Where the configuration comes from.
    pub(crate) origin: Origin,
    /// Serve other machines without asking who they are.
    pub(crate) insecure_no_auth: bool,
    /// Run the simulated gateway with this seed.
    pub(crate) demo_seed: Option<u64>,
    /// Listen here alone, for these roles, in place of the port table.
    pub(crate) only: Vec<(&'static str, SocketAddr)>,
    /// What harnesses of the original wait for in its log, in place of the banner.
    pub(crate) ready: Option<&'static str>,
    /// Flags as status pages show them, besides those that the configuration decides.
    pub(crate) flags: Vec<(String, String)>,
}

/// Starts the product and runs it until it is told to stop.
///
/// # Errors
/// Whatever keeps it from starting.
pub(crate) fn run(start: Start, environment: &Environment) -> Result<()> {
    let runtime = crate::memory::runtime().build()?;
    runtime.block_on(async {
        let product = Product::open(start, environment).await?;
        product.run().await
    })
}

/// Checks what can be checked of a configuration without starting anything.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn check(config: &GatewatchConfig) -> Result<()> {
    config.collect.check()?;
    config.alert.check()?;
    config.prometheus()?;
    config.query.rules()?;
    rules::groups(&config.detect)?;
    Ok(())
}

/// The real clocks over tokio's timer.
#[expect(clippy::disallowed_methods, reason = "this is where World's waits come from")]
pub(crate) fn world() -> Arc<dyn World> {
    Arc::new(SystemWorld::new(|duration| Box::pin(tokio::time::sleep(duration))))
}

/// The variable with the first administrator's password.
const ADMIN_PASSWORD: &str = "GW_ADMIN_PASSWORD";

/// All parts, joined.
struct Product {
    start: Start,
    environment: Environment,
    config: GatewatchConfig,
    /// What is collected besides what the configuration says: the product itself, and the demo.
    built_in: CollectConfig,
    demo: Option<Demo>,
    world: Arc<dyn World>,
    store: Arc<Store>,
    state: State,
    collect: Runtime,
    rules: Rules,
    monitors: Monitors,
    prometheus: gw_api_prometheus::Operations,
    external_labels: Arc<RwLock<Labels>>,
    services: Services,
    bound: Vec<Bound>,
    password: Option<String>,
    moved: bool,
    began: std::time::Duration,
    tasks: TaskTracker,
    cancel: CancellationToken,
    _lock: DirLock,
}

/// The password that is made or given at the first start.
async fn first_password(state: &State, environment: &Environment) -> Result<Option<String>> {
    let given = environment.get(ADMIN_PASSWORD);
    state.ensure_admin(given).await.map_err(|error| {
        let chosen_badly = given.is_some() && error.kind() == Kind::Invalid;
        let error = anyhow::Error::new(error);
        if chosen_badly { error.context(format!("{ADMIN_PASSWORD} is refused")) } else { error }
    })
}

fn engine(config: &GatewatchConfig, store: &Arc<Store>, world: &Arc<dyn World>) -> Result<Engine> {
    let (concurrent, mut rules) = (config.query.concurrency, config.query.rules()?);
    rules.type_labels |= config.collect.scrape.type_and_unit_labels;
    let options =
        EngineOptions { concurrent, rules, rollups: config.query.rollups, ..EngineOptions::new(Arc::clone(world)) };
    Ok(Engine::new(Arc::clone(store), options))
}

impl Product {
    async fn open(start: Start, environment: &Environment) -> Result<Self> {
        let world = world();
        let began = world.elapsed();
        let mut config = start.origin.load(environment)?;
        check(&config)?;
        let dir = config.store.dir.clone();
        let lock = DirLock::take(&dir)?;
        let (bound, moved) = bind(&start, &config).await?;
        let state = State::open(&dir, Arc::clone(&world)).await?;
        let limits = config.limits();
        let store = async { Ok(Store::open(store_options(&config), Arc::clone(&world)).await?) };
        // A password takes its time, and so does a log that has to be read again.
        let (password, store) = tokio::try_join!(first_password(&state, environment), store)?;
        let intake = Intake::new(Arc::clone(&store) as Arc<dyn gw_batch::Sink>, limits.clone(), Arc::clone(&world));
        let engine = engine(&config, &store, &world)?;
        let monitors = Monitors::open(&state).await?;
        let demo = match start.demo_seed {
            Some(seed) => Some(Demo::open(&dir, seed).await?),
            None => None,
        };
        let built_in = built_in(&config, &bound, demo.as_ref())?;
        add_built_in(&mut config.collect, &built_in);
        let options = RuntimeOptions { data_dir: dir, tenant: Tenant::default(), host_name: host_name() };
        let collect =
            Runtime::new(options, config.collect.clone(), monitors.watch(), intake.clone(), Arc::clone(&world))?;
        collect.accept(monitors.accepted().await?);
        let telemetry = Telemetry::default();
        telemetry::register(&telemetry, &world, &intake, &store, &collect.board());
        let services = Services {
            intake,
            queries: Arc::new(engine),
            state: state.clone(),
            world: Arc::clone(&world),
            limits,
            type_and_unit_labels: config.collect.scrape.type_and_unit_labels,
            telemetry,
            about: Arc::new(about(&config, &bound, &start, &*world)?),
        };
        let rules = Rules::open(&config, &services).await?;
        let external_labels = Arc::new(RwLock::new(external_labels(&config)));
        let prometheus = prometheus(&config, &services, (&collect, &rules), &external_labels)?;
        let admin = StoreAdmin { store: Arc::clone(&store), world: Arc::clone(&world), dir: config.store.dir.clone() };
        let prometheus = gw_api_prometheus::Operations { admin: Some(Arc::new(admin)), ..prometheus };
        telemetry::prometheus::register(&services, &config, &store, &rules, &prometheus);
        Ok(Self {
            environment: environment.clone(),
            start,
            config,
            built_in,
            demo,
            world,
            store,
            state,
            collect,
            rules,
            monitors,
            prometheus,
            external_labels,
            services,
            bound,
            password,
            moved,
            began,
            tasks: TaskTracker::new(),
            cancel: CancellationToken::new(),
            _lock: lock,
        })
    }

    async fn run(mut self) -> Result<()> {
        let house = self.house();
        for bound in std::mem::take(&mut self.bound) {
            let router = house.router(&bound.line);
            let (world, cancel) = (Arc::clone(&self.world), self.cancel.clone());
            self.tasks.spawn(gw_serve::listen::serve(bound.listener, router, world, cancel));
        }
        self.tasks.spawn(self.collect.clone().run(self.cancel.clone()));
        self.rules.spawn(&self.tasks, &self.cancel);
        if let Some(demo) = self.demo.take() {
            let otlp = self.services.about.ports.iter().find(|port| port.role == "otlp_http");
            let url = otlp.map(|port| port.url.clone()).context("the demo needs the OTLP port")?;
            self.tasks.spawn(demo.run(url, Arc::clone(&self.world), self.cancel.clone()));
        }
        let (store, cancel) = (Arc::clone(&self.store), self.cancel.clone());
        self.tasks.spawn(async move { store.maintain(cancel.cancelled_owned()).await });
        match self.start.ready {
            Some(words) => writeln!(std::io::stderr(), "{words}")?,
            None => self.banner()?,
        }
        self.until_stopped().await?;
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.store.shutdown().await.context("closing the store failed")?;
        self.state.close().await;
        Ok(())
    }

    fn house(&self) -> House {
        let exposure = match (self.config.listen.address.is_loopback(), self.start.insecure_no_auth) {
            (true, _) => Exposure::Loopback,
            (false, false) => Exposure::Network,
            (false, true) => Exposure::NetworkWithoutAuth,
        };
        House {
            services: self.services.clone(),
            gate: Gate::new(self.state.clone(), exposure),
            prometheus: gw_api_prometheus::Operations { reload: self.reloader(), ..self.prometheus.clone() },
            prefix: self.config.path_prefix(),
            desk: gw_api_native::Desk {
                board: self.collect.board(),
                accept: self.monitors.accept(&self.collect),
                machine: self.collect.host_pages(),
                host_name: host_name().into(),
                containers: self.collect.containers(),
                alerting: gw_api_native::Alerting { dispatcher: self.rules.dispatcher(), rules: self.rules.book() },
            },
            uptime: gw_api_uptime::Desk { runtime: self.collect.clone(), changed: self.monitors.changed() },
            host_pages: self.collect.host_pages(),
            containers: self.collect.containers(),
        }
    }

    /// Reads the configuration again, checks all of it, then swaps; a bad file leaves the old one running.
    fn reloader(&self) -> gw_api_prometheus::Reload {
        let (origin, environment) = (self.start.origin.clone(), self.environment.clone());
        let (collect, rules, built_in) = (self.collect.clone(), self.rules.clone(), self.built_in.clone());
        let (labels, world) = (Arc::clone(&self.external_labels), Arc::clone(&self.world));
        let reloads = Arc::clone(&self.prometheus.reloads);
        let again = move || -> Result<()> {
            let mut config = origin.load(&environment)?;
            check(&config)?;
            add_built_in(&mut config.collect, &built_in);
            let groups = rules::groups(&config.detect)?;
            *labels.write().unwrap_or_else(PoisonError::into_inner) = external_labels(&config);
            collect.reload(config.collect)?;
            rules.reload(config.alert, groups)?;
            tracing::info!("configuration read again");
            Ok(())
        };
        let again = Arc::new(again);
        Arc::new(move || {
            let again = Arc::clone(&again);
            let (reloads, world) = (Arc::clone(&reloads), Arc::clone(&world));
            let read = tokio::task::spawn_blocking(move || again().map_err(|error| format!("{error:#}")));
            Box::pin(async move {
                let read = read.await.map_err(|error| error.to_string()).flatten();
                reloads.note(read.is_ok(), world.now());
                read
            }) as BoxFuture<'static, Result<(), String>>
        })
    }

    fn banner(&self) -> Result<()> {
        let banner = Banner {
            version: self.services.about.version,
            data_dir: &self.services.about.data_dir,
            ports: &self.services.about.ports,
            password: self.password.as_deref(),
            moved: self.moved,
            took: self.world.elapsed().saturating_sub(self.began),
        };
        Ok(banner.write(&mut std::io::stdout().lock())?)
    }

    async fn until_stopped(&self) -> Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut hang_up = signal(SignalKind::hangup())?;
        let reload = self.reloader();
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = hang_up.recv() => {
                    if let Err(message) = reload().await {
                        tracing::error!(message, "the configuration was not read again, the old one goes on");
                    }
                }
            }
        }
    }
}

/// How the store is opened.
pub(crate) fn store_options(config: &GatewatchConfig) -> StoreOptions {
    let section = &config.store;
    StoreOptions {
        limits: config.limits(),
        retention: section.retention(),
        exemplars: section.max_exemplars,
        ..StoreOptions::new(&section.dir)
    }
}

fn about(config: &GatewatchConfig, bound: &[Bound], start: &Start, world: &dyn World) -> Result<About> {
    let dir = &config.store.dir;
    Ok(About {
        version: env!("CARGO_PKG_VERSION"),
        started_at: world.now(),
        data_dir: std::fs::canonicalize(dir).unwrap_or_else(|_unreadable| dir.clone()).display().to_string(),
        ports: bound.iter().map(|bound| port_of(config, bound)).collect(),
        demo: start.demo_seed.is_some(),
        flags: flags(config, start),
        config: gw_config::print_yaml(config)?,
    })
}

/// Labels that other servers see on our series.
fn external_labels(config: &GatewatchConfig) -> Labels {
    Labels::from_pairs(config.detect.external_labels.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// What the Prometheus room does; how to reload is filled in when everything is there.
fn prometheus(
    config: &GatewatchConfig,
    services: &Services,
    (collect, rules): (&Runtime, &Rules),
    external_labels: &Arc<RwLock<Labels>>,
) -> Result<gw_api_prometheus::Operations> {
    let settings = config.prometheus()?;
    let (labels, runtime) = (Arc::clone(external_labels), collect.clone());
    Ok(gw_api_prometheus::Operations {
        board: collect.board(),
        rules: rules.book(),
        reload: Arc::new(|| Box::pin(async { Err("the server is starting".to_owned()) })),
        reloads: Arc::new(gw_api_prometheus::Reloads::new(services.world.now())),
        reads: gw_api_prometheus::read_slots(settings.read.concurrent),
        settings,
        external_labels: Arc::new(move || labels.read().unwrap_or_else(PoisonError::into_inner).clone()),
        relabel: Arc::new(move |job, labels| runtime.relabel_steps(job, labels)),
        admin: None,
        observed: Arc::default(),
    })
}

/// Flags by Prometheus' names: those that the configuration decides, and what else was given.
fn flags(config: &GatewatchConfig, start: &Start) -> Vec<(String, String)> {
    let duration = |value: gw_config::PromDuration| gw_base::duration::print_prometheus(value.get());
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let query = &config.query;
    let decided = [
        ("query.lookback-delta", duration(query.lookback)),
        ("query.max-concurrency", query.concurrency.to_string()),
        ("query.max-samples", query.max_samples.to_string()),
        ("query.timeout", duration(query.timeout)),
        ("storage.remote.read-concurrent-limit", query.read_concurrency.to_string()),
        ("storage.remote.read-max-bytes-in-frame", query.read_frame.0.to_string()),
        ("storage.remote.read-sample-limit", query.read_samples.to_string()),
        ("storage.tsdb.path", config.store.dir.display().to_string()),
        ("storage.tsdb.retention.size", config.store.retention_size.map_or("0".to_owned(), |size| size.to_string())),
        ("storage.tsdb.retention.time", duration(config.store.retention)),
        ("web.cors.origin", text(&config.listen.cors_origin)),
        ("web.enable-admin-api", config.store.admin_api.to_string()),
        ("web.enable-lifecycle", "true".to_owned()),
        ("web.enable-remote-write-receiver", config.intake.remote_write.unwrap_or(true).to_string()),
        ("web.external-url", text(&config.listen.external_url)),
        ("web.route-prefix", format!("{}/", config.path_prefix())),
    ];
    let mut flags: BTreeMap<String, String> = start.flags.iter().cloned().collect();
    flags.extend(decided.map(|(name, value)| (name.to_owned(), value)));
    flags.into_iter().collect()
}

async fn bind(start: &Start, config: &GatewatchConfig) -> Result<(Vec<Bound>, bool)> {
    if start.only.is_empty() {
        return ports::bind(config.listen.address, config.listen.port_offset, config.listen.native).await;
    }
    let mut bound = Vec::with_capacity(start.only.len());
    for (role, address) in &start.only {
        bound.push(ports::bind_one(role, *address).await?);
    }
    Ok((bound, false))
}

fn port_of(config: &GatewatchConfig, bound: &Bound) -> Port {
    let address = config.listen.address;
    let host = if address.is_unspecified() { host_name() } else { SocketAddr::new(address, 0).ip().to_string() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    Port { port: bound.port, role: bound.line.role, url: format!("http://{host}:{}", bound.port) }
}

/// Name of this machine.
pub(crate) fn host_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// Name of the scrape job of the product's own metrics.
const OWN_JOB: &str = "gatewatch";

/// What is collected without being asked for: the product's own metrics, and the demo's gateway.
fn built_in(config: &GatewatchConfig, bound: &[Bound], demo: Option<&Demo>) -> Result<CollectConfig> {
    let mut collect = CollectConfig::default();
    if let Some(own) = bound.iter().find(|bound| bound.line.role == "prometheus") {
        let url = port_of(config, own).url;
        let target = url.trim_start_matches("http://");
        let path = config.path_prefix();
        let job =
            format!("job_name: {OWN_JOB}\nmetrics_path: {path}/metrics\nstatic_configs:\n- targets: [\"{target}\"]\n");
        collect.scrape.configs.push(gw_config::yaml("own scrape job", &job)?);
    }
    if let Some(demo) = demo {
        demo.add_to(&mut collect)?;
    }
    Ok(collect)
}

/// Adds them, but for scrape jobs of whose name the user has one.
fn add_built_in(collect: &mut CollectConfig, built_in: &CollectConfig) {
    for job in &built_in.scrape.configs {
        if !collect.scrape.configs.iter().any(|own| own.job_name == job.job_name) {
            collect.scrape.configs.push(job.clone());
        }
    }
    collect.tail.extend(built_in.tail.iter().cloned());
}

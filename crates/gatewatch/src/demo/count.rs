//! Counts what was played, under the names that Traefik, the services' own instrumentation and a database exporter use.

use std::time::Duration;

use gw_base::{Timestamp, World};

use super::faults::Fault;
use super::meters::Meters;
use super::play::{Call, Exchange, Weather};
use super::shop::Service;

/// Traefik's default buckets and those that its user adds for finer quantiles.
const GATEWAY_BOUNDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.2, 5.0];
const SERVICE_BOUNDS: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// Memory of a service at rest, and what the cart adds each second while it leaks.
const MEMORY_BYTES: f64 = 96e6;
const LEAK_BYTES: f64 = 7e6;
/// How long the cart is down after it was killed.
pub(super) const RESTART: Duration = Duration::from_secs(6);
/// When the leaking cart is killed.
pub(super) const LEAK_LASTS: Duration = Duration::from_secs(94);

/// The pages of all simulated processes, in the order of [`Counts::pages`].
#[derive(Debug, Default)]
pub(super) struct Counts {
    gateway: Meters,
    services: [Meters; Service::ALL.len()],
    database: Meters,
}

impl Counts {
    /// What stands from the start.
    pub(super) fn begin(&mut self, world: &dyn World) {
        let started = world.now().secs() as f64;
        let reloads = "How many reloads of the dynamic configuration there have been.";
        self.gateway.add("traefik_config_reloads_total", reloads, vec![], 1.0);
        let last = "When the last reload of the configuration succeeded.";
        self.gateway.set("traefik_config_last_reload_success", last, vec![], started);
        for meters in self.services.iter_mut().chain([&mut self.gateway, &mut self.database]) {
            let help = "Start time of the process since unix epoch in seconds.";
            meters.set("process_start_time_seconds", help, vec![], started);
        }
    }

    /// Counts one exchange.
    pub(super) fn exchange(&mut self, exchange: &Exchange) {
        let operation = exchange.entry.operation;
        let service = format!("{}@docker", operation.service.name());
        let levels: [(&str, _, _, _, _, _); 3] = [
            (
                "entrypoint",
                "traefik_entrypoint_requests_total",
                "traefik_entrypoint_request_duration_seconds",
                "traefik_entrypoint_requests_bytes_total",
                "traefik_entrypoint_responses_bytes_total",
                "websecure".to_owned(),
            ),
            (
                "router",
                "traefik_router_requests_total",
                "traefik_router_request_duration_seconds",
                "traefik_router_requests_bytes_total",
                "traefik_router_responses_bytes_total",
                service.clone(),
            ),
            (
                "service",
                "traefik_service_requests_total",
                "traefik_service_request_duration_seconds",
                "traefik_service_requests_bytes_total",
                "traefik_service_responses_bytes_total",
                service.clone(),
            ),
        ];
        for (level, requests, seconds, sent, received, name) in levels {
            let mut labels = vec![
                ("code", exchange.status.to_string()),
                ("method", operation.method.to_owned()),
                ("protocol", "http".to_owned()),
                (level, name),
            ];
            if level == "router" {
                labels.push(("service", service.clone()));
            }
            let took = exchange.duration as f64 / 1e9;
            self.gateway.add(requests, "How many HTTP requests were processed.", labels.clone(), 1.0);
            let duration = (seconds, "How long it took to process the request.");
            self.gateway.observe(duration, GATEWAY_BOUNDS, labels.clone(), took);
            self.gateway.add(sent, "The total size of requests in bytes.", labels.clone(), 480.0);
            self.gateway.add(received, "The total size of responses in bytes.", labels, size(exchange) as f64);
        }
        let tls = vec![
            ("entrypoint", "websecure".to_owned()),
            ("tls_cipher", "TLS_AES_128_GCM_SHA256".to_owned()),
            ("tls_version", "1.3".to_owned()),
        ];
        self.gateway.add("traefik_entrypoint_requests_tls_total", "How many HTTP requests with TLS.", tls, 1.0);
        exchange.calls.iter().for_each(|call| self.call(call));
    }

    fn call(&mut self, call: &Call) {
        match call {
            Call::Served { operation, status, seconds } => {
                let labels = vec![
                    ("http_request_method", operation.method.to_owned()),
                    ("http_response_status_code", status.to_string()),
                    ("http_route", operation.route.to_owned()),
                ];
                let name = ("http_server_request_duration_seconds", "Duration of HTTP server requests.");
                self.services[operation.service as usize].observe(name, SERVICE_BOUNDS, labels, *seconds);
                let (cpu, help) = ("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
                self.services[operation.service as usize].add(cpu, help, vec![], seconds.min(0.02) * 0.6);
            }
            Call::Queried { service, statement, seconds } => {
                let labels =
                    vec![("db_query_summary", (*statement).to_owned()), ("db_system_name", "postgresql".to_owned())];
                let name = ("db_client_operation_duration_seconds", "Duration of database client operations.");
                self.services[*service as usize].observe(name, SERVICE_BOUNDS, labels, *seconds);
                let shop = || vec![("datname", "shop".to_owned())];
                let commits = "Number of transactions in this database that have been committed.";
                self.database.add("pg_stat_database_xact_commit", commits, shop(), 1.0);
                let (name, help) =
                    ("pg_stat_database_active_time_seconds_total", "Time spent executing statements, in seconds.");
                self.database.add(name, help, shop(), *seconds);
            }
        }
    }

    /// Sets what is measured rather than counted. `held` is how long the present fault has lasted.
    pub(super) fn measure(&mut self, now: Timestamp, weather: Weather, held: Duration, open: usize) {
        let help = "How many open connections exist, by entryPoint and protocol.";
        let labels = vec![("entrypoint", "websecure".to_owned()), ("protocol", "TCP".to_owned())];
        self.gateway.set("traefik_open_connections", help, labels, open as f64);
        self.certificates(now, weather);
        for service in Service::ALL {
            let down = service == Service::Cart && weather.cart_down;
            let help = "service server is up, described by gauge value of 0 or 1.";
            let url = format!("http://{}", service.address());
            let labels = vec![("service", format!("{}@docker", service.name())), ("url", url)];
            self.gateway.set("traefik_service_server_up", help, labels, if down { 0.0 } else { 1.0 });
            let leak = if service == Service::Cart && weather.fault == Some(Fault::CartLeak) && !down {
                held.min(LEAK_LASTS).as_secs_f64() * LEAK_BYTES
            } else {
                0.0
            };
            let wave = ((now.secs() % 97) as f64 / 97.0 * std::f64::consts::TAU).sin() * 3e6;
            let bytes = MEMORY_BYTES + service as u8 as f64 * 9e6 + wave + leak;
            let help = "Resident memory size in bytes.";
            self.services[service as usize].set("process_resident_memory_bytes", help, vec![], bytes.round());
        }
        self.database.set("pg_up", "Whether the database answers.", vec![], 1.0);
        let busy = if weather.fault == Some(Fault::SlowDatabase) { 38.0 } else { 4.0 } + (now.secs() % 5) as f64;
        let labels = vec![("datname", "shop".to_owned()), ("state", "active".to_owned())];
        self.database.set("pg_stat_activity_count", "Number of connections in this state.", labels, busy);
    }

    fn certificates(&mut self, now: Timestamp, weather: Weather) {
        const DAY: f64 = 86_400.0;
        let (name, help) = ("traefik_tls_certs_not_after", "Certificate expiration timestamp");
        self.gateway.forget(name);
        let left = if weather.fault == Some(Fault::OldCertificate) { 2.5 } else { 61.0 };
        // On whole days, as certificates do not change from scrape to scrape.
        let today = (now.secs() as f64 / DAY).floor() * DAY;
        for (host, serial, days) in [("shop.example", "0a41", left), ("admin.shop.example", "0a42", 74.0)] {
            let labels = vec![("cn", host.to_owned()), ("sans", host.to_owned()), ("serial", serial.to_owned())];
            self.gateway.set(name, help, labels, today + days * DAY);
        }
    }

    /// Each process by name, with its page.
    pub(super) fn pages(&self) -> Vec<(&'static str, String)> {
        let services = Service::ALL.iter().zip(&self.services).map(|(service, meters)| (service.name(), meters.page()));
        [("traefik", self.gateway.page())]
            .into_iter()
            .chain(services)
            .chain([("database", self.database.page())])
            .collect()
    }
}

/// Names of all processes, as [`Counts::pages`] gives them.
pub(super) fn process_names() -> Vec<&'static str> {
    ["traefik"].into_iter().chain(Service::ALL.map(Service::name)).chain(["database"]).collect()
}

/// Bytes of the answer.
pub(super) fn size(exchange: &Exchange) -> u64 {
    match exchange.status {
        304 => 0,
        400.. => 96,
        _ => exchange.entry.bytes,
    }
}

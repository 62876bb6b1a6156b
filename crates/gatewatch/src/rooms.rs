//! Which room answers on which port, and what stands beside it: our own API, every other room for the signed-in UI, pages.

use std::sync::Arc;

use axum::Router;
use gw_serve::{Gate, Services, Telemetry};

use crate::ports::Line;

/// Everything that rooms need.
pub(crate) struct House {
    pub(crate) services: Services,
    pub(crate) gate: Gate,
    pub(crate) prometheus: gw_api_prometheus::Operations,
    /// Path in front of the Prometheus room, empty when there is none.
    pub(crate) prefix: String,
    pub(crate) desk: gw_api_native::Desk,
    pub(crate) uptime: gw_api_uptime::Desk,
    pub(crate) host_pages: Arc<gw_collect::HostPages>,
    pub(crate) containers: gw_collect::Containers,
}

impl House {
    /// The routes of a line of the port table.
    pub(crate) fn router(&self, line: &Line) -> Router {
        let own = self.room(line.role).merge(self_metrics(line.role, &self.services.telemetry));
        let own = self.gate.protocol(own);
        let own = match (line.role, self.prefix.as_str()) {
            ("prometheus", prefix) if !prefix.is_empty() => Router::new().nest(prefix, own),
            _ => own,
        };
        let router = match line.home {
            None => own,
            Some(home) => own.merge(self.native()).merge(self.all_rooms()).fallback_service(gw_ui::router(home)),
        };
        router.layer(tower_http::compression::CompressionLayer::new().gzip(true))
    }

    fn room(&self, role: &str) -> Router {
        let services = self.services.clone();
        match role {
            "prometheus" => gw_api_prometheus::room(services, self.prometheus.clone()),
            "grafana" => gw_api_grafana::room(services, &self.gate),
            "loki" => gw_api_loki::room(services),
            "jaeger" => gw_api_jaeger::room(services),
            "jaeger_collector" => gw_api_jaeger::collector_room(services),
            "node_exporter" => gw_api_exporter::room(services, Arc::clone(&self.host_pages)),
            "cadvisor" => gw_api_cadvisor::room(services, self.containers.clone()),
            "uptime" => gw_api_uptime::room(services, self.uptime.clone()),
            "zipkin" => gw_api_zipkin::room(services),
            "otlp_grpc" => gw_api_otlp::grpc_room(services),
            "otlp_http" => gw_api_otlp::room(services),
            other => unreachable_role(other),
        }
    }

    fn native(&self) -> Router {
        gw_api_native::room(self.services.clone(), self.desk.clone(), &self.gate)
    }

    /// Every product's API under `/rooms/NAME` for whoever has signed in: the UI speaks the protocols that everybody speaks.
    fn all_rooms(&self) -> Router {
        let named = ["prometheus", "loki", "jaeger", "cadvisor", "zipkin", "uptime"];
        let nested = named
            .into_iter()
            .fold(Router::new(), |router, role| router.nest(&format!("/rooms/{role}"), self.room(role)));
        self.gate.signed_in(nested)
    }
}

/// `/metrics` with the product's own metrics, on the ports whose originals have such a page.
fn self_metrics(role: &str, telemetry: &Telemetry) -> Router {
    if !matches!(role, "prometheus" | "grafana") {
        return Router::new();
    }
    let telemetry = telemetry.clone();
    Router::new().route("/metrics", axum::routing::get(move || async move { telemetry.page() }))
}

/// The table and this match are both closed lists; a test walks the table through [`House::router`].
fn unreachable_role(role: &str) -> Router {
    tracing::error!(role, "the port table names a role without a room");
    Router::new()
}

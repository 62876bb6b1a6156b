//! `/api/gw/gateway`: which gateways are watched, and how their entry points, routers and services fare.

use axum::Json;
use axum::extract::State;
use gw_base::{TimeRange, Timestamp};
use gw_serve::{Fault, Params, Services};
use serde::Serialize;

use crate::ask;
use crate::red::{self, Red, Source};
use crate::times;

/// A gateway product: how to see that it is there, and where its numbers are.
struct Product {
    kind: &'static str,
    /// A series that every instance has once.
    presence: &'static str,
    entrypoints: Option<Source>,
    routers: Option<Source>,
    services: Option<Source>,
}

const PRODUCTS: &[Product] = &[
    Product {
        kind: "traefik",
        presence: "traefik_config_reloads_total",
        entrypoints: Some(Source {
            kind: "entrypoint",
            by: "entrypoint",
            requests: "traefik_entrypoint_requests_total",
            errors: "traefik_entrypoint_requests_total{code=~\"5..\"}",
            seconds: Some("traefik_entrypoint_request_duration_seconds"),
        }),
        routers: Some(Source {
            kind: "router",
            by: "router",
            requests: "traefik_router_requests_total",
            errors: "traefik_router_requests_total{code=~\"5..\"}",
            seconds: Some("traefik_router_request_duration_seconds"),
        }),
        services: Some(Source {
            kind: "service",
            by: "service",
            requests: "traefik_service_requests_total",
            errors: "traefik_service_requests_total{code=~\"5..\"}",
            seconds: Some("traefik_service_request_duration_seconds"),
        }),
    },
    Product {
        kind: "caddy",
        presence: "caddy_admin_http_requests_total",
        entrypoints: Some(Source {
            kind: "server",
            by: "server",
            requests: "caddy_http_requests_total",
            errors: "caddy_http_request_duration_seconds_count{code=~\"5..\"}",
            seconds: Some("caddy_http_request_duration_seconds"),
        }),
        routers: Some(Source {
            kind: "handler",
            by: "handler",
            requests: "caddy_http_requests_total",
            errors: "caddy_http_request_duration_seconds_count{code=~\"5..\"}",
            seconds: Some("caddy_http_request_duration_seconds"),
        }),
        services: None,
    },
    Product {
        kind: "haproxy",
        presence: "haproxy_process_start_time_seconds",
        entrypoints: Some(Source {
            kind: "frontend",
            by: "proxy",
            requests: "haproxy_frontend_http_requests_total",
            errors: "haproxy_frontend_http_responses_total{code=\"5xx\"}",
            seconds: None,
        }),
        routers: None,
        services: Some(Source {
            kind: "backend",
            by: "proxy",
            requests: "haproxy_backend_http_requests_total",
            errors: "haproxy_backend_http_responses_total{code=\"5xx\"}",
            seconds: None,
        }),
    },
    Product {
        kind: "nginx",
        presence: "nginx_connections_accepted",
        entrypoints: Some(Source {
            kind: "server",
            by: "instance",
            requests: "nginx_http_requests_total",
            // Wire: nginx's status page counts no errors; they come from its access log.
            errors: "nginx_http_responses_total{code=~\"5..\"}",
            seconds: None,
        }),
        routers: None,
        services: None,
    },
];

/// A gateway instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Gateway {
    pub(crate) kind: &'static str,
    pub(crate) instance: String,
    pub(crate) up: bool,
}

#[derive(Debug, Serialize)]
struct Certificate {
    name: String,
    sans: Vec<String>,
    not_after: String,
    days_left: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct GatewayPage {
    gateways: Vec<Gateway>,
    entrypoints: Vec<Red>,
    routers: Vec<Red>,
    services: Vec<Red>,
    certificates: Vec<Certificate>,
    slow_routes: Vec<Red>,
}

/// Most rows of the slow routes.
const SLOW_ROUTES: usize = 10;

/// Instances seen within the last hour, and whether their last scrape worked.
pub(crate) async fn gateways(services: &Services, at: Timestamp) -> Result<Vec<Gateway>, Fault> {
    let mut found = Vec::new();
    for product in PRODUCTS {
        let text = format!("max by (instance) (up and on (instance, job) last_over_time({}[1h]))", product.presence);
        let points = ask::instant(services, &text, at).await?;
        found.extend(points.into_iter().map(|point| Gateway {
            kind: product.kind,
            instance: point.labels.get("instance").unwrap_or("").to_owned(),
            up: point.value > 0.0,
        }));
    }
    Ok(found)
}

/// Rows of one level of all products.
async fn level(services: &Services, pick: fn(&Product) -> Option<Source>, range: TimeRange) -> Result<Vec<Red>, Fault> {
    let window = red::window(range);
    let mut rows = Vec::new();
    for source in PRODUCTS.iter().filter_map(pick) {
        rows.extend(red::rows(services, &source, &window, range.end).await?);
    }
    Ok(rows)
}

/// RED rows of everything that gateways route to.
pub(crate) async fn service_rows(services: &Services, range: TimeRange) -> Result<Vec<Red>, Fault> {
    level(services, |product| product.services, range).await
}

/// The page.
pub(crate) async fn page(State(services): State<Services>, given: Params) -> Result<Json<GatewayPage>, Fault> {
    let range = times::range(&given, services.world.now())?;
    let routers = level(&services, |product| product.routers, range).await?;
    let mut slow_routes: Vec<Red> = routers.iter().filter(|row| row.p99.is_some()).cloned().collect();
    slow_routes.sort_by(|a, b| b.p99.unwrap_or(0.0).total_cmp(&a.p99.unwrap_or(0.0)));
    slow_routes.truncate(SLOW_ROUTES);
    Ok(Json(GatewayPage {
        gateways: gateways(&services, range.end).await?,
        entrypoints: level(&services, |product| product.entrypoints, range).await?,
        services: service_rows(&services, range).await?,
        certificates: certificates(&services, range.end).await?,
        routers,
        slow_routes,
    }))
}

async fn certificates(services: &Services, at: Timestamp) -> Result<Vec<Certificate>, Fault> {
    let points = ask::instant(services, "max by (cn, sans, serial) (traefik_tls_certs_not_after)", at).await?;
    let mut certificates: Vec<Certificate> = points
        .into_iter()
        .map(|point| {
            let text = |name: &str| point.labels.get(name).unwrap_or("").to_owned();
            Certificate {
                name: text("cn"),
                sans: text("sans").split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
                not_after: Timestamp::from_secs_f64(point.value).to_string(),
                days_left: (point.value - at.secs_f64()) / 86_400.0,
            }
        })
        .collect();
    certificates.sort_by(|a, b| a.days_left.total_cmp(&b.days_left));
    Ok(certificates)
}

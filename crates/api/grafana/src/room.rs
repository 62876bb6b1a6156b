//! Routes: which paths exist and who may ask them.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Json, Router};
use gw_serve::{Gate, Params, Principal, Services, access};
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::errors::GrafanaError;

/// The Grafana version whose behaviour is imitated; clients choose features by it.
const EMULATED: &str = "10.2.0";

/// The room's routes. `gate` guards those that Grafana asks credentials for.
pub fn room(services: Services, gate: &Gate) -> Router {
    let guarded = Router::new()
        .route("/api/search", get(search))
        .route("/api/user", get(user))
        .route("/api/org", get(org))
        .with_state(services.clone());
    Router::new()
        .route("/api/health", get(health))
        .route("/healthz", get(|| async { "Ok" }))
        // A browser that opens Grafana's sign-in page gets ours.
        .route("/login", post(login).get(|| async { Redirect::to("/") }))
        .with_state(services)
        .merge(gate.signed_in(guarded))
        .route("/api/{*path}", any(|| async { GrafanaError::not_found() }))
}

async fn health() -> Response {
    let body = format!("{{\n  \"commit\": \"\",\n  \"database\": \"ok\",\n  \"version\": \"{EMULATED}\"\n}}");
    ([(header::CONTENT_TYPE, "application/json; charset=UTF-8")], body).into_response()
}

#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

async fn login(
    State(services): State<Services>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    body: Option<Json<Login>>,
) -> Result<Response, GrafanaError> {
    let Json(given) = body.ok_or_else(GrafanaError::bad_request)?;
    let address = peer.map(|Extension(info)| info.0.ip().to_string()).unwrap_or_default();
    let session = services.state.login(&given.user, &given.password, &address).await?;
    let cookie = access::session_cookie_header(&session.secret, session.lifetime);
    let mut response = Json(json!({"message": "Logged in", "redirectUrl": "/"})).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn user(Extension(principal): Extension<Principal>) -> Json<Value> {
    Json(json!({
        "id": 1,
        "login": principal.name,
        "name": principal.name,
        "email": "",
        "orgId": 1,
        "isGrafanaAdmin": principal.role == gw_state::Role::Admin,
        "isDisabled": false,
    }))
}

async fn org() -> Json<Value> {
    Json(json!({"id": 1, "name": "Main Org."}))
}

async fn search(State(services): State<Services>, given: Params) -> Result<Json<Value>, GrafanaError> {
    let wanted = given.get("query").unwrap_or("").to_lowercase();
    let tags: Vec<&str> = given.all("tag").collect();
    let most = given.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1000usize).min(5000);
    if given.get("type") == Some("dash-folder") {
        return Ok(Json(json!([])));
    }
    let mut found = Vec::new();
    for dashboard in services.state.dashboards().await? {
        let body: Value = serde_json::from_str(&dashboard.body).unwrap_or_default();
        let title = body.get("title").and_then(Value::as_str).unwrap_or(&dashboard.uid).to_owned();
        let own_tags = body.get("tags").cloned().unwrap_or_else(|| json!([]));
        let tagged =
            tags.iter().all(|tag| own_tags.as_array().is_some_and(|own| own.iter().any(|t| t.as_str() == Some(tag))));
        if tagged && title.to_lowercase().contains(&wanted) && found.len() < most {
            found.push(json!({
                "uid": dashboard.uid,
                "title": title,
                "uri": format!("db/{}", dashboard.uid),
                "url": format!("/d/{}", dashboard.uid),
                "slug": "",
                "type": "dash-db",
                "tags": own_tags,
                "isStarred": false,
            }));
        }
    }
    Ok(Json(Value::from(found)))
}

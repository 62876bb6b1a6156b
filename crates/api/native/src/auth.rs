//! Signing in and out, and one's own account.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use gw_base::Kind;
use gw_serve::{Fault, Principal, Services, access};
use gw_state::{User, UserChange, Via};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

/// Signing in, which needs nobody to be signed in.
pub(crate) fn open_routes() -> Router<Services> {
    Router::new().route("/login", post(login)).route("/logout", post(logout))
}

/// One's own account.
pub(crate) fn routes() -> Router<Services> {
    Router::new().route("/me", get(me).patch(change_me))
}

/// An account as the API shows it.
pub(crate) fn show(user: &User) -> Value {
    json!({"name": user.name, "role": user.role, "language": user.language, "created_at": user.created_at.to_string()})
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    username: String,
    password: String,
}

async fn login(
    State(services): State<Services>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    body: Option<Json<Login>>,
) -> Result<Response, Fault> {
    let Json(given) =
        body.ok_or_else(|| Fault::new(Kind::Invalid, "the body is not {\"username\": TEXT, \"password\": TEXT}"))?;
    let address = peer.map(|Extension(info)| info.0.ip().to_string()).unwrap_or_default();
    let session = services.state.login(&given.username, &given.password, &address).await.map_err(|error| {
        let fault = Fault::from(error);
        if fault.kind == Kind::Denied { Fault { status: StatusCode::UNAUTHORIZED, ..fault } } else { fault }
    })?;
    let mut response = Json(json!({"user": show(&session.user)})).into_response();
    response.headers_mut().insert(header::SET_COOKIE, access::session_cookie_header(&session.secret, session.lifetime));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn logout(State(services): State<Services>, headers: HeaderMap) -> Result<Response, Fault> {
    if let Some(secret) = access::session_cookie(&headers) {
        services.state.logout(secret).await?;
    }
    let cleared = access::session_cookie_header("", Duration::ZERO);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cleared)]).into_response())
}

async fn me(
    State(services): State<Services>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<Value>, Fault> {
    if matches!(principal.via, Via::Token(_)) {
        return Ok(Json(json!({"name": principal.name, "role": principal.role, "language": "", "created_at": null})));
    }
    Ok(Json(show(&services.state.user(&principal.name).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MyChange {
    language: Option<String>,
    password: Option<String>,
    old_password: Option<String>,
}

async fn change_me(
    State(services): State<Services>,
    Extension(principal): Extension<Principal>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    body: Option<Json<MyChange>>,
) -> Result<Response, Fault> {
    let Json(given) =
        body.ok_or_else(|| Fault::new(Kind::Invalid, "the body takes language, password, old_password"))?;
    if matches!(principal.via, Via::Token(_)) {
        return Err(Fault::new(Kind::Denied, "a token has no account to change"));
    }
    let changes_password = given.password.is_some();
    if changes_password {
        let old = given.old_password.as_deref().ok_or_else(|| Fault::new(Kind::Invalid, "old_password is missing"))?;
        let address = peer.map(|Extension(info)| info.0.ip().to_string()).unwrap_or_default();
        services.state.check_password(&principal.name, old, &address).await?;
    }
    let change = UserChange { role: None, password: given.password, language: given.language };
    let user = services.state.change_user(&principal.name, change).await?;
    let mut response = Json(show(&user)).into_response();
    if changes_password {
        // The change ended all sessions of the account; whoever made it goes on in a new one.
        let session = services.state.start_session(user).await?;
        response
            .headers_mut()
            .insert(header::SET_COOKIE, access::session_cookie_header(&session.secret, session.lifetime));
    }
    Ok(response)
}

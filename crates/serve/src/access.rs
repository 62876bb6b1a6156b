//! Who asks, and whether they may: sessions, tokens and passwords; what loopback allows; what browsers could be tricked into.
//!
//! On loopback the protocol ports answer without credentials, as the originals do; the product's own API and the UI always
//! ask. Beyond loopback every port asks, but for health checks.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use gw_base::{HasKind, Kind};
use gw_state::{Credentials, Permission, Principal, State, Via};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::Fault;

/// The session cookie of the UI.
pub const SESSION_COOKIE: &str = "gw_session";
/// Header that cookie-authenticated writes must carry: no cross-site form can send it.
pub const WRITE_HEADER: &str = "x-gatewatch";
/// Paths that load balancers ask without credentials.
const HEALTH_PATHS: [&str; 6] = ["/-/healthy", "/-/ready", "/ready", "/health", "/healthz", "/api/health"];

/// How far a listener can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// Only from this machine.
    Loopback,
    /// From other machines: every request needs credentials.
    Network,
    /// From other machines without credentials (`--insecure-no-auth`).
    NetworkWithoutAuth,
}

/// Refuses when whoever sent the request may not do this. On an open port there is nobody to ask, and all may do all.
///
/// # Errors
/// [`Kind::Denied`] naming what is needed.
pub fn require(principal: Option<&Principal>, permission: Permission) -> Result<(), Fault> {
    match principal {
        Some(principal) if !principal.may(permission) => {
            let (name, role) = (&principal.name, principal.role);
            Err(Fault::new(Kind::Denied, format!("{name} has the role {role}, which may not do this")))
        }
        _ => Ok(()),
    }
}

/// The doorkeeper of all listeners.
#[derive(Debug, Clone)]
pub struct Gate {
    state: State,
    exposure: Exposure,
}

impl Gate {
    /// A doorkeeper for listeners of this exposure.
    #[must_use]
    pub const fn new(state: State, exposure: Exposure) -> Self {
        Self { state, exposure }
    }

    /// Guards a product's own port: open on loopback, credentials beyond it.
    pub fn protocol(&self, router: Router) -> Router {
        let gate = Arc::new(self.clone());
        router.layer(middleware::from_fn(move |request: Request, next: Next| {
            let gate = Arc::clone(&gate);
            async move { gate.pass_protocol(request, next).await }
        }))
    }

    /// Guards routes that need no credentials anywhere, such as signing in, from foreign web pages.
    pub fn without_credentials(&self, router: Router) -> Router {
        let exposure = match self.exposure {
            Exposure::Loopback => Exposure::Loopback,
            Exposure::Network | Exposure::NetworkWithoutAuth => Exposure::NetworkWithoutAuth,
        };
        Self { exposure, ..self.clone() }.protocol(router)
    }

    /// Guards routes that always need somebody who has signed in.
    pub fn signed_in(&self, router: Router) -> Router {
        let gate = Arc::new(self.clone());
        router.layer(middleware::from_fn(move |request: Request, next: Next| {
            let gate = Arc::clone(&gate);
            async move { gate.pass_signed_in(request, next).await }
        }))
    }

    async fn pass_protocol(&self, request: Request, next: Next) -> Response {
        match self.exposure {
            Exposure::NetworkWithoutAuth => next.run(request).await,
            Exposure::Loopback => match refuse_browsers(request.method(), request.headers()) {
                Some(fault) => fault.into_response(),
                None => next.run(request).await,
            },
            Exposure::Network if HEALTH_PATHS.contains(&request.uri().path()) => next.run(request).await,
            Exposure::Network => self.pass_known(request, next).await.unwrap_or_else(challenge),
        }
    }

    async fn pass_signed_in(&self, request: Request, next: Next) -> Response {
        if self.exposure == Exposure::Loopback
            && let Some(fault) = refuse_browsers(request.method(), request.headers())
        {
            return fault.into_response();
        }
        self.pass_known(request, next).await.unwrap_or_else(IntoResponse::into_response)
    }

    async fn pass_known(&self, request: Request, next: Next) -> Result<Response, Fault> {
        let (mut parts, body) = request.into_parts();
        let principal = self.admit(&parts).await?;
        parts.extensions.insert(principal);
        Ok(next.run(Request::from_parts(parts, body)).await)
    }

    /// Proves who sends a request. Takes its parts, since a request's body cannot be shared between threads.
    async fn admit(&self, parts: &Parts) -> Result<Principal, Fault> {
        let peer = parts.extensions.get::<ConnectInfo<std::net::SocketAddr>>().map(|info| info.0.ip());
        let principal = self.identify(&parts.headers, peer).await?.ok_or_else(Fault::unauthenticated)?;
        let reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if !reads && principal.via == Via::Cookie && !parts.headers.contains_key(WRITE_HEADER) {
            return Err(Fault::new(Kind::Denied, "a write with the session cookie needs the header X-Gatewatch: 1"));
        }
        Ok(principal)
    }

    /// Who sent these headers, if they carry credentials.
    ///
    /// # Errors
    /// 401 on wrong credentials, [`Kind::Busy`] after too many of them.
    pub async fn identify(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<Option<Principal>, Fault> {
        let address = peer.map(|ip| ip.to_string()).unwrap_or_default();
        let authorization = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or(""));
        let decoded;
        let credentials =
            match (authorization.map(|text| text.split_once(' ').unwrap_or((text, ""))), session_cookie(headers)) {
                (Some((scheme, secret)), _) if scheme.eq_ignore_ascii_case("bearer") => {
                    Credentials::Bearer(secret.trim())
                }
                (Some((scheme, secret)), _) if scheme.eq_ignore_ascii_case("basic") => {
                    let bytes = base64::engine::general_purpose::STANDARD.decode(secret.trim()).unwrap_or_default();
                    decoded = String::from_utf8_lossy(&bytes).into_owned();
                    let (name, password) = decoded.split_once(':').ok_or_else(wrong_credentials)?;
                    Credentials::Basic { name, password, address: &address }
                }
                (Some(_), _) => return Err(wrong_credentials()),
                (None, Some(secret)) => Credentials::Session(secret),
                (None, None) => return Ok(None),
            };
        match self.state.authenticate(credentials).await {
            Ok(principal) => Ok(Some(principal)),
            Err(error) if error.kind() == Kind::Denied => Err(wrong_credentials()),
            Err(error) => Err(error.into()),
        }
    }
}

fn wrong_credentials() -> Fault {
    Fault { message: "wrong credentials".to_owned(), ..Fault::unauthenticated() }
}

fn challenge(fault: Fault) -> Response {
    let unauthorized = fault.status == StatusCode::UNAUTHORIZED;
    let mut response = fault.into_response();
    if unauthorized {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Gatewatch\""));
    }
    response
}

/// The value of the session cookie.
#[must_use]
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(SESSION_COOKIE)?.strip_prefix('='))
}

/// The `Set-Cookie` value that starts a session; an empty secret ends it.
///
/// `Secure` is left out because loopback serves plain HTTP; a TLS listener's cookie is as safe as its origin.
#[must_use]
pub fn session_cookie_header(secret: &str, lifetime: std::time::Duration) -> HeaderValue {
    let text = format!("{SESSION_COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", lifetime.as_secs());
    HeaderValue::from_str(&text).expect("a session secret is made of header-safe characters")
}

/// On loopback, a web page in the user's browser is the one stranger: it comes with a foreign `Host` (DNS rebinding) or,
/// when it writes, with a foreign `Origin`. Clients that are no browser send neither.
fn refuse_browsers(method: &Method, headers: &HeaderMap) -> Option<Fault> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !host.is_empty() && !is_local_name(host) {
        let message = format!("host {host:?} is not this machine; set listen.address to serve other machines");
        return Some(Fault::new(Kind::Denied, message));
    }
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok())?;
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let origin_host = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    (!reads && !is_local_name(origin_host))
        .then(|| Fault::new(Kind::Denied, format!("origin {origin:?} may not write here")))
}

fn is_local_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn foreign_pages_are_refused_on_loopback() {
        for host in ["127.0.0.1:1002", "localhost:3000", "[::1]:1002", "gw.localhost", "10.0.0.5"] {
            assert!(refuse_browsers(&Method::POST, &headers(&[(header::HOST, host)])).is_none(), "{host}");
        }
        assert!(refuse_browsers(&Method::GET, &headers(&[(header::HOST, "evil.example:1002")])).is_some());
        let foreign = headers(&[(header::HOST, "localhost:1002"), (header::ORIGIN, "https://evil.example")]);
        assert!(refuse_browsers(&Method::POST, &foreign).is_some());
        assert!(refuse_browsers(&Method::GET, &foreign).is_none());
    }

    #[test]
    fn the_session_cookie_is_found_among_others() {
        let found = headers(&[(header::COOKIE, "a=1; gw_session=abc; gw_session_x=2")]);
        assert_eq!(session_cookie(&found), Some("abc"));
        assert_eq!(session_cookie(&headers(&[(header::COOKIE, "gw_sessions=abc")])), None);
    }
}

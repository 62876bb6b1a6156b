//! The fallback routes: embedded files by path, and `index.html` for every page address of the single-page app.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};

use crate::assets::{self, Asset};

/// The page loads only from its own origin, runs no inline script or style, and cannot be framed.
const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Said on every page when `ui/dist` was not built before this crate was compiled.
const NOT_BUILT: &str = "<!doctype html><title>Gatewatch</title><p>The web UI is not part of this build. \
                         Run <code>cargo xtask run</code>, which builds it first.\n";

/// The meta tag that names the page a port opens at, as `ui/index.html` writes it.
const HOME_TAG: &str = r#"<meta name="gw-home" content="overview""#;

/// `index.html` of one port: its home page filled in once, when the router is built.
struct Page {
    html: Bytes,
    tag: String,
}

/// The UI as a router whose only route is its fallback. `home` is where `/` leads: a role (`overview`, `metrics`, `traces`,
/// `zipkin`, `uptime`, `alerts`) or a path.
///
/// Files answer by path, hashed ones with a year of cache. Any other GET that accepts `text/html` gets `index.html`; the
/// rest is 404, so that a mistyped API call never reads a page as an answer.
pub fn router(home: &str) -> Router {
    let page = Arc::new(page(home));
    Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap| {
        let page = Arc::clone(&page);
        async move { answer(&page, &method, &uri, &headers) }
    })
}

fn page(home: &str) -> Page {
    let html = match assets::find("index.html") {
        Some(index) => {
            let text = String::from_utf8_lossy(index.plain);
            Bytes::from(text.replace(HOME_TAG, &format!(r#"<meta name="gw-home" content="{}""#, escape(home))))
        }
        None => Bytes::from_static(NOT_BUILT.as_bytes()),
    };
    let tag = assets::entity_tag(&html);
    Page { html, tag }
}

fn answer(page: &Page, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return plain(StatusCode::NOT_FOUND, "not found\n");
    }
    match assets::find(uri.path().trim_start_matches('/')) {
        Some(asset) if asset.path != "index.html" => file(asset, headers),
        // Clients of the originals ask for `/` with any `Accept` to see whether somebody is there.
        _ if accepts_html(headers) || uri.path() == "/" => document(page, headers),
        _ => plain(StatusCode::NOT_FOUND, "not found\n"),
    }
}

fn file(asset: &'static Asset, headers: &HeaderMap) -> Response {
    // A hashed name is its own tag; only the few others are read through.
    let tag = if asset.is_hashed() { format!("\"{}\"", asset.path) } else { assets::entity_tag(asset.plain) };
    let cache = if asset.is_hashed() { "public, max-age=31536000, immutable" } else { "no-cache" };
    let (bytes, gzip) = match asset.gzip {
        Some(gzip) if accepts_gzip(headers) => (gzip, true),
        _ => (asset.plain, false),
    };
    let mut response = respond(&tag, cache, asset.media_type(), headers, Bytes::from_static(bytes));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if gzip {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn document(page: &Page, headers: &HeaderMap) -> Response {
    respond(&page.tag, "no-cache", "text/html; charset=utf-8", headers, page.html.clone())
}

/// 200 with the bytes, or 304 where the client has them.
fn respond(tag: &str, cache: &'static str, media: &'static str, headers: &HeaderMap, bytes: Bytes) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let fresh = known.is_some_and(|list| list.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let mut response = Response::new(if fresh { Body::empty() } else { Body::from(bytes) });
    if fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let out = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(tag) {
        out.insert(header::ETAG, tag);
    }
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    secure(out);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    secure(out);
    response
}

fn secure(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
}

/// Whether a browser asks for a page. `*/*` alone does not count: that is what API clients send.
fn accepts_html(headers: &HeaderMap) -> bool {
    list(headers, header::ACCEPT).any(|part| part.starts_with("text/html"))
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    list(headers, header::ACCEPT_ENCODING).any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, ""));
        matches!(name.trim(), "gzip" | "*") && !matches!(weight.trim(), "q=0" | "q=0.0")
    })
}

fn list(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(str::trim)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

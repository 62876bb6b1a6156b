//! The UI's routes through their public face, whether or not `ui/dist` was built.

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use tower::ServiceExt as _;

async fn get(path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a well-formed request");
    gw_ui::router("traces").oneshot(request).await.expect("the router never fails")
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body in memory");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
}

#[tokio::test]
async fn every_page_address_answers_the_document_with_its_home() {
    for path in ["/", "/explore/metrics?expr=up", "/trace/0a1b"] {
        let response = get(path, &[("accept", "text/html,application/xhtml+xml")]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert!(header(&response, "content-security-policy").contains("default-src 'self'"));
        assert!(header(&response, "content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        let body = text(response).await;
        assert!(body.contains(r#"content="traces""#) || body.contains("cargo xtask run"), "{body}");
    }
}

#[tokio::test]
async fn an_unknown_api_call_is_never_answered_with_a_page() {
    for accept in ["*/*", "application/json"] {
        assert_eq!(get("/api/v1/nothing", &[("accept", accept)]).await.status(), StatusCode::NOT_FOUND);
    }
    let post = Request::post("/").header("accept", "text/html").body(Body::empty()).expect("a well-formed request");
    let response = gw_ui::router("overview").oneshot(post).await.expect("the router never fails");
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_known_document_is_not_sent_again() {
    let accept = ("accept", "text/html");
    let first = get("/", &[accept]).await;
    let tag = header(&first, "etag").to_owned();
    assert!(!tag.is_empty());
    let second = get("/", &[accept, ("if-none-match", &tag)]).await;
    assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(text(second).await, "");
}

#[tokio::test]
async fn assets_come_compressed_and_for_ever() {
    let document = text(get("/", &[("accept", "text/html")]).await).await;
    let Some(path) = document.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".js")) else {
        return; // Built without the UI: there is no asset to ask for.
    };
    let response = get(path, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(header(&response, "content-encoding"), "gzip");
    assert_eq!(header(&response, "content-type"), "text/javascript; charset=utf-8");
    assert!(header(&response, "cache-control").contains("immutable"));
    let plain = get(path, &[("accept-encoding", "gzip;q=0")]).await;
    assert_eq!(header(&plain, "content-encoding"), "");
}

//! Answers to web pages of other origins, where the settings name some.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::settings::Origins;

/// Wire: the words of upstream's `util/httputil/cors.go`.
const FIXED: [(HeaderName, HeaderValue); 3] = [
    (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Accept, Authorization, Content-Type, Origin")),
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS")),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Date")),
];

/// Adds what a browser asks for, and answers its question before the question.
pub(crate) async fn allow(origins: Option<Origins>, request: Request, next: Next) -> Response {
    let headers = origins.map(|origins| allowed(&origins, request.headers())).unwrap_or_default();
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    response.headers_mut().extend(headers);
    response
}

fn allowed(origins: &Origins, headers: &HeaderMap) -> HeaderMap {
    let mut answer = HeaderMap::new();
    let Some(origin) = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) else { return answer };
    answer.extend(FIXED);
    answer.insert(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(value) = origins.answer(origin).and_then(|text| HeaderValue::from_str(text).ok()) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_origins_are_allowed() {
        let mut headers = HeaderMap::new();
        let origins = Origins::new("https://(a|b)\\.example").unwrap();
        assert!(allowed(&origins, &headers).is_empty());
        headers.insert(header::ORIGIN, HeaderValue::from_static("https://b.example"));
        assert_eq!(allowed(&origins, &headers)[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://b.example");
        let any = Origins::new(".*").unwrap();
        assert_eq!(allowed(&any, &headers)[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        headers.insert(header::ORIGIN, HeaderValue::from_static("https://b.example.evil"));
        assert!(!allowed(&origins, &headers).contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    }
}

//! Request parameters from the query string and, for form posts, the body: every name may come many times.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};

/// Largest form body; queries are text of people and dashboards.
const FORM_BYTES: usize = 4 << 20;

/// Decoded parameters in the order they came: the query string's first, then the form's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Parses an `application/x-www-form-urlencoded` text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut params = Self::default();
        params.extend(text);
        params
    }

    /// The first value of a name; `None` also when it is empty, which all imitated products take as not given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn extend(&mut self, text: &str) {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        self.0.extend(pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(name), percent_decode(value))
        }));
    }
}

/// Decodes `%41` and `+`; bytes that are not UTF-8 are replaced, a lone `%` stays.
#[must_use]
pub fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |i: usize| bytes.get(i).and_then(|b| (*b as char).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, _, _) => {
                decoded.push(if byte == b'+' { b' ' } else { byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Response;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Response> {
        let mut params = Self::parse(request.uri().query().unwrap_or(""));
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        if request.method() == Method::POST && content_type.starts_with("application/x-www-form-urlencoded") {
            let body = axum::body::to_bytes(request.into_body(), FORM_BYTES).await;
            let body =
                body.map_err(|error| (StatusCode::PAYLOAD_TOO_LARGE, format!("form body: {error}")).into_response())?;
            params.extend(&String::from_utf8_lossy(&body));
        }
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_repeat_and_escapes_decode() {
        let params = Params::parse("match[]=up&match%5B%5D=a%7Bb%3D%22c+d%22%7D&empty=&flag&bad=%zz%");
        assert_eq!(params.all("match[]").collect::<Vec<_>>(), ["up", "a{b=\"c d\"}"]);
        assert_eq!((params.get("empty"), params.get("flag"), params.get("bad")), (None, None, Some("%zz%")));
    }
}

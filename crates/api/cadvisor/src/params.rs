//! What is asked: version and type of a path, options of v2, the body of v1, and the filter of events.

use std::time::Duration;

use gw_base::Timestamp;
use gw_serve::Params;
use serde::Deserialize;

use crate::errors::ApiError;

/// Most readings of an answer of v1 where nobody says how many.
const V1_READINGS: i64 = 60;
/// The same of v2.
const V2_READINGS: i64 = 64;
/// Most events of an answer where nobody says how many.
const EVENTS: usize = 10;

/// The body of a question of v1; everything may be left out, and the body too.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Query {
    num_stats: i64,
    start: Option<String>,
    end: Option<String>,
}

impl Default for Query {
    fn default() -> Self {
        Self { num_stats: V1_READINGS, start: None, end: None }
    }
}

/// Which readings of a container are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// How many of the last; `None` is all.
    pub(crate) count: Option<usize>,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
}

impl Window {
    fn of(count: i64) -> Self {
        Self { count: usize::try_from(count).ok(), start: None, end: None }
    }

    /// The window of a body.
    ///
    /// # Errors
    /// When it is no JSON of that form.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::of(V1_READINGS));
        }
        let query: Query = serde_json::from_slice(body)
            .map_err(|error| ApiError::failed(format!("unable to decode the json value: {error}")))?;
        let time = |text: &Option<String>| text.as_deref().and_then(time).filter(|at| *at > Timestamp::EPOCH);
        Ok(Self { start: time(&query.start), end: time(&query.end), ..Self::of(query.num_stats) })
    }
}

/// Options of v2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// `docker` or `podman`; `None` asks by path.
    pub(crate) namespace: Option<&'static str>,
    pub(crate) window: Window,
    pub(crate) recursive: bool,
    pub(crate) max_age: Option<Duration>,
}

impl Options {
    /// Reads the query string.
    ///
    /// # Errors
    /// In cAdvisor's words.
    pub(crate) fn of(params: &Params) -> Result<Self, ApiError> {
        let namespace = match params.get("type") {
            None | Some("name") => None,
            Some("docker") => Some("docker"),
            Some("podman") => Some("podman"),
            Some(other) => return Err(ApiError::failed(format!("unknown 'type' {other:?}"))),
        };
        let count = match params.get("count") {
            None => V2_READINGS,
            Some(text) => match text.parse() {
                Ok(count) if count >= -1 => count,
                Ok(count) => {
                    let words = "invalid 'count' option: only -1 and larger values allowed, not";
                    return Err(ApiError::failed(format!("{words} {count}")));
                }
                Err(_not_a_number) => {
                    return Err(ApiError::failed(format!("failed to parse 'count' option: {text}")));
                }
            },
        };
        let max_age = params.get("max_age").map(|text| {
            let nanos = gw_base::duration::go(text)
                .map_err(|error| ApiError::failed(format!("failed to parse 'max_age' option: {error}")))?;
            Ok(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)))
        });
        Ok(Self {
            namespace,
            window: Window::of(count),
            recursive: params.get("recursive") == Some("true"),
            max_age: max_age.transpose()?,
        })
    }
}

/// Which events are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventFilter {
    pub(crate) path: String,
    pub(crate) subcontainers: bool,
    /// `oom`, `oomKill`, `containerCreation`, `containerDeletion`.
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) max: usize,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    /// Whether the answer goes on with what happens.
    pub(crate) stream: bool,
}

impl EventFilter {
    /// Wire: what cannot be read is taken as not given.
    pub(crate) fn of(path: String, params: &Params) -> Self {
        let is_on = |name: &str| matches!(params.get(name), Some("1" | "t" | "T" | "TRUE" | "true" | "True"));
        let names = [
            ("oom_events", "oom"),
            ("oom_kill_events", "oomKill"),
            ("creation_events", "containerCreation"),
            ("deletion_events", "containerDeletion"),
        ];
        let all = is_on("all_events");
        let kinds = names.into_iter().filter(|(name, _)| all || is_on(name)).map(|(_, kind)| kind).collect();
        Self {
            path,
            subcontainers: is_on("subcontainers"),
            kinds,
            max: params.get("max_events").and_then(|text| text.parse().ok()).unwrap_or(EVENTS),
            start: params.get("start_time").and_then(time),
            end: params.get("end_time").and_then(time),
            stream: is_on("stream"),
        }
    }
}

fn time(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(at.as_nanosecond()).ok().map(Timestamp::from_nanos)
}

/// The parts of a question: `/api/VERSION/TYPE/ARGUMENTS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) version: String,
    pub(crate) kind: String,
    /// Without the slash in front.
    pub(crate) arguments: String,
}

impl Question {
    pub(crate) fn parse(path: &str) -> Self {
        let mut parts = path.trim_start_matches('/').splitn(3, '/').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Self { version: next(), kind: next(), arguments: next() }
    }

    /// Wire: arguments are a path from the root, cleaned as Go's `path.Join` does.
    pub(crate) fn path(&self) -> String {
        let mut parts: Vec<&str> = Vec::new();
        for part in self.arguments.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_taken_apart() {
        let question = Question::parse("v1.3/containers//docker/../docker/abc/");
        assert_eq!((question.version.as_str(), question.kind.as_str()), ("v1.3", "containers"));
        assert_eq!(question.path(), "/docker/abc");
        assert_eq!(Question::parse("v2.0").path(), "/");
    }

    #[test]
    fn options_refuse_in_the_originals_words() {
        let message = |text: &str| format!("{:?}", Options::of(&Params::parse(text)).unwrap_err());
        assert!(message("type=x").contains("unknown 'type' \\\"x\\\""));
        assert!(message("count=x").contains("failed to parse 'count' option: x"));
        assert!(message("count=-2").contains("only -1 and larger values allowed, not -2"));
        assert!(message("max_age=x").contains("failed to parse 'max_age' option"));
        let options = Options::of(&Params::parse("type=docker&recursive=true&count=-1&max_age=1500ms")).unwrap();
        assert_eq!((options.namespace, options.recursive, options.window.count), (Some("docker"), true, None));
        assert_eq!(options.max_age, Some(Duration::from_millis(1500)));
        assert_eq!(Window::parse(b"").unwrap().count, Some(60));
        assert_eq!(Window::parse(b"{\"num_stats\":2}").unwrap().count, Some(2));
        assert!(Window::parse(b"{").is_err());
    }
}

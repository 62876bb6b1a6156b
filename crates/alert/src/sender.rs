//! The one sender: posts what notifiers render, tries again while it makes sense, and gives up at the deadline.

use std::sync::Arc;
use std::time::Duration;

use gw_base::{BoxFuture, Timestamp, World, time::nanos_of};

use crate::message::Message;
use crate::notifiers::{Answer, Notifier, Post, Verdict};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Bytes of an answer that are looked at.
const ANSWER_BYTES: usize = 4096;
const TRY_TIMEOUT: Duration = Duration::from_secs(10);

/// Carries out one post. Errors are those of the network; they are worth another try.
pub trait Transport: Send + Sync {
    /// Posts and waits for the answer.
    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Result<Answer, String>>;
}

/// HTTP.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
}

impl Http {
    /// A client that names itself `agent`.
    ///
    /// # Errors
    /// When the system's roots of trust cannot be used.
    pub fn new(agent: &str) -> Result<Self, String> {
        let client = reqwest::Client::builder().user_agent(agent).pool_max_idle_per_host(1).build();
        client.map(|client| Self { client }).map_err(|error| error.to_string())
    }
}

impl Transport for Http {
    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Result<Answer, String>> {
        Box::pin(async move {
            let request = self
                .client
                .post(post.url.reveal())
                .header("content-type", "application/json")
                .timeout(post.timeout.unwrap_or(TRY_TIMEOUT))
                .body(post.body.clone());
            // The URL may hold a secret, so it must not come out with the error.
            let mut response = request.send().await.map_err(|error| causes(&error.without_url()))?;
            let status = response.status().as_u16();
            let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
            let retry_after = retry_after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
            let mut body = Vec::new();
            while let Ok(Some(chunk)) = response.chunk().await {
                body.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES - body.len())]);
                if body.len() >= ANSWER_BYTES {
                    break;
                }
            }
            Ok(Answer { status, retry_after, body: String::from_utf8_lossy(&body).into_owned() })
        })
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Sends a message: again and again after network errors and answers that say "later", until `deadline`.
///
/// # Errors
/// Why it was given up.
pub(crate) async fn send(
    transport: &dyn Transport,
    world: &Arc<dyn World>,
    notifier: &dyn Notifier,
    message: &Message,
    deadline: Timestamp,
) -> Result<(), String> {
    let post = notifier.render(message);
    let mut pause = FIRST_PAUSE;
    loop {
        let (failure, not_before) = match transport.post(&post).await {
            Ok(answer) => match notifier.judge(&answer) {
                Verdict::Done => return Ok(()),
                Verdict::Refused => return Err(format!("refused with status {}: {}", answer.status, answer.body)),
                Verdict::Retry(wait) => (format!("status {}: {}", answer.status, answer.body), wait),
            },
            Err(error) => (error, None),
        };
        let wait = pause.max(not_before.unwrap_or_default());
        if deadline.since(world.now()) <= nanos_of(wait) {
            return Err(format!("given up at the deadline: {failure}"));
        }
        // Receivers that many groups wait for should not be met by all of them at once.
        let jitter = Duration::from_millis(world.random() % 100);
        world.sleep(wait + jitter).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

//! The one sender of all notifications: a deadline, retries with growing pauses, and a clear last word.

use std::sync::Arc;
use std::time::Duration;

use gw_base::World;
use reqwest::{Client, StatusCode};

use crate::AlertError;
use crate::notifiers::Message;

/// Longest request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Tries of one delivery; what is still not told then is told with the group's next flush.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Bytes of an answer that an error message quotes.
const QUOTED: usize = 200;

/// Sends messages.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    client: Client,
    world: Arc<dyn World>,
}

enum Failure {
    /// Trying again may help.
    Passing(String),
    /// The receiver will never take this.
    Final(String),
}

impl Sender {
    pub(crate) fn new(world: Arc<dyn World>) -> Result<Self, AlertError> {
        let agent = concat!("Gatewatch/", env!("CARGO_PKG_VERSION"));
        let client = Client::builder()
            .timeout(TIMEOUT)
            .user_agent(agent)
            .redirect(reqwest::redirect::Policy::limited(5))
            .build();
        Ok(Self { client: client.map_err(|error| AlertError::Client(error.to_string()))?, world })
    }

    /// Sends a message, trying again while that may help. The error never holds the address, which may be a secret.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), String> {
        let mut pause = FIRST_PAUSE;
        let mut last = String::new();
        for attempt in 1..=TRIES {
            match self.attempt(message).await {
                Ok(()) => return Ok(()),
                Err(Failure::Final(why)) => return Err(why),
                Err(Failure::Passing(why)) => last = why,
            }
            if attempt < TRIES {
                self.world.sleep(pause).await;
                pause *= 2;
            }
        }
        Err(format!("{last} ({TRIES} tries)"))
    }

    async fn attempt(&self, message: &Message) -> Result<(), Failure> {
        let mut request = self.client.post(&message.url).json(&message.body);
        if let Some(basic) = &message.http.basic_auth {
            request = request.basic_auth(&basic.username, Some(basic.password.reveal()));
        }
        if let Some(authorization) = &message.http.authorization {
            let value = format!("{} {}", authorization.scheme, authorization.credentials.reveal());
            request = request.header(reqwest::header::AUTHORIZATION, value);
        }
        let response = request.send().await.map_err(|error| match error.is_builder() {
            true => Failure::Final("the address is not a URL".to_owned()),
            false => Failure::Passing(error.without_url().to_string()),
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let body = response.text().await.unwrap_or_default();
        let quoted: String = body.chars().take(QUOTED).collect();
        let why = format!("unexpected status code {status}: {quoted}");
        let passing =
            status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        Err(if passing { Failure::Passing(why) } else { Failure::Final(why) })
    }
}

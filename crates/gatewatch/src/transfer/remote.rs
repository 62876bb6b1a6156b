//! Sends batches to a running product over remote write, as any Prometheus would.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use gw_base::World;
use gw_batch::Batch;
use gw_formats::remote_write;
use gw_intake::Receipt;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How long a busy receiver is given.
const PAUSE: Duration = Duration::from_millis(200);
/// How often it is asked.
const TRIES: usize = 1500;

/// A receiver of remote write.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    client: reqwest::Client,
    url: String,
    world: Arc<dyn World>,
}

impl Remote {
    pub(super) fn new(url: &str, world: Arc<dyn World>) -> Result<Self> {
        let base = url.trim_end_matches('/');
        let url = if base.ends_with("/api/v1/write") { base.to_owned() } else { format!("{base}/api/v1/write") };
        let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
        Ok(Self { client, url, world })
    }

    /// Sends a batch and waits until it is kept.
    pub(super) async fn send(&self, batch: Batch) -> Result<Receipt> {
        let message = remote_write::encode(&batch);
        let body = remote_write::compress(&message)?.into_owned();
        for _ in 0..TRIES {
            let request = self
                .client
                .post(&self.url)
                .header("content-type", "application/x-protobuf")
                .header("content-encoding", "snappy")
                .header("x-prometheus-remote-write-version", "0.1.0")
                .body(body.clone());
            let answer = request.send().await.with_context(|| format!("no answer from {}", self.url))?;
            let status = answer.status();
            if status.is_success() {
                return Ok(Receipt { rows: batch.rows() as u64, ..Receipt::default() });
            }
            if !matches!(status.as_u16(), 429 | 503) {
                let text: String = answer.text().await.unwrap_or_default().chars().take(300).collect();
                bail!("{} answered {status}: {}", self.url, text.trim());
            }
            self.world.sleep(PAUSE).await;
        }
        bail!("{} stayed busy", self.url)
    }
}

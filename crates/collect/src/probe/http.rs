//! HTTP and HTTPS: status, keyword, redirects, trust, and how long the certificate will last.

use futures_util::StreamExt;
use gw_base::{BoxFuture, World};
use reqwest::tls::TlsInfo;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::config::MonitorSettings;
use super::{Answer, Failure, Monitor};
use crate::board::CertificateStatus;
use crate::client::{ClientSettings, deepest};
use crate::config::TlsConfig;
use crate::runtime::Context;

/// Bytes of an answer that are searched for the keyword.
const SEARCHED_BYTES: usize = 1 << 20;
const SECONDS_PER_DAY: i64 = 86_400;

/// The HTTP monitor.
#[derive(Debug)]
pub(super) struct Http;

impl Monitor for Http {
    fn kind(&self) -> &'static str {
        "http"
    }

    fn check_target(&self, target: &str) -> Result<(), String> {
        match reqwest::Url::parse(target) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
            _ => Err(format!("target \"{target}\" is not a URL, write http://host/path or https://host/path")),
        }
    }

    fn check<'a>(
        &'a self,
        settings: &'a MonitorSettings,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(check(settings, context))
    }
}

async fn check(settings: &MonitorSettings, context: &Context) -> Result<Answer, Failure> {
    let client = context
        .clients
        .get(&ClientSettings {
            tls: TlsConfig { insecure_skip_verify: !settings.expect.verify_tls, ..TlsConfig::default() },
            follow_redirects: settings.expect.redirects,
            compression: true,
            show_certificate: true,
            // A check that reused a connection would not notice that new ones are refused.
            keep_alive: false,
        })
        .map_err(|error| Failure::new(error.to_string()))?;
    let started = context.world.elapsed();
    let answer = client.get(&settings.target).send().await.map_err(|error| {
        let message = deepest(&error);
        let distrust = message.contains("certificate");
        Failure { certificate: distrust.then_some(CertificateStatus { days_left: 0, valid: false }), message }
    })?;
    let seconds = context.world.elapsed().saturating_sub(started).as_secs_f64();
    let certificate = answer
        .extensions()
        .get::<TlsInfo>()
        .and_then(|info| info.peer_certificate())
        .and_then(|der| certificate(der, context.world.as_ref()));
    let status = answer.status();
    let words = format!("{} - {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let failed = |message: String| Failure { message, certificate };
    if !settings.expect.takes_status(status.as_u16()) {
        return Err(failed(format!("status {words}, expected {}", settings.expect.status)));
    }
    if let Some(keyword) = settings.expect.keyword.as_deref().filter(|keyword| !keyword.is_empty()) {
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| failed(format!("reading the answer: {}", deepest(&error))))?;
            body.extend_from_slice(&chunk);
            if body.len() > SEARCHED_BYTES {
                break;
            }
        }
        if !String::from_utf8_lossy(&body).contains(keyword) {
            return Err(failed(format!("{words}, but keyword \"{keyword}\" is not in the answer")));
        }
    }
    Ok(Answer { seconds, message: words, certificate })
}

fn certificate(der: &[u8], world: &dyn World) -> Option<CertificateStatus> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let left = certificate.validity().not_after.timestamp().saturating_sub(world.now().secs());
    // The handshake has proved trust and name, or the monitor does not ask for them.
    Some(CertificateStatus { days_left: left.div_euclid(SECONDS_PER_DAY), valid: left > 0 })
}

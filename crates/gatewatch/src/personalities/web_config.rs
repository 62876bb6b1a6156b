//! `--web.config.file`: TLS, client certificates, headers and basic authentication of Prometheus' exporters.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gw_config::Secret;
use gw_serve::listen::tls::{RootCertStore, ServerConfig, WebPkiClientVerifier, certificates, private_key, provider};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What the file says.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct WebFile {
    tls_server_config: Option<TlsFile>,
    http_server_config: HttpFile,
    basic_auth_users: BTreeMap<String, Secret>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct TlsFile {
    cert_file: String,
    key_file: String,
    client_auth_type: String,
    client_ca_file: String,
    client_allowed_sans: Vec<String>,
    min_version: String,
    max_version: String,
    cipher_suites: Vec<String>,
    curve_preferences: Vec<String>,
    prefer_server_cipher_suites: bool,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct HttpFile {
    http2: bool,
    headers: BTreeMap<String, String>,
}

impl Default for HttpFile {
    fn default() -> Self {
        Self { http2: true, headers: BTreeMap::new() }
    }
}

/// How a personality's listeners speak and whom they answer.
#[derive(Debug, Default)]
pub(super) struct WebConfig {
    /// TLS, where the file asks for it.
    pub(super) tls: Option<Arc<ServerConfig>>,
    users: BTreeMap<String, String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl WebConfig {
    /// Reads the file; an empty name is no file.
    pub(super) fn read(file: &str) -> Result<Self> {
        if file.is_empty() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(file).with_context(|| file.to_owned())?;
        let parsed: WebFile = gw_config::yaml(file, &text)?;
        let folder = Path::new(file).parent().unwrap_or(Path::new("."));
        let tls = parsed.tls_server_config.as_ref().map(|tls| tls.server(folder, parsed.http_server_config.http2));
        let header = |(name, value): (&String, &String)| {
            let name = HeaderName::try_from(name).with_context(|| format!("{file}: header {name}"))?;
            Ok((name, HeaderValue::try_from(value).with_context(|| format!("{file}: header value"))?))
        };
        let users = parsed.basic_auth_users.iter().map(|(name, hash)| (name.clone(), hash.reveal().to_owned()));
        Ok(Self {
            tls: tls.transpose().with_context(|| file.to_owned())?.map(Arc::new),
            users: users.collect(),
            headers: parsed.http_server_config.headers.iter().map(header).collect::<Result<_>>()?,
        })
    }

    /// The routes behind what the file asks for.
    pub(super) fn guard(&self, router: Router) -> Router {
        let headers = Arc::new(self.headers.clone());
        let router = if headers.is_empty() {
            router
        } else {
            router.layer(axum::middleware::map_response(move |mut response: Response| {
                for (name, value) in headers.iter() {
                    response.headers_mut().insert(name.clone(), value.clone());
                }
                std::future::ready(response)
            }))
        };
        if self.users.is_empty() {
            return router;
        }
        let guard = Arc::new(Guard { users: self.users.clone(), known: Mutex::default() });
        router.layer(axum::middleware::from_fn(move |request: Request, next: Next| {
            let guard = Arc::clone(&guard);
            async move { guard.answer(request, next).await }
        }))
    }
}

impl TlsFile {
    fn server(&self, folder: &Path, http2: bool) -> Result<ServerConfig> {
        for (name, is_set) in [
            ("cipher_suites", !self.cipher_suites.is_empty()),
            ("curve_preferences", !self.curve_preferences.is_empty()),
            ("client_allowed_sans", !self.client_allowed_sans.is_empty()),
        ] {
            ensure!(!is_set, "tls_server_config.{name} cannot be honoured, leave it out");
        }
        ensure!(!self.cert_file.is_empty(), "missing cert_file");
        ensure!(!self.key_file.is_empty(), "missing key_file");
        let read = |file: &str| std::fs::read(folder.join(file)).with_context(|| file.to_owned());
        let provider = provider();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&gw_serve::listen::tls::versions(&self.min_version, &self.max_version)?)?;
        let verifier = |is_optional: bool| {
            ensure!(!self.client_ca_file.is_empty(), "client_auth_type {} needs client_ca_file", self.client_auth_type);
            let mut roots = RootCertStore::empty();
            for certificate in certificates(&read(&self.client_ca_file)?)? {
                roots.add(certificate)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
            let verifier = if is_optional { verifier.allow_unauthenticated() } else { verifier };
            anyhow::Ok(verifier.build()?)
        };
        let builder = match self.client_auth_type.as_str() {
            "" | "NoClientCert" => {
                ensure!(self.client_ca_file.is_empty(), "client_ca_file is set, but client_auth_type is NoClientCert");
                builder.with_no_client_auth()
            }
            "VerifyClientCertIfGiven" => builder.with_client_cert_verifier(verifier(true)?),
            "RequireAndVerifyClientCert" => builder.with_client_cert_verifier(verifier(false)?),
            other => bail!(
                "client_auth_type \"{other}\" cannot be honoured, use NoClientCert, VerifyClientCertIfGiven or \
                 RequireAndVerifyClientCert"
            ),
        };
        let mut config =
            builder.with_single_cert(certificates(&read(&self.cert_file)?)?, private_key(&read(&self.key_file)?)?)?;
        config.alpn_protocols =
            if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
        Ok(config)
    }
}

/// Asks for a name and a password.
struct Guard {
    users: BTreeMap<String, String>,
    /// Names and passwords that were right, by hash: checking one takes a tenth of a second on purpose.
    known: Mutex<Vec<[u8; 32]>>,
}

/// Most credentials that are remembered.
const MAX_KNOWN: usize = 100;
/// What is checked when a name is not known, so that the time taken does not tell.
const NOBODY: &str = "$2b$10$gatewatchgatewatchgat.abcdefghijklmnopqrstuvwxyzABCD.";

impl Guard {
    async fn answer(self: Arc<Self>, request: Request, next: Next) -> Response {
        let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let encoded =
            value.and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("basic"));
        let pair = encoded.and_then(|(_, encoded)| decode(encoded.trim()));
        let is_right = match pair {
            None => false,
            Some(pair) => {
                let guard = Arc::clone(&self);
                tokio::task::spawn_blocking(move || guard.is_right(&pair)).await.unwrap_or(false)
            }
        };
        if is_right {
            return next.run(request).await;
        }
        // Wire: the words and the challenge of exporter-toolkit.
        (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic")], "Unauthorized\n").into_response()
    }

    fn is_right(&self, (name, password): &(String, String)) -> bool {
        let hash = self.users.get(name);
        let print: [u8; 32] = Sha256::new()
            .chain_update(name)
            .chain_update([0])
            .chain_update(password)
            .chain_update([0])
            .chain_update(hash.map_or("", String::as_str))
            .finalize()
            .into();
        if self.known().contains(&print) {
            return true;
        }
        let is_right = bcrypt::verify(password, hash.map_or(NOBODY, String::as_str)).unwrap_or(false) && hash.is_some();
        if is_right {
            let mut known = self.known();
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
            known.push(print);
        }
        is_right
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Vec<[u8; 32]>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn decode(encoded: &str) -> Option<(String, String)> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}

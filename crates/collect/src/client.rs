//! HTTP clients shared by scrapes, probes and discovery: one connection pool for each distinct TLS setting.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Identity, redirect, tls};

use crate::CollectError;
use crate::scrape::config::{TlsConfig, TlsVersion};

/// Where distributions keep the certificates that the machine trusts.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
/// Redirects followed, as Go's client does.
const MOST_REDIRECTS: usize = 10;
const IDLE: Duration = Duration::from_mins(5);

/// What distinguishes one client from another.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClientSettings {
    /// TLS.
    pub tls: TlsConfig,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Whether compressed answers are asked for and unpacked.
    pub compression: bool,
    /// Whether the server's certificate is handed out with the answer.
    pub show_certificate: bool,
    /// Whether connections are kept for the next request.
    pub keep_alive: bool,
}

/// Clients by settings. There are few distinct ones, so a list serves.
#[derive(Debug, Default)]
pub struct Clients {
    made: Mutex<Vec<(ClientSettings, Client)>>,
}

impl Clients {
    /// The client of these settings, made when it is the first use.
    ///
    /// # Errors
    /// When a certificate or key cannot be read.
    pub fn get(&self, settings: &ClientSettings) -> Result<Client, CollectError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = made.iter().find(|(known, _)| known == settings) {
            return Ok(client.clone());
        }
        let client = build(settings)?;
        made.push((settings.clone(), client.clone()));
        Ok(client)
    }

    /// Forgets all clients, so that changed certificate files are read again.
    pub fn forget(&self) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn build(settings: &ClientSettings) -> Result<Client, CollectError> {
    let refused = |error: &dyn std::error::Error| CollectError::Client(format!("TLS settings: {}", deepest(error)));
    let mut builder = base(settings);
    for pem in [read_file(settings.tls.ca_file.as_deref())?, settings.tls.ca.clone().map(String::into_bytes)]
        .into_iter()
        .flatten()
    {
        for certificate in Certificate::from_pem_bundle(&pem).map_err(|error| refused(&error))? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    if let Some(pem) = identity(&settings.tls)? {
        builder = builder.identity(Identity::from_pem(&pem).map_err(|error| refused(&error))?);
    }
    let own_roots = settings.tls.ca_file.is_some() || settings.tls.ca.is_some();
    if own_roots {
        // As in Go, a CA that is given replaces those of the machine.
        return builder.tls_built_in_root_certs(false).build().map_err(|error| refused(&error));
    }
    builder = system_roots(builder);
    builder.build().map_err(|error| refused(&error))
}

fn base(settings: &ClientSettings) -> ClientBuilder {
    let redirects = match settings.follow_redirects {
        true => redirect::Policy::limited(MOST_REDIRECTS),
        false => redirect::Policy::none(),
    };
    let oldest = match settings.tls.min_version {
        Some(TlsVersion::TLS13) => tls::Version::TLS_1_3,
        _ => tls::Version::TLS_1_2,
    };
    let mut builder = Client::builder()
        .user_agent(concat!("gatewatch/", env!("CARGO_PKG_VERSION")))
        .redirect(redirects)
        .gzip(settings.compression)
        .no_proxy()
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(if settings.keep_alive { 2 } else { 0 })
        .tls_info(settings.show_certificate)
        .min_tls_version(oldest)
        .danger_accept_invalid_certs(settings.tls.insecure_skip_verify);
    if settings.tls.max_version == Some(TlsVersion::TLS12) {
        builder = builder.max_tls_version(tls::Version::TLS_1_2);
    }
    builder
}

fn system_roots(mut builder: ClientBuilder) -> ClientBuilder {
    let found = SYSTEM_ROOTS.iter().find_map(|path| std::fs::read(path).ok());
    for certificate in found.and_then(|pem| Certificate::from_pem_bundle(&pem).ok()).into_iter().flatten() {
        builder = builder.add_root_certificate(certificate);
    }
    builder
}

fn identity(tls: &TlsConfig) -> Result<Option<Vec<u8>>, CollectError> {
    let certificate = read_file(tls.cert_file.as_deref())?.or_else(|| tls.cert.clone().map(String::into_bytes));
    let key =
        read_file(tls.key_file.as_deref())?.or_else(|| tls.key.as_ref().map(|key| key.reveal().as_bytes().to_vec()));
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some([key, b"\n".to_vec(), certificate].concat())),
        (None, None) => Ok(None),
        _ => Err(CollectError::Client("TLS settings: a certificate and its key are given together".to_owned())),
    }
}

fn read_file(path: Option<&str>) -> Result<Option<Vec<u8>>, CollectError> {
    path.map(|path| std::fs::read(path).map_err(|error| CollectError::file(path, error))).transpose()
}

/// The cause at the bottom of an error, which says what the layers above only wrap; timeouts in Go's words.
#[must_use]
pub(crate) fn deepest(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    let mut text = String::new();
    while let Some(next) = cause.source() {
        cause = next;
    }
    write!(text, "{cause}").map_or_else(|_| String::new(), |()| text)
}

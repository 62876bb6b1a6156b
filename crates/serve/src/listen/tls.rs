//! TLS on a listener: what its configuration is made of, and the handshake, which has a deadline.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, rustls};

pub use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
pub use rustls::pki_types::{CertificateDer, PrivateKeyDer};
pub use rustls::server::WebPkiClientVerifier;
pub use rustls::{RootCertStore, ServerConfig};

/// How long a client may take to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The one implementation of cryptography that is used.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Why a certificate, a key or a version cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// PEM text that cannot be read.
    #[error("not readable as PEM: {0}")]
    Pem(String),
    /// A version that is not spoken.
    #[error("TLS version \"{0}\" is not spoken, use TLS12 or TLS13")]
    Version(String),
}

/// The certificates in PEM text.
///
/// # Errors
/// When there is none, or one is damaged.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|error| TlsError::Pem(error.to_string()))?;
    if all.is_empty() { Err(TlsError::Pem("no certificate in it".to_owned())) } else { Ok(all) }
}

/// The private key in PEM text.
///
/// # Errors
/// When there is none, or it is damaged.
pub fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| TlsError::Pem(error.to_string()))
}

/// The protocol versions between two, each in Go's name; empty is no bound.
///
/// # Errors
/// For a version before 1.2 or one that does not exist.
pub fn versions(min: &str, max: &str) -> Result<Vec<&'static rustls::SupportedProtocolVersion>, TlsError> {
    let known = [("TLS12", &rustls::version::TLS12), ("TLS13", &rustls::version::TLS13)];
    let place = |name: &str, otherwise: usize| match name {
        "" => Ok(otherwise),
        // Older ones allow newer ones too, and those are what is spoken.
        "TLS10" | "TLS11" if otherwise == 0 => Ok(0),
        _ => known.iter().position(|(known, _)| *known == name).ok_or_else(|| TlsError::Version(name.to_owned())),
    };
    let (first, last) = (place(min, 0)?, place(max, known.len() - 1)?);
    let versions: Vec<_> = known.iter().take(last + 1).skip(first).map(|(_, version)| *version).collect();
    if versions.is_empty() { Err(TlsError::Version(max.to_owned())) } else { Ok(versions) }
}

/// Shakes hands; `None` when the client cannot or does not in time.
pub(super) async fn shake(config: Arc<ServerConfig>, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    match tokio::time::timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "TLS handshake failed");
            None
        }
        Err(_late) => None,
    }
}

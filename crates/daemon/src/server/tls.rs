//! TLS, by rustls: the service shows its certificate, clients show their tokens within.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::Tls;
use crate::error::ServeError;

/// With the certificate as it is in the files now.
pub(super) fn acceptor(tls: &Tls) -> Result<TlsAcceptor, ServeError> {
    let (certificates, key) = (certificates(&tls.cert)?, key(&tls.key)?);
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.and_then(|config| config.with_no_client_auth().with_single_cert(certificates, key));
    let mut config = config.map_err(|error| failed(&tls.cert)(&error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ServeError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match found {
        Ok(found) if found.is_empty() => Err(failed(path)(&"there is no certificate in it, in PEM")),
        found => found.map_err(|error| failed(path)(&error)),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, ServeError> {
    const EVERYBODY_READS: u32 = 0o004;
    let file = fs::metadata(path).map_err(|error| failed(path)(&error))?;
    if file.mode() & EVERYBODY_READS != 0 {
        return Err(failed(path)(&"everybody can read the key, and may have: make a new one, and chmod 600"));
    }
    PrivateKeyDer::from_pem_file(path).map_err(|error| failed(path)(&error))
}

fn failed(path: &Path) -> impl Fn(&dyn std::fmt::Display) -> ServeError {
    move |why| ServeError::access(format!("TLS: {}: {why}", path.display()))
}

//! Where a service listens, and what it wants to be shown.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Where a service listens: `unix:PATH`, a path alone, or `tcp:HOST:PORT`; there with a token, and with TLS as a rule.
///
/// ```
/// use ganger_client::Endpoint;
///
/// let endpoint: Endpoint = "tcp:jobs.example:7070".parse()?;
/// assert_eq!(endpoint.with_token("a-long-secret")?.to_string(), "tcp:jobs.example:7070");
/// assert!("tcp:jobs.example".parse::<Endpoint>().is_err(), "it has no port");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) address: Address,
    token: Option<Arc<str>>,
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Unix(PathBuf),
    Tcp { host: String, port: u16 },
}

impl Endpoint {
    /// A Unix socket.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self { address: Address::Unix(path.into()), token: None, tls: None }
    }

    /// Shows this token.
    ///
    /// # Errors
    /// When no header can hold it.
    pub fn with_token(self, token: &str) -> io::Result<Self> {
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid("a token is visible ASCII characters without a space".to_owned()));
        }
        Ok(Self { token: Some(token.into()), ..self })
    }

    /// Shows the token that is the first line of a file: `TOKEN`, or `NAME:TOKEN` as the service's own file has them.
    ///
    /// # Errors
    /// When the file cannot be read, or has none.
    pub fn with_token_file(self, file: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(file).map_err(|error| at(file, &error))?;
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let line = line.ok_or_else(|| invalid(format!("{}: there is no token in it", file.display())))?;
        self.with_token(line.split_once(':').map_or(line, |(_, token)| token)).map_err(|error| at(file, &error))
    }

    /// Speaks TLS, and believes those whom a certificate of this PEM file has signed.
    ///
    /// # Errors
    /// When the file cannot be read, or has no certificate.
    pub fn with_ca(self, file: &Path) -> io::Result<Self> {
        let failed = |error: &dyn fmt::Display| invalid(format!("{}: {error}", file.display()));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))? {
            roots.add(certificate.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
        }
        if roots.is_empty() {
            return Err(failed(&"there is no certificate in it"));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| failed(&error))?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { tls: Some(Arc::new(config)), ..self })
    }

    /// Whether it has a secret to keep.
    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Whether it is reached over TCP, and not by a Unix socket.
    ///
    /// ```
    /// let endpoint: ganger_client::Endpoint = "tcp:localhost:7070".parse()?;
    /// assert!(endpoint.is_tcp() && !endpoint.speaks_tls());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        matches!(self.address, Address::Tcp { .. })
    }

    /// Whether TLS is spoken there.
    #[must_use]
    pub fn speaks_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// What the head of every request says of it.
    pub(crate) fn head(&self) -> String {
        let host = match &self.address {
            Address::Unix(_) => "ganger".to_owned(),
            Address::Tcp { host, port } => format!("{host}:{port}"),
        };
        match &self.token {
            Some(token) => format!("host: {host}\r\nauthorization: Bearer {token}\r\n"),
            None => format!("host: {host}\r\n"),
        }
    }
}

impl FromStr for Endpoint {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        let Some(place) = text.strip_prefix("tcp:") else {
            let path = text.strip_prefix("unix:").unwrap_or(text);
            let there = !path.is_empty();
            return there.then(|| Self::unix(path)).ok_or_else(|| invalid("a socket's path is empty".to_owned()));
        };
        let parsed = place.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        match parsed.filter(|(host, _)| !host.is_empty()) {
            Some((host, port)) => {
                Ok(Self { address: Address::Tcp { host: host.to_owned(), port }, token: None, tls: None })
            }
            None => Err(invalid(format!("{text:?}: give tcp:HOST:PORT, or unix:PATH"))),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
            Address::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
        }
    }
}

/// Without the token.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (token, tls) = (self.token.is_some(), self.tls.is_some());
        f.debug_struct("Endpoint").field("address", &self.address).field("token", &token).field("tls", &tls).finish()
    }
}

fn invalid(why: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}

fn at(file: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused_with_the_remedy() {
        for (text, shown) in [("/run/g.sock", "unix:/run/g.sock"), ("unix:g", "unix:g"), ("tcp:[::1]:7", "tcp:[::1]:7")]
        {
            assert_eq!(text.parse::<Endpoint>().expect(text).to_string(), shown);
        }
        for text in ["", "unix:", "tcp:host", "tcp::7", "tcp:host:70000"] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_is_shown_to_the_service_and_to_nobody_else() {
        let endpoint = Endpoint::unix("s").with_token("secret\n").expect("plain");
        assert!(endpoint.head().contains("authorization: Bearer secret\r\n"), "{}", endpoint.head());
        assert!(!format!("{endpoint:?} {endpoint}").contains("secret"));
        assert!(endpoint.with_token("a\r\nx-smuggled: 1").is_err());
    }
}

//! What the doors go by, and what is read anew when the service is told to: tokens, certificate, names.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::TlsAcceptor;

use super::refusals::Refusals;
use super::tls;
use super::tokens::Tokens;
use crate::config::Access;
use crate::error::ServeError;

/// One for all doors.
pub(crate) struct Keeper {
    keys: RwLock<Keys>,
    pub(super) refusals: Refusals,
}

/// What is read of files.
pub(crate) struct Keys {
    tokens: Option<Arc<Tokens>>,
    acceptor: Option<TlsAcceptor>,
    hosts: Arc<[String]>,
}

impl Keys {
    pub(crate) fn read(access: &Access) -> Result<Self, ServeError> {
        let tokens = access.token_file.as_deref().map(Tokens::read).transpose()?.map(Arc::new);
        let acceptor = access.tls.as_ref().map(tls::acceptor).transpose()?;
        Ok(Self { tokens, acceptor, hosts: access.hosts.clone().into() })
    }
}

impl Keeper {
    pub(super) fn new(access: &Access) -> Result<Self, ServeError> {
        Ok(Self { keys: RwLock::new(Keys::read(access)?), refusals: Refusals::new() })
    }

    /// Doors that strangers stand at need what keeps them out: it can be changed, and not taken away.
    pub(crate) fn check(&self, new: &Keys) -> Result<(), String> {
        let same =
            self.tokens().is_some() == new.tokens.is_some() && self.acceptor().is_some() == new.acceptor.is_some();
        if same { Ok(()) } else { Err("whether there are tokens and TLS changes with a restart alone".to_owned()) }
    }

    /// From now on these count, for connections that are there as well.
    pub(crate) fn change(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Whether strangers may be let as far as to such an address.
    pub(super) fn check_address(&self, address: SocketAddr) -> Result<(), ServeError> {
        let refused = |why: &str| Err(ServeError::access(format!("tcp:{address}: {why}")));
        let local = address.ip().to_canonical().is_loopback();
        match (self.tokens(), self.acceptor()) {
            (None, _) => refused("whoever is on this machine could connect: give --token-file"),
            (_, None) if !local => {
                refused("tokens would be in the open: give --tls-cert and --tls-key, or listen at 127.0.0.1")
            }
            _ => Ok(()),
        }
    }

    pub(super) fn tokens(&self) -> Option<Arc<Tokens>> {
        self.with(|keys| keys.tokens.clone())
    }

    /// Some: it is TLS that is spoken at addresses.
    pub(super) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.with(|keys| keys.acceptor.clone())
    }

    pub(super) fn hosts(&self) -> Arc<[String]> {
        self.with(|keys| Arc::clone(&keys.hosts))
    }

    fn with<T>(&self, look: impl FnOnce(&Keys) -> T) -> T {
        look(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

//! Which service is asked, and in which form it answers.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

/// Which service, and in which form.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct ServiceFlags {
    #[command(flatten)]
    pub(crate) door: DoorFlags,

    /// As the service tells it: JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which service.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct DoorFlags {
    /// Where the service listens: unix:PATH or tcp:HOST:PORT [default: GANGER_CONNECT,
    /// or ganger/ganger.sock in $XDG_RUNTIME_DIR, or in /run]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) connect: Option<Address>,

    /// A file with the token that the service wants on TCP
    #[arg(long, value_name = "FILE", env = "GANGER_TOKEN_FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Speak TLS on TCP, and trust the certificates of this file (PEM)
    #[arg(long, value_name = "FILE", env = "GANGER_CA")]
    pub(crate) ca: Option<PathBuf>,
}

/// Where a service listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Unix(PathBuf),
    /// Host and port.
    Tcp(String),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let port = |host: &str| host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        match text.split_once(':') {
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(("tcp", host)) if port(host) => Ok(Self::Tcp(host.to_owned())),
            _ => Err("an address is unix:PATH, like unix:/run/ganger/ganger.sock, or tcp:HOST:PORT".to_owned()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(host) => write!(f, "tcp:{host}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_told() {
        for text in ["unix:/run/a b.sock", "unix:s", "tcp:127.0.0.1:7070", "tcp:[::1]:1"] {
            assert_eq!(text.parse::<Address>().expect(text).to_string(), text);
        }
        for text in ["", "/run/s", "unix:", "tcp:", "tcp:host", "tcp:host:http", "udp:a:1"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}

//! Which service is asked, and in which form it answers.

use std::path::PathBuf;

use clap::Args;
use ganger_client::Endpoint;

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
    pub(crate) connect: Option<Endpoint>,

    /// A file with the token that the service wants on TCP
    #[arg(long, value_name = "FILE", env = "GANGER_TOKEN_FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Speak TLS on TCP, and trust the certificates of this file (PEM)
    #[arg(long, value_name = "FILE", env = "GANGER_CA")]
    pub(crate) ca: Option<PathBuf>,
}

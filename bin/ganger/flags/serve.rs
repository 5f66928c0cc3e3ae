//! The service.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use ganger::Sandbox;
use ganger_batch::parse_duration;
use ganger_daemon::Listen;
use ganger_store::Durability;

use super::limits::some_size;

/// Keep a durable queue of jobs, and work it off.
///
/// Jobs come by HTTP on a Unix socket, which only this user and root may use, or on an address with a token. What was accepted
/// survives the service's death. SIGTERM ends it: nothing more begins, and what runs has --drain; then it is asked to end, and
/// waits for the next service.
#[derive(Debug, Args)]
pub(crate) struct ServeFlags {
    /// What it is to do, in TOML: flags in the table service, queues in queue.NAME; what is typed wins. SIGHUP reads it again
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Say what would be served, or what is wrong with it, and serve nothing
    #[arg(long)]
    pub(crate) check_config: bool,

    /// The file that jobs are kept in (made if there is none)
    #[arg(long, value_name = "FILE", env = "GANGER_STORE")]
    pub(crate) store: Option<PathBuf>,

    /// Where clients connect, once or more: unix:PATH, a socket that is made; tcp:ADDRESS:PORT; systemd, the sockets that
    /// its units have made
    #[arg(long, value_name = "unix:PATH|tcp:ADDRESS:PORT|systemd")]
    pub(crate) listen: Vec<Listen>,

    #[command(flatten)]
    pub(crate) access: AccessFlags,

    /// A queue, and how many of its tasks run at a time [default: default, as many as there are processors]
    #[arg(long = "queue", value_name = "NAME[=SLOTS]")]
    pub(crate) queues: Vec<QueueFlag>,

    /// Keep the tasks of queues that do not say it themselves from files, sockets and other processes, in the words of
    /// `ganger run --sandbox`: strict,read=/srv,write=/srv/out
    #[arg(long, value_name = "strict|WORD,...")]
    pub(crate) sandbox: Option<Sandbox>,

    /// What an acknowledgement survives: off nothing, process the death of ganger, full a loss of power
    #[arg(long, value_name = "off|process|full", default_value = "process")]
    pub(crate) durable: Durability,

    /// How long what runs may go on when the service is asked to end
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "20s")]
    pub(crate) drain: Duration,

    /// How long it may then take to end, before it is killed
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "10s")]
    pub(crate) grace: Duration,

    /// How long a job is remembered after its end [default: for ever]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) keep: Option<Duration>,

    #[command(flatten)]
    pub(crate) limits: ServiceLimitFlags,
}

/// What clients may use.
#[derive(Debug, Args)]
pub(crate) struct ServiceLimitFlags {
    /// The most connections at a time by each door: for who comes then, the one goes that is idle longest [default: 512]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections: Option<u32>,

    /// The largest body of a request [default: 4M]
    #[arg(long, value_name = "SIZE", value_parser = some_size)]
    pub(crate) max_body: Option<u64>,

    /// The most tasks in one request [default: 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_tasks: Option<u32>,
}

/// Who may connect.
#[derive(Debug, Args)]
pub(crate) struct AccessFlags {
    /// Let members of this group use the Unix sockets as well
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,

    /// Tokens, one a line as name:token, in a file that nobody else can read; needed for tcp:
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// The certificate and what is between it and the root, as PEM; needed for tcp: off the loopback
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Its private key, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// A name, besides localhost and addresses, by which browsers and clients reach it
    #[arg(long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<String>,
}

/// A queue.
#[derive(Clone, Debug)]
pub(crate) struct QueueFlag {
    pub(crate) name: String,
    pub(crate) slots: Option<usize>,
}

impl FromStr for QueueFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, slots) = text.split_once('=').map_or((text, None), |(name, slots)| (name, Some(slots)));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(format!("{name:?} cannot be a queue's name: letters, digits, '.', '_' and '-' can be in it"));
        }
        let slots = slots.map(|slots| match slots.parse() {
            Ok(slots) if (1..=10_000).contains(&slots) => Ok(slots),
            _ => Err(format!("{slots:?} tasks at a time: give a number from 1 to 10000")),
        });
        Ok(Self { name: name.to_owned(), slots: slots.transpose()? })
    }
}

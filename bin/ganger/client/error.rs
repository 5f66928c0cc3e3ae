//! Why what was asked came to nothing.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;

use ganger_client::Endpoint;

use crate::look::plain;
use crate::plan::PlanError;

/// What is wrong, with the remedy.
#[derive(Debug)]
pub(crate) enum AskError {
    /// Nobody listens there.
    Connect {
        endpoint: Endpoint,
        source: io::Error,
    },
    /// A variable of the environment that says nothing.
    Environment {
        name: &'static str,
        why: io::Error,
    },
    /// The files of the token or the certificates.
    Door(io::Error),
    /// The connection ended before the answer; what was asked may have been done, or not.
    Lost {
        endpoint: Endpoint,
        source: io::Error,
    },
    /// The service says no: with which status, and why.
    Refused {
        status: u16,
        detail: String,
    },
    /// What it says is not understood.
    Unclear(serde_json::Error),
    /// What was typed is no job.
    Plan(PlanError),
    /// Inputs cannot be read.
    Inputs(ganger_batch::Error),
    /// JSON has text alone.
    NoText {
        word: OsString,
    },
    /// More tasks than a schedule keeps.
    TooMany {
        most: usize,
    },
    /// There is no input.
    NothingToDo,
    /// The same, for a job that is there.
    NothingToAdd,
    /// A job was made, and cannot be handed over to its end.
    Unfinished {
        job: u64,
        tasks: u64,
        why: Box<AskError>,
    },
    /// `--wd`, or this one.
    Directory {
        path: PathBuf,
        source: io::Error,
    },
    /// `--at`
    NoMoment {
        text: String,
    },
    /// A job of a service has a number.
    NoNumber {
        text: String,
    },
    /// A flag that is for stores alone.
    OfStore {
        flag: &'static str,
    },
    /// Standard output.
    Write(io::Error),
    System(ganger::Error),
}

impl AskError {
    /// So many tasks were added to a job, and then this.
    pub(super) fn unfinished(job: u64, tasks: u64, why: Self) -> Self {
        Self::Unfinished { job, tasks, why: why.into() }
    }

    /// Whether nobody reads what we print.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self, Self::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Whether nothing was done, and may be in a moment: the service was not reached, or said that it is busy, or about to end.
    pub(crate) fn is_unheard(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Refused { status: 503, .. })
    }

    /// Whether the service may be there again in a moment.
    pub(crate) fn may_pass(&self) -> bool {
        self.is_unheard() || matches!(self, Self::Lost { .. })
    }
}

/// What a service says that says no.
fn refused(status: u16, detail: &str) -> String {
    let told = plain::line(in_verbs(detail).as_bytes());
    match status {
        _ if detail.is_empty() => format!("status {status}"),
        401 => format!("{told}; --token-file FILE, or GANGER_TOKEN_FILE, has it"),
        _ => told,
    }
}

/// Where to look, in words of who types verbs: the service says it for HTTP.
fn in_verbs(detail: &str) -> String {
    const VERBS: [(&str, &str); 3] =
        [("queues", "ganger queues"), ("jobs", "ganger status"), ("schedules", "ganger schedule")];
    VERBS.iter().fold(detail.to_owned(), |told, (path, verb)| {
        told.replace(&format!("GET /v1/{path} has those that there are"), &format!("{verb} lists those that there are"))
    })
}

/// What may be wrong with TLS, where the one side speaks it and the other does not, or does not believe it.
fn about_tls(endpoint: &Endpoint, source: &io::Error) -> &'static str {
    match (endpoint.is_tcp(), endpoint.speaks_tls()) {
        (true, true) if source.kind() == io::ErrorKind::InvalidData => {
            "; is that the service's TLS, and signed by a certificate of --ca FILE (GANGER_CA)?"
        }
        (true, false) => "; if the service speaks TLS, --ca FILE (GANGER_CA) says whose certificate to trust",
        (true, true) | (false, _) => "",
    }
}

fn unreached(endpoint: &Endpoint, source: &io::Error) -> String {
    if source.kind() == io::ErrorKind::PermissionDenied {
        return format!(
            "this user may not use the service at {endpoint}: {source}; its user and root may, and the members of its `group`, \
             if its configuration names one"
        );
    }
    format!(
        "no service answers at {endpoint}: {source}; ganger serve starts one, --connect or GANGER_CONNECT says where one is"
    )
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { endpoint, source } => {
                write!(f, "{}{}", unreached(endpoint, source), about_tls(endpoint, source))
            }
            Self::Environment { name, why } => write!(f, "{name}: {why}"),
            Self::Door(error) => error.fmt(f),
            Self::Lost { endpoint, source } => {
                write!(
                    f,
                    "the service at {endpoint} went away: {source}; ganger status says what it has{}",
                    about_tls(endpoint, source)
                )
            }
            Self::Refused { status, detail } => write!(f, "the service: {}", refused(*status, detail)),
            Self::Unclear(error) => {
                write!(
                    f,
                    "the service says what this ganger does not understand ({error}); is it an older or newer one?"
                )
            }
            Self::Plan(error) => error.fmt(f),
            Self::Inputs(error) => error.fmt(f),
            Self::NoText { word } => {
                write!(f, "{word:?} is no UTF-8, which a service cannot be told: rename it, or use ganger run")
            }
            Self::TooMany { most } => write!(
                f,
                "a schedule keeps {most} tasks at most: let it run one command that submits them (ganger submit -a FILE ...)"
            ),
            Self::NothingToDo => write!(f, "there is no input, so no job was made"),
            Self::NothingToAdd => write!(f, "there is no input, so nothing was added"),
            Self::Unfinished { job, tasks, why } => write!(
                f,
                "{why}; job {job} has the first {tasks} of these tasks, and stays open for more: ganger cancel {job} ends it"
            ),
            Self::Directory { path, source } => {
                write!(f, "{}: {source}; commands run in a directory that is there (--wd DIR)", path.display())
            }
            Self::NoMoment { text } => write!(
                f,
                "--at {text}: that is no moment; write 2026-11-30T08:00, with Z at its end for UTC, or say --delay 2h"
            ),
            Self::NoNumber { text } => write!(
                f,
                "{text:?} is no job of a service: those have numbers, JOB or JOB.TASK (ganger status lists them); for what \
                 ganger run --store FILE recorded, say --store FILE"
            ),
            Self::OfStore { flag } => {
                write!(f, "{flag} is for what ganger run recorded: name its store (--store FILE)")
            }
            Self::Write(error) => write!(f, "failed to write to standard output: {error}"),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for AskError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<PlanError> for AskError {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}

impl From<ganger_batch::Error> for AskError {
    fn from(error: ganger_batch::Error) -> Self {
        Self::Inputs(error)
    }
}

impl From<ganger::Error> for AskError {
    fn from(error: ganger::Error) -> Self {
        Self::System(error)
    }
}

//! The one call that a process is for, until the process is started.

use std::path::PathBuf;
use std::time::Duration;

use ganger_proto::codec::{self, DEFAULT_PAYLOAD_LIMIT};
use ganger_proto::fault::Fault;
use ganger_proto::spec::Function;
use ganger_sys::MAX_FDS;

use crate::bootstrap::{Freight, Solo};
use crate::builder::StartMethod;
use crate::error::Error;
use crate::logging;
use crate::passing::{self, Passed};
use crate::process::{current_process, wrong};
use crate::task::{Portable, Task, lookup};

pub(super) struct Call {
    pub(super) name: String,
    pub(super) daemon: bool,
    pub(super) method: StartMethod,
    /// The program to execute; none: this one.
    pub(super) program: Option<PathBuf>,
    /// What a test has ordered it to do to itself.
    pub(super) faults: Vec<Fault>,
    /// How long the process may take to come.
    pub(super) patience: Duration,
    pub(super) function: Function,
    /// The encoded arguments, and the descriptors that they name.
    pub(super) args: Vec<u8>,
    pub(super) passed: Vec<Passed>,
}

impl Call {
    pub(super) fn new<F, A, S>(_: F, args: &A) -> Result<Self, Error>
    where
        F: Task<A, S>,
        A: Portable,
    {
        let function = lookup::<F>()?;
        let (args, passed) = passing::sending(|| codec::encode(args, DEFAULT_PAYLOAD_LIMIT));
        let (name, patience) = (String::new(), Duration::ZERO);
        let method = StartMethod::default();
        let faults = Vec::new();
        Ok(Self { name, daemon: false, method, program: None, faults, patience, function, args: args?, passed })
    }

    /// As it goes to another process.
    pub(super) fn packed(self) -> Result<(Solo, Freight), Error> {
        // One goes with the arguments themselves.
        const MOST: usize = MAX_FDS - 1;
        let Self { name, daemon, faults, function, args, passed, .. } = self;
        if passed.len() > MOST {
            let why = format!("its arguments name {} descriptors, and at most {MOST} can go along", passed.len());
            return Err(wrong("start the process", &why));
        }
        let (length, limit) = (args.len() as u64, DEFAULT_PAYLOAD_LIMIT);
        let args = ganger_sys::sealed("ganger-args", &args).map_err(Error::system("make memory for arguments"))?;
        let (parent, log_level) = (current_process().name().to_owned(), logging::heritage());
        let solo = Solo { function, name, parent, daemon, length, limit, log_level, faults };
        Ok((solo, Freight::Solo { args, passed }))
    }
}

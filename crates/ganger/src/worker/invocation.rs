//! ③ One call in a worker: decode the arguments, call, encode the result.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ganger_proto::codec::{self, CodecError};
use ganger_proto::message::Verdict;
use ganger_proto::outcome::{Failure, FailureKind, Panic};
use ganger_proto::spec::Function;
use ganger_sys::{ForkDetector, exit_in_fork};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::passing::{self, Passed};
use crate::registry;
use crate::worker::panic;

/// The exit status of a fork that comes back from a task.
pub(super) const IN_FORK: i32 = 70;

/// A call as it came: the encoded arguments, and room for what goes back.
#[derive(Debug)]
pub struct Invocation<'a> {
    /// The encoded arguments, or items.
    pub(crate) args: &'a [u8],
    /// Empty; takes the encoded result, or failure, or panic.
    pub(crate) out: &'a mut Vec<u8>,
    /// The descriptors that the result names.
    pub(crate) passed: Vec<Passed>,
    /// The largest payload.
    pub(crate) limit: u64,
    /// None where the task runs in the caller, who may fork as it likes.
    pub(crate) host: Option<Host<'a>>,
}

/// A worker, or a zygote: a task may fork, but nobody else may come back from it. What a child answered would be taken for
/// the worker's answer, and from then on both would read what only one is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host<'a> {
    pub(crate) process: &'a ForkDetector,
    pub(crate) function: Function,
}

impl Host<'_> {
    fn end_fork(self) {
        if self.process.is_in_fork() {
            let (fork, worker, name) = (std::process::id(), self.process.pid(), registry::name_of(self.function));
            let remedy = "it must not return from there: end it with _exit";
            exit_in_fork(&format!("ganger: process {fork}, forked by {name} in worker {worker}: {remedy}\n"), IN_FORK);
        }
    }
}

/// What came of many items: runs of results, each but the last ended by an item that failed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run<R> {
    /// The results of the items before the one that failed.
    pub(crate) results: Vec<R>,
    /// How the next item failed; none at the end.
    pub(crate) stopped: Option<Stopped>,
}

/// How one item failed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Stopped {
    Failed(Failure),
    Panicked(Panic),
}

/// Whether a result is an error, and what it says.
type ErrorText<R> = fn(&R) -> Option<String>;

impl Invocation<'_> {
    /// Calls `f` once.
    pub fn call<A: DeserializeOwned, R: Serialize>(&mut self, f: fn(A) -> R, error: ErrorText<R>) -> Verdict {
        let called = catch_unwind(AssertUnwindSafe(|| {
            let args = match codec::decode(self.args, self.limit) {
                Ok(args) => args,
                Err(e) => return self.fail(FailureKind::Arguments, &e),
            };
            let result = f(args);
            self.give(&result, error)
        }));
        self.end_fork();
        called.unwrap_or_else(|payload| self.panicked(&*payload))
    }

    fn end_fork(&self) {
        self.host.into_iter().for_each(Host::end_fork);
    }

    /// All that is the user's may panic: decoding, the function itself, encoding, dropping.
    fn panicked(&mut self, payload: &(dyn Any + Send)) -> Verdict {
        self.put(&panic::describe(payload));
        Verdict::Panicked
    }

    fn give<R: Serialize>(&mut self, result: &R, error: ErrorText<R>) -> Verdict {
        if let Some(message) = error(result) {
            return match codec::encode(result, self.limit) {
                Ok(value) => self.failed(Failure { kind: FailureKind::Task, message, value: Some(value.into()) }),
                Err(e) => self.fail(FailureKind::Result, &e),
            };
        }
        self.returned(result)
    }

    fn returned<R: Serialize>(&mut self, result: &R) -> Verdict {
        let (encoded, passed) = passing::sending(|| codec::encode_into(result, self.out, self.limit));
        match encoded {
            Ok(()) => {
                self.passed = passed;
                Verdict::Returned
            }
            Err(e) => self.fail(FailureKind::Result, &e),
        }
    }

    /// Calls `f` with each item; one that fails does not keep the others from being called.
    pub fn map<A: DeserializeOwned, R: Serialize>(&mut self, f: fn(A) -> R, error: ErrorText<R>) -> Verdict {
        let called = catch_unwind(AssertUnwindSafe(|| self.map_all(f, error)));
        self.end_fork();
        called.unwrap_or_else(|payload| self.panicked(&*payload))
    }

    fn map_all<A: DeserializeOwned, R: Serialize>(&mut self, f: fn(A) -> R, error: ErrorText<R>) -> Verdict {
        let items: Vec<A> = match codec::decode(self.args, self.limit) {
            Ok(items) => items,
            Err(e) => return self.fail(FailureKind::Arguments, &e),
        };
        let mut items = items.into_iter();
        let mut runs = Vec::new();
        loop {
            let run = self.run(&mut items, f, error);
            let stopped = run.stopped.is_some();
            runs.push(run);
            if !stopped {
                break;
            }
        }
        self.returned(&runs)
    }

    /// The results up to the first item that fails, or all.
    fn run<A, R: Serialize>(&self, items: &mut std::vec::IntoIter<A>, f: fn(A) -> R, error: ErrorText<R>) -> Run<R> {
        let mut results = Vec::with_capacity(items.len());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            for item in items {
                let result = f(item);
                self.end_fork();
                if let Some(message) = error(&result) {
                    return Some((message, codec::encode(&result, self.limit).ok()));
                }
                results.push(result);
            }
            None
        }));
        self.end_fork();
        let stopped = match caught {
            Ok(None) => None,
            Ok(Some((message, value))) => {
                Some(Stopped::Failed(Failure { kind: FailureKind::Task, message, value: value.map(Into::into) }))
            }
            Err(payload) => Some(Stopped::Panicked(panic::describe(&*payload))),
        };
        Run { results, stopped }
    }

    fn fail(&mut self, kind: FailureKind, why: &CodecError) -> Verdict {
        self.failed(Failure { kind, message: why.to_string(), value: None })
    }

    pub(crate) fn failed(&mut self, failure: Failure) -> Verdict {
        self.put(&failure);
        Verdict::Failed
    }

    fn put(&mut self, value: &impl Serialize) {
        self.out.clear();
        let put = codec::encode_into(value, self.out, u64::MAX);
        debug_assert!(put.is_ok(), "failures and panics are plain data: {put:?}");
    }
}

/// What an error says about itself: by Display if it has one, else by Debug.
///
/// Method resolution tries `&Probe<…>` before `&&Probe<…>`, so the more telling implementation wins where it exists
/// (autoref specialization, by David Tolnay).
#[derive(Debug)]
pub struct Probe<'a, R>(pub &'a R);

/// A result whose error can be displayed.
pub trait Displayed {
    /// The error's text, if there is an error.
    fn error_text(&self) -> Option<String>;
}

impl<T, E: std::fmt::Display> Displayed for &&Probe<'_, Result<T, E>> {
    fn error_text(&self) -> Option<String> {
        self.0.as_ref().err().map(ToString::to_string)
    }
}

/// A result whose error can be debugged.
pub trait Debugged {
    /// The error's text, if there is an error.
    fn error_text(&self) -> Option<String>;
}

impl<T, E: std::fmt::Debug> Debugged for &Probe<'_, Result<T, E>> {
    fn error_text(&self) -> Option<String> {
        self.0.as_ref().err().map(|e| format!("{e:?}"))
    }
}

/// Anything else is no error.
pub trait NoError {
    /// None.
    fn error_text(&self) -> Option<String>;
}

impl<R> NoError for Probe<'_, R> {
    fn error_text(&self) -> Option<String> {
        None
    }
}

/// The text of an error in a result of whatever type.
#[macro_export]
#[doc(hidden)]
macro_rules! __error_text {
    ($output:ident) => {{
        #[expect(unused_imports, reason = "which of them is used depends on the result's type")]
        use $crate::__private::{Debugged as _, Displayed as _, NoError as _};
        (&&&$crate::__private::Probe($output)).error_text()
    }};
}

//! Tasks that run in the caller, one after the other: for debugging. Arguments and results are encoded all the same, so
//! what would fail between processes fails here.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use ganger_proto::message::Verdict;
use ganger_proto::outcome::{Failure, FailureKind, PoolFailure};
use ganger_proto::spec::{Bytes, Function};
use ganger_sys::ForkDetector;

use crate::builder::StartMethod;
use crate::engine::settings::Settings;
use crate::engine::table::{Payload, Work};
use crate::error::{Error, ErrorKind};
use crate::future::{Bringer, Future, What};
use crate::passing::Passed;
use crate::registry;
use crate::slot::{Body, Detail, Ended, How, Reading, Slots};
use crate::worker::invocation::Invocation;
use crate::worker::panic;

/// Runs a task here and now.
pub(crate) fn run<T>(payload: &Payload, what: What, limit: u64) -> Future<T> {
    let slot = Slots::default().fresh();
    let start = Instant::now();
    let mut out = Vec::new();
    // What is the user's is caught within.
    let (verdict, passed) = panic::keep_while(|| call(payload, &mut out, limit));
    let ended = match verdict {
        Verdict::Returned if !passed.is_empty() => {
            let how = How::ReturnedWith(out, passed);
            Ended::Other(Box::new(Detail { how, attempts: 1, worker: Some(std::process::id()) }))
        }
        Verdict::Returned => Ended::Returned {
            body: Body::from_vec(out),
            took: u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX),
        },
        Verdict::Failed | Verdict::Panicked => {
            let how = How::Reported(verdict, out);
            Ended::Other(Box::new(Detail { how, attempts: 1, worker: Some(std::process::id()) }))
        }
    };
    let hooks = slot.fill(ended);
    debug_assert!(hooks.is_none(), "nobody has the future yet");
    Future { slot: Reading::first(slot), what, bringer: Bringer::Caller, result: PhantomData }
}

/// Calls, in this process, what a pool without processes has instead of a zygote: its preloads; where tasks run in the
/// caller, its initializer as well.
pub(crate) fn prepare(settings: &Settings) -> Result<(), Error> {
    let initializer = settings.initializer.iter().filter(|_| settings.method == StartMethod::Inline);
    let process = ForkDetector::new();
    let call = |(function, args): &(Function, Bytes)| {
        panic::keep_while(|| crate::worker::call(*function, args, settings.payload_limit, &process))
    };
    let failed = |error| Error::new(ErrorKind::PoolFailed(PoolFailure::Initializer { times: 1, error }));
    settings.preload.iter().chain(initializer).try_for_each(call).map_err(failed)
}

fn call(payload: &Payload, out: &mut Vec<u8>, limit: u64) -> (Verdict, Vec<Passed>) {
    let mut invocation = Invocation { args: &payload.bytes, out, passed: Vec::new(), limit, host: None };
    let refused = |invocation: &mut Invocation<'_>, message: &str| {
        let kind = FailureKind::Unregistered;
        invocation.failed(Failure { kind, message: message.to_owned(), value: None })
    };
    let verdict = match payload.work {
        Work::Call(function) => match registry::entry(function) {
            Some(entry) => (entry.call)(&mut invocation),
            None => refused(&mut invocation, "no such function"),
        },
        Work::Map(function) => match registry::entry(function) {
            Some(entry) => (entry.map)(&mut invocation),
            None => refused(&mut invocation, "no such function"),
        },
        Work::Command | Work::Line => {
            refused(&mut invocation, "commands need workers of their own: use another start method")
        }
    };
    (verdict, invocation.passed)
}

/// A callback, isolated as on a pool's callback thread.
pub(crate) fn call_back(callback: Box<dyn FnOnce() + Send>) {
    if catch_unwind(AssertUnwindSafe(callback)).is_err() {
        log::error!("a callback panicked; the pool goes on");
    }
}

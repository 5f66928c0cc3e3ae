//! ③ Calling a function by its name, for a supervisor that does not know this program.

use ganger_proto::message::Verdict;
use ganger_proto::outcome::{Failure, FailureKind};
use ganger_proto::spec::{Function, NamedCall};

use crate::registry::{self, Entry};
use crate::worker::command::encoded;
use crate::worker::invocation::{Host, Invocation};
use crate::worker::serve::Worker;

/// How many names are told to one who asks for another.
const TOLD: usize = 20;

/// Calls one; `out` is empty, and takes what there is to tell of it.
pub(super) fn call(worker: &Worker, call: &[u8], out: &mut Vec<u8>) -> Verdict {
    let Some(call) = NamedCall::decode(call) else {
        return refused(out, FailureKind::Arguments, "the supervisor sent no call".to_owned());
    };
    match find(&call) {
        Ok((function, entry)) => invoke(worker, &call, function, entry, out),
        Err(why) => refused(out, FailureKind::Unregistered, why),
    }
}

/// The function, if it is the one that the caller means.
fn find(call: &NamedCall<'_>) -> Result<(Function, &'static Entry), String> {
    let NamedCall { function: name, signature, .. } = call;
    let found = registry::named(name).ok_or_else(|| unknown(name))?;
    let ours = found.1.signature;
    if signature.is_empty() || *signature == ours {
        return Ok(found);
    }
    Err(format!(
        "{name} is {ours} in this worker program, and {signature} in its caller's: build both from the same sources"
    ))
}

fn unknown(name: &str) -> String {
    let mut all: Vec<_> = registry::names().collect();
    // One of the same name in another module is most likely the one that is meant.
    let last = |path: &str| path.rsplit("::").next().unwrap_or_default().to_owned();
    all.sort_by_key(|other| last(other) != last(name));
    let more = all.len().saturating_sub(TOLD);
    all.truncate(TOLD);
    let (all, more) = (all.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() });
    format!("this worker program registers no {name}: it has {all}{more}; is it the right program?")
}

fn invoke(worker: &Worker, call: &NamedCall<'_>, function: Function, entry: &Entry, out: &mut Vec<u8>) -> Verdict {
    let host = Some(Host { process: &worker.outlet.process, function });
    let limit = worker.setup.payload_limit;
    let mut invocation = Invocation { args: call.args, out, passed: Vec::new(), limit, host };
    let verdict = if call.many { (entry.map)(&mut invocation) } else { (entry.call)(&mut invocation) };
    if invocation.passed.is_empty() {
        return verdict;
    }
    refused(out, FailureKind::Result, "a descriptor cannot be kept for one who asks later".to_owned())
}

fn refused(out: &mut Vec<u8>, kind: FailureKind, message: String) -> Verdict {
    *out = encoded(&Failure { kind, message, value: None });
    Verdict::Failed
}

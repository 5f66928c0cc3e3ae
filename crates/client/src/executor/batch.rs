//! Calls that are handed in together.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ganger::Backoff;
use ganger::remote::{Call, Promise};
use serde_json::{Value, json};

/// The most calls, and about the most bytes of their arguments, in one request: a service takes no more.
const CALLS: usize = 10_000;
const BYTES: usize = 2 << 20;

/// The first of those that wait, with all that are like it, as many as a request may have.
pub(super) fn choose(waiting: &mut Vec<(Call, Promise)>) -> Vec<(Call, Promise)> {
    let mut size = 0;
    let mut chosen: Vec<(Call, Promise)> = Vec::new();
    let mut left = Vec::new();
    for (call, promise) in waiting.drain(..) {
        let fits = chosen.is_empty() || chosen.len() < CALLS && size + call.args.len() <= BYTES;
        if fits && chosen.first().is_none_or(|(first, _)| first.is_like(&call)) {
            size += call.args.len();
            chosen.push((call, promise));
        } else {
            left.push((call, promise));
        }
    }
    *waiting = left;
    chosen
}

/// The job that calls make, which are alike. However often it is handed in under this key, it is accepted once.
pub(super) fn submission(calls: &[(Call, Promise)], queue: &str, key: &str) -> Value {
    let Some((call, _)) = calls.first() else { return Value::Null };
    let args: Vec<String> = calls.iter().map(|(call, _)| STANDARD.encode(&call.args)).collect();
    let mut job = json!({
        "name": name(call), "queue": queue, "function": call.function, "signature": call.signature, "many": call.many,
        "args": args, "priority": call.priority(), "attempts": call.failure_attempts(),
        "crash_attempts": call.crash_attempts(), "key": key, "unique": "forgotten",
    });
    if let Some(timeout) = call.timeout() {
        job["timeout"] = json!(timeout.as_secs_f64());
    }
    let Backoff { first, max, .. } = call.backoff();
    if !first.is_zero() {
        job["backoff"] = json!({"first": first.as_secs_f64(), "most": max.as_secs_f64()});
    }
    job
}

/// As a service takes it.
fn name(call: &Call) -> String {
    call.name().chars().filter(|char| !char.is_control()).take(200).collect()
}

//! Tasks that several themes use.

use std::process::{abort, exit};
use std::thread;
use std::time::Duration;

use ganger::Bytes;
use nix::sys::signal::{Signal, raise};
use serde::{Deserialize, Serialize};

#[ganger::task]
pub(crate) fn square(n: u64) -> u64 {
    n.wrapping_mul(n)
}

#[ganger::task]
pub(crate) fn add(a: u64, b: u64) -> u64 {
    a + b
}

#[ganger::task]
pub(crate) fn pid() -> u32 {
    std::process::id()
}

/// The process id, after so many milliseconds: long enough that others get their share.
#[ganger::task]
pub(crate) fn nap(milliseconds: u64) -> u32 {
    thread::sleep(Duration::from_millis(milliseconds));
    std::process::id()
}

#[ganger::task]
pub(crate) fn echo(bytes: Bytes) -> Bytes {
    bytes
}

/// Panics at three.
#[ganger::task]
pub(crate) fn panics(n: u64) -> u64 {
    assert!(n != 3, "no threes");
    n
}

/// Fails at three.
#[ganger::task]
pub(crate) fn fails(n: u64) -> Result<u64, String> {
    if n == 3 { Err("no threes".to_owned()) } else { Ok(n) }
}

/// Kills its worker at three.
#[ganger::task]
pub(crate) fn kills(n: u64) -> u64 {
    if n == 3 {
        die(Death::Kill);
    }
    n
}

/// A way for a worker to go.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Death {
    Kill,
    Segv,
    Abort,
    Exit(i32),
    StackOverflow,
    /// It may have no more memory, and wants some.
    OutOfMemory,
}

/// Ends the process that it runs in.
#[ganger::task]
pub(crate) fn die(how: Death) -> u32 {
    match how {
        Death::Kill => drop(raise(Signal::SIGKILL)),
        Death::Segv => die_of_segv(),
        Death::Abort => abort(),
        Death::Exit(code) => exit(code),
        Death::StackOverflow => return u32::try_from(deeper(&[1; 1024])).unwrap_or(0),
        Death::OutOfMemory => return hunger(),
    }
    unreachable!("{how:?} is the end")
}

/// Past the handler that the runtime has for stack overflows.
fn die_of_segv() {
    let _ = raise(Signal::SIGSEGV);
    // The runtime's handler takes the first for no overflow of its own, and gives the default back.
    let _ = raise(Signal::SIGSEGV);
}

#[expect(unconditional_recursion, reason = "until the stack is at its end")]
fn deeper(above: &[u64; 1024]) -> u64 {
    let here = std::hint::black_box([above[0] + 1; 1024]);
    deeper(&here) + here[7]
}

fn hunger() -> u32 {
    let limit = 1 << 30;
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_AS, limit, limit).unwrap();
    let food = std::hint::black_box(vec![1u8; 4 << 30]);
    u32::from(food[1 << 20])
}

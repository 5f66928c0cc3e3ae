//! Debugging a worker.
//!
//! # First: take the processes away
//! With [`StartMethod::Inline`](crate::StartMethod::Inline) a task runs in its caller, on the caller's thread, at the moment of
//! the submit. A debugger's breakpoints, `dbg!`, a profiler and a sanitizer then see an ordinary function call. If the fault is
//! still there it is the function's; if not, it has to do with processes (an unset environment, another directory, a closed
//! stdin, something that was only set up in the supervisor).
//!
//! ```
//! use ganger::{Pool, StartMethod};
//!
//! #[ganger::task]
//! fn parse(text: String) -> Result<u32, String> { text.parse().map_err(|e| format!("{text:?}: {e}")) }
//!
//! # fn main() -> Result<(), ganger::Error> {
//! ganger::init();
//! let method = if std::env::var_os("DEBUG").is_some() { StartMethod::Inline } else { StartMethod::Zygote };
//! let pool = Pool::builder().start_method(method).build()?;
//! assert_eq!(pool.apply(parse, "12x".to_owned())?, Err("\"12x\": invalid digit found in string".to_owned()));
//! # Ok(()) }
//! ```
//!
//! # Read the error
//! An error's text names the function (or the task's [`name`](crate::TaskOptions::name)), the attempt, the worker and its
//! process, and what happened. Of a panic it has the message, the place, and, with `RUST_BACKTRACE=1` in the environment, the
//! backtrace of the worker: workers have the supervisor's environment. Of a crash it has the end of each attempt: an exit
//! code, a signal, whether there is a core file, or that the kernel was out of memory. [`TaskError`](crate::TaskError) has
//! the same as values.
//!
//! # Let it talk
//! `log` macros work in a worker without any setting up: their records arrive in the supervisor's logger, with worker, process
//! and task, also from a worker that was killed right after. `RUST_LOG=info` (with `env_logger`), or
//! [`log_to_stderr`](crate::log_to_stderr), shows in addition each start and end of a worker with its reason, `debug` what the
//! pool decides. What a worker prints goes where the supervisor prints.
//!
//! # Attach to it
//! `ps` shows who is who: `ganger: worker NAME-3` in slot 3 of the pool with that [name](crate::PoolBuilder::name), `ganger:
//! zygote of pool NAME`. [`Pool::worker_pids`](crate::Pool::worker_pids) tells the same to the program. So:
//!
//! ```text
//! $ gdb -p $(pgrep -f 'ganger: worker resize-3')        # where does it hang?
//! $ strace -f -p PID                                    # what does it ask of the kernel?
//! $ perf record -g -p PID -- sleep 5                    # what does it compute?
//! ```
//!
//! While it is stopped in a debugger a task's time limit goes on; build the pool without one for the session. A *supervisor*
//! that is stopped has its deadlines stopped with it.
//!
//! To have a worker wait for you, let the task stop itself: `kill -STOP` on its own pid (`nix::sys::signal::raise`), attach,
//! `signal SIGCONT`.
//!
//! # Make it happen again
//! - One worker (`workers(1)`) makes the order of tasks the order of submits.
//! - `crash_attempts(1)` lets the first death be told instead of the last.
//! - A core file: `ulimit -c unlimited` before the program; the limit is inherited. The error says whether there is one.
//! - Memory errors in native code: build with a sanitizer, or `valgrind --trace-children=yes`, with
//!   [`StartMethod::Spawn`](crate::StartMethod::Spawn), where each worker is a program of its own.
//!
//! # A hang
//! A pool does not wait for the dead, so a hang is a task that runs, or one that waits for something of yours. `pgrep -f
//! 'ganger: worker'` and `gdb -p … -batch -ex bt` on each says which. Give tasks a
//! [`timeout`](crate::TaskOptions::timeout) so that the next one says so itself. The known ways to wait for oneself:
//!
//! - a task that waits for a task of its own pool, with all workers doing the same;
//! - a [`Lock`](crate::sync::Lock) taken twice by one thread (an [`RLock`](crate::sync::RLock) may be);
//! - a bounded queue that is put into by the one who should be getting.

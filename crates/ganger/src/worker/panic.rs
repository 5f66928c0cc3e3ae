//! The panic policy of workers: catch, describe, carry. A worker prints nothing; the supervisor is told everything.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::PanicHookInfo;
use std::sync::Once;

use ganger_proto::outcome::Panic;

thread_local! {
    /// Whether this thread runs tasks.
    static IN_WORKER: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic of this thread was, and how it came there.
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// From now on panics of this thread are kept for [`describe`]. Other threads panic as they did.
pub(crate) fn keep_in_this_thread() {
    static HOOK: Once = Once::new();
    IN_WORKER.set(true);
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| if IN_WORKER.get() { keep(info) } else { before(info) }));
    });
}

/// Panics of this thread print again.
pub(crate) fn let_go_of_this_thread() {
    IN_WORKER.set(false);
}

/// As [`keep_in_this_thread`], for as long as `run` runs.
pub(crate) fn keep_while<R>(run: impl FnOnce() -> R) -> R {
    let before = IN_WORKER.get();
    keep_in_this_thread();
    let result = run();
    IN_WORKER.set(before);
    result
}

fn keep(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::force_capture().to_string();
    LAST.set(Some((location, backtrace)));
}

/// The panic that was just caught.
pub(crate) fn describe(payload: &(dyn Any + Send)) -> Panic {
    let (location, backtrace) = LAST.take().unzip();
    Panic { message: text_of(payload).to_owned(), location, backtrace }
}

pub(crate) fn text_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without text")
}

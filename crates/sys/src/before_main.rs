//! Code that runs before `main`, where a program's `main` is somebody else's, or too late.

/// Calls a function before `main`, on the main thread, while it is the only one.
///
/// For programs whose `main` cannot be written, as those of the test harness, and for what the standard library's own
/// set-up hides, which has not run yet. For nothing else. A function that finds nothing to do returns at once.
///
/// ```
/// fn first() {}
/// ganger_sys::before_main!(first);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! before_main {
    ($function:path) => {
        const _: () = {
            extern "C" fn enter() {
                $function();
            }

            // SAFETY: the loader calls each pointer of this section once, with arguments that a C function without
            // parameters ignores; a panic ends the process, since it cannot leave an `extern "C"` function.
            #[used]
            #[unsafe(link_section = ".init_array")]
            static ENTER: extern "C" fn() = enter;
        };
    };
}

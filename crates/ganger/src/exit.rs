//! How a process ended: from the kernel's word to the protocol's.

use ganger_proto::outcome::Exit;
use ganger_sys::Signal;

/// Tells a SIGKILL that the kernel has counted as one for want of memory from others.
#[derive(Debug, Default)]
pub(crate) struct OomWatch(u64);

impl OomWatch {
    pub(crate) fn begin() -> Self {
        Self(ganger_sys::memory::oom_kill_count())
    }

    /// What a process died of that has just died.
    pub(crate) fn named(&mut self, exit: Exit) -> Exit {
        if exit != (Exit::Signal { number: Signal::Kill.number(), core: false }) {
            return exit;
        }
        let before = std::mem::replace(&mut self.0, ganger_sys::memory::oom_kill_count());
        if self.0 > before { Exit::OutOfMemory } else { exit }
    }
}

pub(crate) fn translated(exit: ganger_sys::Exit) -> Exit {
    match exit {
        ganger_sys::Exit::Code(code) => Exit::Code(code),
        ganger_sys::Exit::Signal { number, core } => Exit::Signal { number, core },
    }
}

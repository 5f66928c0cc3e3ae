//! How a process ended: from the kernel's word to the protocol's.

use ganger_proto::outcome::Exit;

pub(crate) fn translated(exit: ganger_sys::Exit) -> Exit {
    match exit {
        ganger_sys::Exit::Code(code) => Exit::Code(code),
        ganger_sys::Exit::Signal { number, core } => Exit::Signal { number, core },
    }
}

//! The deeds that take nothing but the process that does them.

use ganger_proto::fault::{Deed, Point};
use ganger_sys::{Signal, ruin};

/// Does it. Returns of what a process goes on after, and by a panic if that was ordered.
pub(crate) fn strike(deed: Deed, point: Point) {
    match deed {
        Deed::Kill => ruin::die(Signal::Kill),
        Deed::Segv => ruin::die(Signal::Segv),
        Deed::Abort => ruin::die(Signal::Abrt),
        Deed::Stop => ruin::die(Signal::Stop),
        Deed::Exit(status) => ruin::exit(status.into()),
        Deed::Panic => panic!("a panic was ordered at {point}"),
        Deed::Stubborn => ruin::hang_stubbornly(),
        Deed::OutOfMemory => ruin::run_out_of_memory(),
        Deed::NoDescriptors => ruin::allow_no_descriptors(),
        Deed::Grandchild => {
            if let Err(error) = ruin::leave_child() {
                log::error!("failed to leave a child behind, as was ordered at {point}: {error}");
            }
        }
        Deed::Garbage | Deed::Oversized | Deed::Close | Deed::SlowReader => {
            log::error!("{deed} was ordered at {point}, where there is no link to do it with");
        }
    }
}

/// Whether it is done to a link, and not to the process itself.
pub(crate) fn needs_link(deed: Deed) -> bool {
    matches!(deed, Deed::Garbage | Deed::Oversized | Deed::Close | Deed::SlowReader)
}

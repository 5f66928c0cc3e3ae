//! Exact places within this crate's code, at which a test has its process die, stop, or whatever it wants.
//!
//! ```text
//!   at(Site::Put, …) ── nobody asked for puts: one relaxed load, and on
//!         └── armed ──► the handler, in the thread that is there, with what it holds in its hands
//! ```
//!
//! A site is off unless [`arm`] names it, and costs one relaxed load of a word that nobody writes then. Under loom there are none: a
//! model kills its sides by itself, at every step.

/// A place in the code. What others may see of it is told; README.md of each part says why that is no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Site {
    /// A record is written into a ring, and not published: its reader does not see it.
    Record = 1,
    /// A lock was taken ([`RobustWord::acquire`](crate::locks::RobustWord::acquire)), and its holder has done nothing yet.
    Lock = 2,
    /// Several words of a ledger shall change: that is decided, and none has.
    Turn = 4,
    /// An item is written into a queue, and not put.
    Put = 8,
    /// An item was copied out of a queue, and is not got: one that is kept is in hand, and the head is before it.
    Get = 16,
}

#[cfg(loom)]
pub(crate) fn at<T: ?Sized>(_: Site, _: *const T) {}

#[cfg(not(loom))]
pub(crate) use armed::at;
#[cfg(not(loom))]
pub use armed::{Reached, arm};

#[cfg(not(loom))]
mod armed {
    use std::fs;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::Site;

    /// The sites that are armed, a bit each.
    static ARMED: AtomicU32 = AtomicU32::new(0);
    static HANDLER: OnceLock<fn(&Reached)> = OnceLock::new();

    /// A site, when somebody is there.
    #[derive(Debug)]
    pub struct Reached {
        /// Which.
        pub site: Site,
        /// Where the memory is mapped with which the thread deals.
        address: usize,
    }

    impl Reached {
        /// Which memory it is: the inode of its file, the same in every process that has mapped it. None: it is not to be
        /// found out.
        #[must_use]
        pub fn memory(&self) -> Option<u64> {
            let maps = fs::read_to_string("/proc/self/maps").ok()?;
            maps.lines().find_map(|line| inode(line, self.address))
        }
    }

    /// Has `handler` called at these sites from now on, and at no others. None turns them all off. The first handler of a
    /// process is its last.
    ///
    /// It is called by the thread that is there, which holds locks that other processes wait for; what it does not come back
    /// from, dying or sleeping, is what they have to cope with.
    pub fn arm(sites: impl IntoIterator<Item = Site>, handler: fn(&Reached)) {
        HANDLER.get_or_init(|| handler);
        let bits = sites.into_iter().fold(0, |bits, site| bits | site as u32);
        ARMED.store(bits, Ordering::Release);
    }

    /// The thread is at a site, with this memory in its hands.
    #[inline]
    pub(crate) fn at<T: ?Sized>(site: Site, memory: *const T) {
        if ARMED.load(Ordering::Relaxed) & site as u32 != 0 {
            reached(&Reached { site, address: memory.addr() });
        }
    }

    #[cold]
    fn reached(reached: &Reached) {
        if let Some(handler) = HANDLER.get() {
            handler(reached);
        }
    }

    /// The inode of a line of `/proc/self/maps`, if that mapping has the address:
    /// `7f3a5c000000-7f3a5c001000 rw-s 00000000 00:01 4242  /memfd:ganger-sync (deleted)`.
    fn inode(line: &str, address: usize) -> Option<u64> {
        let mut words = line.split_ascii_whitespace();
        let (from, to) = words.next()?.split_once('-')?;
        let bound = |hex| usize::from_str_radix(hex, 16).ok();
        (bound(from)?..bound(to)?).contains(&address).then(|| words.nth(3)?.parse().ok())?
    }
}

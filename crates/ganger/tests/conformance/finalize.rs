//! `_TestFinalize` and `_TestAtExit`: what is done at the end of a process. A finalizer is a value that does something when
//! it is dropped.

use ganger::{Connection, Exit, Pipe, Process};

/// Says so when it is dropped.
struct Says(&'static str, Connection);

impl Drop for Says {
    fn drop(&mut self) {
        self.1.send(self.0).unwrap();
    }
}

/// All that a process said, and how it ended.
fn said<F, S>(task: F) -> (Vec<String>, Option<Exit>)
where
    F: ganger::Task<Connection, S, Output: ganger::Portable>,
{
    let (ours, theirs) = Pipe::duplex().unwrap();
    let process = Process::new(task, theirs).unwrap();
    process.start().unwrap();
    let exit = process.join(None).unwrap();
    (std::iter::from_fn(|| ours.recv().ok()).collect(), exit)
}

mod test_finalize {
    use ganger::{Connection, Exit};

    use super::{Says, said};

    fn values(conn: &Connection) -> [Says; 3] {
        ["d01", "d02", "d03"].map(|name| Says(name, conn.try_clone().unwrap()))
    }

    #[ganger::task]
    fn drop_in_order(conn: Connection) {
        drop(Says("a", conn.try_clone().unwrap()));
        let [_d01, _d02, _d03] = values(&conn);
    }

    #[ganger::task]
    fn panic_in_order(conn: Connection) {
        let [_d01, _d02, _d03] = values(&conn);
        panic!("as this test wants it");
    }

    /// Each once, the last made first; if the function panics, too.
    #[test]
    fn test_finalize() {
        assert_eq!(said(drop_in_order), (["a", "d03", "d02", "d01"].map(str::to_owned).into(), Some(Exit::Code(0))));
        assert_eq!(said(panic_in_order), (["d03", "d02", "d01"].map(str::to_owned).into(), Some(Exit::Code(101))));
    }
}

mod test_at_exit {
    use std::cell::RefCell;

    use ganger::{Connection, Exit};

    use super::{Says, said};

    thread_local! {
        static LAST: RefCell<Option<Says>> = const { RefCell::new(None) };
    }

    #[ganger::task]
    fn register(conn: Connection) {
        LAST.set(Some(Says("at exit", conn)));
    }

    #[test]
    fn test_atexit() {
        assert_eq!(said(register), (vec!["at exit".to_owned()], Some(Exit::Code(0))));
    }
}

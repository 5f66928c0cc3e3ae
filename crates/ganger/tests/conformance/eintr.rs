//! `TestIgnoreEINTR`, `_TestPollEintr`.

mod test_ignore_eintr {
    use std::fs;

    use ganger::connection::Address;
    use ganger::{Client, Connection, Listener, Pipe};
    use ganger_sys::{Door, Signal};
    use nix::sys::signal::{self, kill};
    use nix::unistd::Pid;

    use crate::away::{PROCESSES, away};
    use crate::deadline::{eventually, on_each};

    /// More than any pipe holds.
    const LARGE: usize = 1 << 20;

    /// From now on a signal interrupts, and ends nothing.
    fn interruptible(conn: &Connection) -> Door {
        let door = Door::open(&[Signal::Hup]).unwrap();
        conn.send(&std::process::id()).unwrap();
        door
    }

    /// Interrupts the process while it waits for something, and leaves it time to take the signal before that comes.
    fn interrupt(pid: u32) {
        let says = |what: &str| fs::read_to_string(format!("/proc/{pid}/status")).unwrap().contains(what);
        eventually("it waits", || says("State:\tS"));
        kill(Pid::from_raw(pid.try_into().unwrap()), signal::Signal::SIGHUP).unwrap();
        eventually("it has taken the signal", || says("ShdPnd:\t0000000000000000") && says("State:\tS"));
    }

    #[ganger::task]
    fn give_back(conn: Connection) -> usize {
        let door = interruptible(&conn);
        conn.send(&conn.recv::<u32>().unwrap()).unwrap();
        for _ in 0..20 {
            conn.send_bytes(&[7; LARGE]).unwrap();
        }
        door.take().len()
    }

    #[test]
    fn test_ignore() {
        on_each(PROCESSES, |method| {
            let (conn, there) = Pipe::duplex().unwrap();
            let child = away(method, give_back, there);
            let pid: u32 = conn.recv().unwrap();
            interrupt(pid);
            conn.send(&1234u32).unwrap();
            assert_eq!(conn.recv::<u32>().unwrap(), 1234);
            interrupt(pid);
            for _ in 0..20 {
                assert_eq!(conn.recv_bytes().unwrap().len(), LARGE);
            }
            assert!(child.join() > 0, "it was interrupted");
        });
    }

    #[ganger::task]
    fn welcome(conn: Connection, address: Address) {
        let _door = interruptible(&conn);
        let listener = Listener::bind(address).unwrap();
        conn.send(listener.address()).unwrap();
        listener.accept().unwrap().send("welcome").unwrap();
    }

    #[test]
    fn test_ignore_listener() {
        on_each(PROCESSES, |method| {
            for family in crate::listener::addresses() {
                let (conn, there) = Pipe::duplex().unwrap();
                let child = away(method, welcome, (there, family));
                let pid: u32 = conn.recv().unwrap();
                let address: Address = conn.recv().unwrap();
                interrupt(pid);
                let client = Client::new().connect(address).unwrap();
                assert_eq!(client.recv::<String>().unwrap(), "welcome");
                child.join();
            }
        });
    }
}

mod test_poll_eintr {
    use std::fs;
    use std::thread;

    use ganger::{Exit, Process};
    use ganger_sys::{Door, Signal};
    use nix::sys::signal::{self, kill};

    use crate::support::alone::alone;
    use crate::support::{Gate, eventually, hold};

    #[test]
    fn test_poll_eintr() {
        alone("eintr::test_poll_eintr::test_poll_eintr", |_| {
            let (door, gate) = (Door::open(&[Signal::Hup]).unwrap(), Gate::new());
            let process = Process::new(hold, gate.path()).unwrap();
            process.start().unwrap();
            gate.await_begun(1);
            let tid = nix::unistd::gettid();
            let asleep = move || fs::read_to_string(format!("/proc/self/task/{tid}/stat")).unwrap().contains(") S ");
            let killer = thread::spawn(move || {
                for _ in 0..3 {
                    eventually("it joins", asleep);
                    kill(nix::unistd::getpid(), signal::Signal::SIGHUP).unwrap();
                }
                eventually("it joins again", asleep);
                gate.open();
            });
            assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
            killer.join().unwrap();
            eventually("the signal has come", || !door.take().is_empty());
        });
    }
}

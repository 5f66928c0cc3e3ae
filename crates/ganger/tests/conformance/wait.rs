//! `TestWait`.

mod test_wait {
    use std::collections::BTreeSet;
    use std::net::{TcpListener, TcpStream};
    use std::process::{Command, Stdio};
    use std::thread;
    use std::time::{Duration, Instant};

    use ganger::connection::{Address, Waitable, wait};
    use ganger::{Client, Connection, Listener, Pipe, StartMethod};

    use crate::away::{Away, PROCESSES, away};
    use crate::deadline::on_each;
    use crate::listener::addresses;

    const NOW: Option<Duration> = Some(Duration::ZERO);
    const MESSAGES: u32 = 10;

    fn send_all(conn: &Connection, pause: impl Fn(u32)) -> u32 {
        let pid = std::process::id();
        for number in 0..MESSAGES {
            pause(pid % 3 + number % 2);
            conn.send(&(number, pid)).unwrap();
        }
        pid
    }

    #[ganger::task]
    fn send_ten(conn: Connection) -> u32 {
        send_all(&conn, |_| {})
    }

    #[ganger::task]
    fn send_ten_slowly(conn: Connection) -> u32 {
        send_all(&conn, |n| thread::sleep(n * Duration::from_millis(2)))
    }

    #[ganger::task]
    fn connect_and_send_ten(address: Address) -> u32 {
        send_all(&Client::new().connect(address).unwrap(), |_| {})
    }

    /// Receives from all until all are at their end.
    fn gather(mut readers: Vec<Connection>) -> BTreeSet<(u32, u32)> {
        let mut seen = BTreeSet::new();
        while !readers.is_empty() {
            let ready = wait(&readers, None).unwrap();
            for number in ready.into_iter().rev() {
                match readers[number].recv() {
                    Ok(message) => assert!(seen.insert(message)),
                    Err(error) => {
                        assert!(error.is_disconnected(), "{error}");
                        readers.swap_remove(number);
                    }
                }
            }
        }
        seen
    }

    fn assert_all(seen: &BTreeSet<(u32, u32)>, children: [Away<u32>; 4]) {
        let expected: BTreeSet<_> =
            children.into_iter().map(Away::join).flat_map(|pid| (0..MESSAGES).map(move |n| (n, pid))).collect();
        assert_eq!((seen, seen.len()), (&expected, 40));
    }

    fn over_pipes(method: StartMethod, begin: fn(StartMethod, Connection) -> Away<u32>) {
        let mut readers = Vec::new();
        let children = [(); 4].map(|()| {
            let (reader, writer) = Pipe::one_way().unwrap();
            readers.push(reader);
            begin(method, writer)
        });
        assert_all(&gather(readers), children);
    }

    #[test]
    fn test_wait() {
        on_each(PROCESSES, |method| over_pipes(method, |method, end| away(method, send_ten, end)));
    }

    #[test]
    fn test_wait_slow() {
        on_each(PROCESSES, |method| {
            over_pipes(method, |method, end| away(method, send_ten_slowly, end));
        });
    }

    #[test]
    fn test_wait_socket() {
        on_each(PROCESSES, |method| {
            for family in addresses() {
                let listener = Listener::bind(family).unwrap();
                let children = [(); 4].map(|()| away(method, connect_and_send_ten, listener.address().clone()));
                assert_eq!(wait([&listener], None).unwrap(), [0]);
                let readers = children.iter().map(|_| listener.accept().unwrap()).collect();
                assert_all(&gather(readers), children);
            }
        });
    }

    #[test]
    fn test_wait_timeout() {
        let ((one, _end), (two, there)) = (Pipe::duplex().unwrap(), Pipe::duplex().unwrap());
        let (began, short) = (Instant::now(), Duration::from_millis(20));
        assert_eq!(wait([&one, &two], Some(short)).unwrap(), [0; 0]);
        assert!(began.elapsed() >= short);
        there.send(&()).unwrap();
        assert_eq!(wait([&one, &two], None).unwrap(), [1]);
    }

    #[test]
    fn test_wait_integer() {
        let ((one, here), (two, there)) = (Pipe::duplex().unwrap(), Pipe::duplex().unwrap());
        let mut process = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let sentinel = process.stdout.take().unwrap();
        let all: [&dyn Waitable; 3] = [&one, &sentinel, &two];
        assert_eq!(wait(all, NOW).unwrap(), [0; 0]);
        here.send(&()).unwrap();
        assert_eq!(wait(all, None).unwrap(), [0]);
        drop(process.stdin.take());
        process.wait().unwrap();
        there.send(&()).unwrap();
        assert_eq!(wait(all, None).unwrap(), [0, 1, 2]);
        one.recv::<()>().unwrap();
        assert_eq!(wait(all, None).unwrap(), [1, 2]);
    }

    #[test]
    fn test_neg_timeout() {
        let (one, _end) = Pipe::duplex().unwrap();
        assert_eq!(wait([&one], NOW).unwrap(), [0; 0], "time has no sign here: zero is the least");
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        assert_eq!(wait([&listener], NOW).unwrap(), [0; 0]);
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(wait([&one as &dyn Waitable, &listener], None).unwrap(), [1]);
    }
}

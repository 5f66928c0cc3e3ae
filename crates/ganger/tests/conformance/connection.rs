//! `_TestConnection`, `_TestPoll`, `_TestPicklingConnections`.

use ganger::Connection;
/// Sends back what comes, to the first empty message.
#[ganger::task]
fn echo(conn: Connection) {
    loop {
        let message = conn.recv_bytes().unwrap();
        if message.is_empty() {
            return;
        }
        conn.send_bytes(&message).unwrap();
    }
}

/// Ends [`echo`].
fn end(conn: &Connection) {
    conn.send_bytes(b"").unwrap();
}

mod test_connection {
    use std::fs::File;
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsRawFd;
    use std::time::{Duration, Instant};

    use ganger::{Connection, Descriptor, Pipe, StartMethod};

    use super::{echo, end};
    use crate::away::{BOTH, PROCESSES, away};
    use crate::deadline::on_each;

    #[test]
    fn test_connection() {
        on_each(BOTH, |method| {
            let (conn, there) = Pipe::duplex().unwrap();
            let child = away(method, echo, there);
            values_and_bytes(&conn);
            buffers(&conn);
            polls(&conn);
            large(&conn);
            end(&conn);
            child.join();
            assert!(conn.poll(None).unwrap(), "the end is something to receive");
            assert!(conn.recv::<u8>().unwrap_err().is_disconnected());
            assert!(conn.send(&1).unwrap_err().is_disconnected());
        });
    }

    fn values_and_bytes(conn: &Connection) {
        let sequence = (1, 2.25, None::<u8>);
        conn.send(&sequence).unwrap();
        assert_eq!(conn.recv::<(i32, f64, Option<u8>)>().unwrap(), sequence);
        conn.send_bytes(b"hello world").unwrap();
        assert_eq!(conn.recv_bytes().unwrap(), b"hello world");
    }

    fn buffers(conn: &Connection) {
        let mut buffer = [0; 20];
        conn.send_bytes(b"hello").unwrap();
        assert_eq!(conn.recv_bytes_into(&mut buffer).unwrap(), 5);
        assert_eq!(&buffer[..6], b"hello\0");
        conn.send_bytes(&b"bright, hello"[8..]).unwrap();
        assert_eq!(conn.recv_bytes_into(&mut buffer[3..]).unwrap(), 5);
        assert_eq!(&buffer[..9], b"helhello\0");
        conn.send_bytes(&[7; 40]).unwrap();
        let error = conn.recv_bytes_into(&mut buffer).unwrap_err();
        assert_eq!(error.buffer_too_short(), Some(&[7; 40][..]));
    }

    fn polls(conn: &Connection) {
        let short = Duration::from_millis(20);
        assert!(!conn.poll(Some(Duration::ZERO)).unwrap());
        let began = Instant::now();
        assert!(!conn.poll(Some(short)).unwrap());
        assert!(began.elapsed() >= short);
        assert!(conn.recv_timeout::<u8>(short).unwrap_err().is_timeout());
        conn.send("something").unwrap();
        assert!(conn.poll(None).unwrap());
        assert_eq!(conn.recv::<String>().unwrap(), "something");
    }

    fn large(conn: &Connection) {
        let message: Vec<u8> = (0..16 << 20).map(|n: u32| (n % 251) as u8).collect();
        conn.send_bytes(&message).unwrap();
        assert!(conn.recv_bytes().unwrap() == message);
    }

    #[test]
    fn test_duplex_false() {
        let (reader, writer) = Pipe::one_way().unwrap();
        writer.send(&1).unwrap();
        assert_eq!(reader.recv::<i32>().unwrap(), 1);
        assert_eq!((reader.readable(), reader.writable()), (true, false));
        assert_eq!((writer.readable(), writer.writable()), (false, true));
        assert!(reader.send(&2).unwrap_err().is_wrong_direction());
        assert!(writer.recv::<i32>().unwrap_err().is_wrong_direction());
        assert!(writer.poll(Some(Duration::ZERO)).unwrap_err().is_wrong_direction());
    }

    #[test]
    fn test_spawn_close() {
        on_each(BOTH, |method| {
            let (conn, mut there) = Pipe::duplex().unwrap();
            let child = away(method, echo, there.try_clone().unwrap());
            there.close();
            conn.send_bytes(b"hello").unwrap();
            assert_eq!(conn.recv_bytes().unwrap(), b"hello");
            end(&conn);
            child.join();
        });
    }

    #[ganger::task]
    fn write_into_file(conn: Connection) {
        let (file, bytes): (Descriptor, Vec<u8>) = conn.recv().unwrap();
        File::from(file.into_fd().unwrap()).write_all(&bytes).unwrap();
    }

    fn fd_transfer(method: StartMethod, mut file: File) {
        let (conn, there) = Pipe::duplex().unwrap();
        let child = away(method, write_into_file, there);
        conn.send(&(Descriptor::from(file.try_clone().unwrap()), b"foo".to_vec())).unwrap();
        child.join();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "foo");
    }

    #[test]
    fn test_fd_transfer() {
        on_each(PROCESSES, |method| fd_transfer(method, tempfile::tempfile().unwrap()));
    }

    #[test]
    fn test_large_fd_transfer() {
        on_each(PROCESSES, |method| {
            let others: Vec<File> = (0..257).map(|_| File::open("/dev/null").unwrap()).collect();
            let file = tempfile::tempfile().unwrap();
            assert!(file.as_raw_fd() > 256, "{} files are open", others.len());
            fd_transfer(method, file);
        });
    }

    /// As a value with a descriptor, but without one.
    #[ganger::task]
    fn send_no_descriptor(conn: Connection) {
        conn.send(&(0u32, 0u32)).unwrap();
    }

    #[test]
    fn test_missing_fd_transfer() {
        on_each(PROCESSES, |method| {
            let (conn, there) = Pipe::duplex().unwrap();
            let child = away(method, send_no_descriptor, there);
            let error = conn.recv::<Descriptor>().unwrap_err();
            assert!(error.is_codec() && error.to_string().contains("did not come with the message"), "{error}");
            child.join();
        });
    }

    #[test]
    fn test_context() {
        let (mut one, mut two) = Pipe::duplex().unwrap();
        {
            let (lent, other) = (&one, &two);
            lent.send(&1729).unwrap();
            assert_eq!(other.recv::<i32>().unwrap(), 1729);
        }
        one.close();
        two.close();
        two.close();
        assert!(one.closed() && two.closed());
        assert!(one.recv::<i32>().unwrap_err().is_closed());
        assert!(two.send(&1).unwrap_err().is_closed());
        assert!(one.poll(None).unwrap_err().is_closed());
        assert!(one.fileno().unwrap_err().is_closed());
    }
}

mod test_invalid_handle {
    use std::fs::File;

    use ganger::Connection;

    #[test]
    fn test_invalid_handles() {
        let null = File::open("/dev/null").unwrap();
        assert!(Connection::from_fd(null.into()).unwrap_err().is_malformed());
        let alone = std::os::unix::net::UnixDatagram::unbound().unwrap();
        assert!(Connection::from_fd(alone.into()).unwrap_err().is_malformed());
    }
}

mod test_poll {
    use std::thread;
    use std::time::Duration;

    use ganger::{Connection, Pipe};

    use crate::away::{BOTH, away};
    use crate::deadline::{eventually, on_each};

    const NOW: Option<Duration> = Some(Duration::ZERO);

    #[test]
    fn test_empty_string() {
        let (one, two) = Pipe::duplex().unwrap();
        assert!(!one.poll(NOW).unwrap());
        two.send_bytes(b"").unwrap();
        assert!(one.poll(NOW).unwrap());
        assert!(one.poll(NOW).unwrap());
        assert_eq!(one.recv_bytes().unwrap(), b"");
        assert!(!one.poll(NOW).unwrap());
    }

    const STRINGS: [&[u8]; 5] = [b"hello", b"", b"a", b"b", b"bye"];

    #[ganger::task]
    fn send_strings(conn: Connection) {
        for string in STRINGS {
            thread::sleep(Duration::from_millis(3));
            conn.send_bytes(string).unwrap();
        }
    }

    #[test]
    fn test_strings() {
        on_each(BOTH, |method| {
            let (reader, writer) = Pipe::one_way().unwrap();
            let child = away(method, send_strings, writer);
            for string in STRINGS {
                eventually("a string", || reader.poll(NOW).unwrap());
                assert_eq!(reader.recv_bytes().unwrap(), string);
            }
            child.join();
        });
    }

    #[ganger::task]
    fn only_poll(conn: Connection) -> bool {
        conn.poll(None).unwrap()
    }

    #[test]
    fn test_boundaries() {
        on_each(BOTH, |method| {
            let (reader, mut writer) = Pipe::one_way().unwrap();
            let child = away(method, only_poll, reader.try_clone().unwrap());
            writer.send_bytes(b"first").unwrap();
            writer.send_bytes(b"second").unwrap();
            writer.close();
            assert!(child.join());
            assert_eq!(reader.recv_bytes().unwrap(), b"first");
            assert_eq!(reader.recv_bytes().unwrap(), b"second");
            assert!(reader.recv_bytes().unwrap_err().is_disconnected());
        });
    }
}

mod test_pickling_connections {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use ganger::connection::Address;
    use ganger::{Client, Connection, Descriptor, Listener, Pipe};

    use crate::away::{PROCESSES, away};
    use crate::deadline::on_each;
    use crate::listener::addresses;

    /// Accepts a connection of each family and hands it on; then one that is only a socket.
    #[ganger::task]
    fn accept_and_pass(conn: Connection) {
        for family in addresses() {
            let listener = Listener::bind(family).unwrap();
            conn.send(listener.address()).unwrap();
            conn.send(&listener.accept().unwrap()).unwrap();
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        conn.send(&Address::from(listener.local_addr().unwrap())).unwrap();
        conn.send(&Descriptor::from(listener.accept().unwrap().0)).unwrap();
    }

    /// Connects to what it is told of, and says what it is told to, in capitals.
    #[ganger::task]
    fn connect_and_say(conn: Connection) {
        while let Some((address, word)) = conn.recv::<Option<(Address, String)>>().unwrap() {
            Client::new().connect(address).unwrap().send(&word.to_uppercase()).unwrap();
        }
        let Address::Tcp(address) = conn.recv().unwrap() else { panic!("TCP was said") };
        TcpStream::connect(address).unwrap().write_all(b"RAW").unwrap();
    }

    #[test]
    fn test_pickling() {
        on_each(PROCESSES, |method| {
            let ((listening, there), (saying, elsewhere)) = (Pipe::duplex().unwrap(), Pipe::duplex().unwrap());
            let children = (away(method, accept_and_pass, there), away(method, connect_and_say, elsewhere));
            for _ in addresses() {
                let address: Address = listening.recv().unwrap();
                saying.send(&Some((address, "this connection was passed"))).unwrap();
                let passed: Connection = listening.recv().unwrap();
                assert_eq!(passed.recv::<String>().unwrap(), "THIS CONNECTION WAS PASSED");
                assert!(passed.recv::<String>().unwrap_err().is_disconnected());
            }
            saying.send(&None::<(Address, String)>).unwrap();
            saying.send(&listening.recv::<Address>().unwrap()).unwrap();
            let mut socket = TcpStream::from(listening.recv::<Descriptor>().unwrap().into_fd().unwrap());
            let mut text = String::new();
            socket.read_to_string(&mut text).unwrap();
            assert_eq!(text, "RAW");
            children.0.join();
            children.1.join();
        });
    }

    #[ganger::task]
    fn use_ends(conn: Connection) {
        let writer: Connection = conn.recv().unwrap();
        assert_eq!((writer.readable(), writer.writable()), (false, true));
        writer.send("all is well").unwrap();
        drop(writer);
        let reader: Connection = conn.recv().unwrap();
        assert_eq!((reader.readable(), reader.writable()), (true, false));
        conn.send(&(reader.recv::<String>().unwrap() + "!")).unwrap();
    }

    #[test]
    fn test_access() {
        on_each(PROCESSES, |method| {
            let (conn, there) = Pipe::duplex().unwrap();
            let child = away(method, use_ends, there);
            let (reader, mut writer) = Pipe::one_way().unwrap();
            conn.send(&writer).unwrap();
            writer.close();
            assert_eq!(reader.recv::<String>().unwrap(), "all is well");
            assert!(reader.recv::<String>().unwrap_err().is_disconnected());
            let (mut reader, writer) = Pipe::one_way().unwrap();
            conn.send(&reader).unwrap();
            reader.close();
            writer.send("foobar").unwrap();
            assert_eq!(conn.recv::<String>().unwrap(), "foobar!");
            child.join();
        });
    }
}

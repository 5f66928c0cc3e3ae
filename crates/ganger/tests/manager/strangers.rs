//! Who does not know the key, or what is said here.

use std::io::{Read, Write};
use std::net::TcpStream;

use ganger::manager::{Manager, ManagerError, QueueProxy};
use ganger::{Client, Connection, Pipe};

use crate::deadline::bounded;
use crate::over_tcp;

fn both() -> [Manager; 2] {
    [Manager::builder().authkey("sesame").start().unwrap(), over_tcp()]
}

fn serves(manager: &Manager) {
    let list = manager.list().unwrap();
    list.push(&7).unwrap();
    assert_eq!(list.to_vec().unwrap(), [7]);
    assert!(Manager::connect(manager.address(), "sesame").is_ok());
}

#[test]
fn a_wrong_key_is_told_on_both_sides() {
    bounded("wrong keys", || {
        for manager in both() {
            for key in ["Sesame", "", "sesame "] {
                let refused = Manager::connect(manager.address(), key).unwrap_err();
                assert!(matches!(&refused, ManagerError::Connection(e) if e.is_authentication()), "{refused}");
            }
            let keyless = Client::new().connect(manager.address()).unwrap();
            assert!(keyless.recv::<u8>().unwrap_err().is_authentication());
            serves(&manager);
        }
    });
}

#[test]
fn who_says_nothing_holds_nobody_up() {
    bounded("silent clients", || {
        let manager = over_tcp();
        let silent: Vec<_> = (0..20).map(|_| TcpStream::connect(manager.address().to_string()).unwrap()).collect();
        serves(&manager);
        drop(silent);
    });
}

#[test]
fn strangers_bytes_end_their_own_connection() {
    bounded("strangers", || {
        let manager = over_tcp();
        let head = [b"GngC\x01\0\0\0", &u64::MAX.to_le_bytes()[..]].concat();
        for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 1000], &head, b"Gn"] {
            let mut stranger = TcpStream::connect(manager.address().to_string()).unwrap();
            stranger.write_all(bytes).unwrap();
            // What the server says is a challenge at most, and then it hangs up: maybe before this end does, and by force if
            // something was left unread.
            let _ = stranger.shutdown(std::net::Shutdown::Write);
            let _ = stranger.read_to_end(&mut Vec::new());
        }
        serves(&manager);
    });
}

/// Let in, and after its hello.
fn let_in(manager: &Manager) -> Connection {
    let client = Client::new().authkey("sesame").connect(manager.address()).unwrap();
    client.send(&(0u32, 1u32, None::<u64>)).unwrap();
    let (welcome, _server) = client.recv::<(u32, u64)>().unwrap();
    assert_eq!(welcome, 0);
    client
}

#[test]
fn garbage_from_one_who_was_let_in_ends_his_connection_alone() {
    bounded("garbage", || {
        for manager in both() {
            let lock = manager.lock().unwrap();
            for garbage in [&b""[..], b"x", &[255; 100], &[7; 70 << 10]] {
                let client = let_in(&manager);
                client.send_bytes(garbage).unwrap();
                assert!(client.recv_bytes().unwrap_err().is_disconnected());
            }
            assert!(lock.lock().is_ok());
            serves(&manager);
        }
    });
}

#[test]
fn a_size_that_lies_is_not_believed() {
    bounded("sizes", || {
        for manager in both() {
            let client = let_in(&manager);
            let head = [b"GngC\0\0\0\0", &(u64::MAX - 1).to_le_bytes()[..]].concat();
            nix::unistd::write(client.fileno().unwrap(), &head).unwrap();
            assert!(client.recv_bytes().unwrap_err().is_disconnected());
            serves(&manager);
        }
    });
}

#[test]
fn another_protocol_is_refused() {
    let manager = over_tcp();
    let client = Client::new().authkey("sesame").connect(manager.address()).unwrap();
    client.send(&(0u32, 99u32, None::<u64>)).unwrap();
    let (refused, ours, _server) = client.recv::<(u32, u32, u64)>().unwrap();
    assert_eq!((refused, ours), (1, 1));
    assert!(client.recv_bytes().unwrap_err().is_disconnected());
}

#[test]
fn calls_that_do_not_fit_are_told() {
    let manager = Manager::start().unwrap();
    let queue = manager.queue::<u8>(0).unwrap();
    manager.publish("queue", &queue).unwrap();
    let list: ganger::manager::ListProxy<u8> = manager.find("queue").unwrap();
    assert!(matches!(list.len(), Err(ManagerError::WrongType { .. })));
    let words: QueueProxy<String> = manager.find("queue").unwrap();
    words.put(&"three".to_owned()).unwrap();
    assert!(matches!(queue.get(), Err(ManagerError::NotPortable { .. })));
    let other = Manager::start().unwrap();
    assert!(matches!(other.publish("queue", &queue), Err(ManagerError::WrongType { .. })));
}

#[test]
fn a_key_does_not_travel_over_tcp() {
    let manager = over_tcp();
    let list = manager.list::<u8>().unwrap();
    let listener = ganger::Listener::bind(("127.0.0.1", 0)).unwrap();
    let sender = Client::new().connect(listener.address()).unwrap();
    let receiver = listener.accept().unwrap();
    sender.send(&list).unwrap();
    let bytes = receiver.recv_bytes().unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"sesame"));
    // Who has connected to the manager, as this process has, needs none.
    sender.send(&list).unwrap();
    let same: ganger::manager::ListProxy<u8> = receiver.recv().unwrap();
    assert_eq!(same, list);
    let (here, there) = Pipe::duplex().unwrap();
    here.send(&list).unwrap();
    assert!(there.recv_bytes().unwrap().windows(6).any(|window| window == b"sesame"));
}

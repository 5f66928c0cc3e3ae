//! `_TestListener`, `_TestListenerClient`, `OtherTest`, `ChallengeResponseTest`, `TestInvalidFamily`.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use ganger::connection::Address;

/// An address of each family that nobody has: where the port or the name is free.
pub(crate) fn addresses() -> [Address; 3] {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("ganger-conformance-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
    [
        Address::Unix(std::env::temp_dir().join(&name)),
        Address::Abstract(name.into_bytes()),
        Address::try_from(("127.0.0.1", 0)).unwrap(),
    ]
}

mod test_listener {
    use std::thread;

    use ganger::connection::Address;
    use ganger::{Client, Listener};

    use super::addresses;

    #[test]
    fn test_multiple_bind() {
        for family in addresses() {
            let listener = Listener::bind(family).unwrap();
            let error = Listener::bind(listener.address()).unwrap_err();
            assert!(error.is_address_in_use(), "{error}");
        }
    }

    #[test]
    fn test_context() {
        for family in addresses() {
            let mut listener = Listener::bind(family).unwrap();
            let client = Client::new().connect(listener.address()).unwrap();
            let accepted = listener.accept().unwrap();
            client.send(&1729).unwrap();
            assert_eq!(accepted.recv::<i32>().unwrap(), 1729);
            listener.close();
            listener.close();
            assert!(listener.accept().unwrap_err().is_closed());
            if let Address::Unix(path) = listener.address() {
                assert!(!path.exists(), "the socket's file is removed");
            }
            assert!(Client::new().connect(listener.address()).unwrap_err().is_refused());
        }
    }

    #[test]
    fn test_empty_authkey() {
        for family in addresses() {
            let listener = Listener::builder().authkey("").bind(family).unwrap();
            let address = listener.address().clone();
            let client = thread::spawn(move || Client::new().authkey("").connect(address).unwrap().send(&1729));
            assert_eq!(listener.accept().unwrap().recv::<i32>().unwrap(), 1729);
            client.join().unwrap().unwrap();
        }
    }
}

mod test_listener_client {
    use ganger::connection::Address;
    use ganger::{Client, Listener};

    use super::addresses;
    use crate::away::{BOTH, away};
    use crate::deadline::on_each;

    #[ganger::task]
    fn say_hello(address: Address) {
        Client::new().connect(address).unwrap().send("hello").unwrap();
    }

    #[test]
    fn test_listener_client() {
        on_each(BOTH, |method| {
            for family in addresses() {
                let listener = Listener::bind(family).unwrap();
                let child = away(method, say_hello, listener.address().clone());
                assert_eq!(listener.accept().unwrap().recv::<String>().unwrap(), "hello");
                let tcp = matches!(listener.address(), Address::Tcp(_));
                assert_eq!(listener.last_accepted().is_some(), tcp);
                child.join();
            }
        });
    }

    #[test]
    fn test_issue14725() {
        on_each(BOTH, |method| {
            for family in addresses() {
                let listener = Listener::bind(family).unwrap();
                away(method, say_hello, listener.address().clone()).join();
                let accepted = listener.accept().unwrap();
                assert_eq!(accepted.recv::<String>().unwrap(), "hello");
                assert!(accepted.recv::<String>().unwrap_err().is_disconnected());
            }
        });
    }

    #[test]
    fn test_issue16955() {
        for family in addresses() {
            let listener = Listener::bind(family).unwrap();
            let client = Client::new().connect(listener.address()).unwrap();
            let accepted = listener.accept().unwrap();
            accepted.send_bytes(b"hello").unwrap();
            assert!(client.poll(None).unwrap());
            assert_eq!(client.recv_bytes().unwrap(), b"hello");
        }
    }
}

mod other_test {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use ganger::{Client, Listener};

    const CHALLENGE: &[u8] = b"#CHALLENGE#{sha256}";

    /// Sends a message of the handshake, as it is on the wire.
    fn say(socket: &mut TcpStream, body: &[u8]) {
        let head = [b"GngC\x01\0\0\0", &(body.len() as u64).to_le_bytes()[..]].concat();
        socket.write_all(&[&head, body].concat()).unwrap();
    }

    /// Takes one of `len` bytes.
    fn hear(socket: &mut TcpStream, len: usize) -> Vec<u8> {
        let mut message = vec![0; 16 + len];
        socket.read_exact(&mut message).unwrap();
        message.split_off(16)
    }

    #[test]
    fn test_deliver_challenge_auth_failure() {
        let listener = Listener::builder().authkey("abc").bind(("127.0.0.1", 0)).unwrap();
        let address = listener.address().to_string();
        let stranger = thread::spawn(move || {
            let mut socket = TcpStream::connect(address).unwrap();
            assert!(hear(&mut socket, CHALLENGE.len() + 40).starts_with(CHALLENGE));
            say(&mut socket, b"something bogus");
            assert_eq!(hear(&mut socket, 9), b"#FAILURE#");
        });
        let error = listener.accept().unwrap_err();
        assert!(error.is_authentication(), "{error}");
        stranger.join().unwrap();
    }

    #[test]
    fn test_answer_challenge_auth_failure() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stranger = thread::spawn(move || {
            for (challenge, verdict) in [(&b"bogus"[..], None), (CHALLENGE, Some(b"something bogus"))] {
                let (mut socket, _) = listener.accept().unwrap();
                say(&mut socket, &if verdict.is_some() { [challenge, &[7; 40]].concat() } else { challenge.to_vec() });
                if let Some(verdict) = verdict {
                    hear(&mut socket, 8 + 32);
                    say(&mut socket, verdict);
                }
            }
        });
        for _ in 0..2 {
            let error = Client::new().authkey("abc").connect(address).unwrap_err();
            assert!(error.is_authentication(), "{error}");
        }
        stranger.join().unwrap();
    }
}

mod challenge_response_test {
    use std::thread;

    use ganger::{Client, ConnectionError, Listener};

    use super::addresses;

    /// What the listener and the client say of one another.
    fn meet(listener: Listener, client: Client) -> [Result<(), ConnectionError>; 2] {
        let address = listener.address().clone();
        let client = thread::spawn(move || client.connect(address).map(drop));
        [listener.accept().map(drop), client.join().unwrap()]
    }

    #[test]
    fn test_challengeresponse() {
        for family in addresses() {
            let listener = || Listener::builder().authkey("mykey").bind(&family).unwrap();
            assert!(meet(listener(), Client::new().authkey("mykey")).iter().all(Result::is_ok));
            for error in meet(listener(), Client::new().authkey("mykez")).map(Result::unwrap_err) {
                assert!(error.is_authentication(), "{error}");
            }
        }
    }
}

mod test_invalid_family {
    use ganger::{Client, Listener};

    #[test]
    fn test_invalid_family() {
        assert!(Listener::bind(r"\\.\test").unwrap_err().is_invalid_address());
        assert!(Client::new().connect(r"\\.\test").unwrap_err().is_invalid_address());
        assert!(Listener::bind("").unwrap_err().is_invalid_address());
        assert!(Listener::bind(&"long".repeat(30)[..]).unwrap_err().is_invalid_address());
    }
}

mod test_manager_restart {
    use ganger::connection::Address;
    use ganger::{Client, Listener};

    /// What a manager listens at is a listener's: its port can be had again at once, though a client was connected.
    #[test]
    fn test_rapid_restart() {
        let mut listener = Listener::bind(Address::try_from(("127.0.0.1", 0)).unwrap()).unwrap();
        for n in 0..3 {
            let client = Client::new().connect(listener.address()).unwrap();
            listener.accept().unwrap().send(&n).unwrap();
            assert_eq!(client.recv::<i32>().unwrap(), n);
            listener.close();
            listener = Listener::bind(listener.address()).unwrap();
        }
    }
}

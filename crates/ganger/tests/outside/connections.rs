//! Pipes and connections at their limits: strangers, sizes that lie, time, many processes at one end, and their deaths.
//! What they do as a rule is in `../conformance`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use ganger::{Client, Connection, Descriptor, Listener, Pipe, StartMethod};

use crate::support::{ALL, PATIENCE, PROCESSES, WORKERS, bounded, eventually, on_each, pool};

const SHORT: Duration = Duration::from_millis(20);

/// A message's head, as it is on the wire.
fn head(kind: u8, size: u64) -> Vec<u8> {
    [b"GngC", &[kind, 0, 0, 0][..], &size.to_le_bytes()].concat()
}

fn listener() -> Listener {
    Listener::bind(("127.0.0.1", 0)).unwrap()
}

/// A stranger's socket, and the connection that the listener makes of it.
fn stranger(listener: &Listener) -> (TcpStream, Connection) {
    let socket = TcpStream::connect(listener.address().to_string()).unwrap();
    (socket, listener.accept().unwrap())
}

fn over_tcp() -> (Connection, Connection) {
    let listener = listener();
    let client = Client::new().connect(listener.address()).unwrap();
    (client, listener.accept().unwrap())
}

#[test]
fn a_strangers_bytes_are_told_and_not_believed() {
    let listener = listener();
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 100], &head(2, 1), &[head(0, 1), vec![7; 30]].concat()] {
        let (mut socket, connection) = stranger(&listener);
        socket.write_all(bytes).unwrap();
        let refused = (0..2).map(|_| connection.recv_bytes()).find_map(Result::err).unwrap();
        assert!(refused.is_malformed(), "{refused}");
        assert!(connection.recv_bytes().is_err());
    }
}

#[test]
fn a_strangers_packet_is_dropped_and_the_next_is_received() {
    let (one, two) = Pipe::duplex().unwrap();
    for garbage in [&b"x"[..], &head(0, 5), &head(9, 0), &[7; 70 << 10], &[head(0, 1 << 40), vec![0; 9]].concat()] {
        nix::unistd::write(one.fileno().unwrap(), garbage).unwrap();
        one.send("next").unwrap();
        let error = two.recv_bytes().unwrap_err();
        assert!(error.is_malformed() || error.is_too_large(), "{error}");
        assert_eq!(two.recv::<String>().unwrap(), "next");
    }
}

#[test]
fn a_size_is_believed_when_its_bytes_have_come() {
    let listener = listener();
    let (mut socket, mut connection) = stranger(&listener);
    connection.set_message_limit(u64::MAX);
    socket.write_all(&[head(0, u64::MAX - 1), vec![7; 100]].concat()).unwrap();
    assert!(connection.recv_timeout::<u8>(SHORT).unwrap_err().is_timeout());
    drop(socket);
    assert!(connection.recv::<u8>().unwrap_err().is_disconnected());
}

#[test]
fn what_is_above_the_limit_is_refused_at_both_ends() {
    let (one, mut two) = Pipe::duplex().unwrap();
    two.set_message_limit(100);
    assert!(two.send_bytes(&[0; 101]).unwrap_err().is_too_large());
    assert!(two.send(&vec![0u8; 100]).unwrap_err().is_too_large());
    one.send_bytes(&[0; 200 << 10]).unwrap();
    one.send_bytes(&[0; 100]).unwrap();
    assert!(two.recv_bytes().unwrap_err().is_too_large());
    assert_eq!(two.recv_bytes().unwrap().len(), 100);
    let (one, mut two) = over_tcp();
    two.set_message_limit(100);
    one.send_bytes(&[0; 101]).unwrap();
    assert!(two.recv_bytes().unwrap_err().is_too_large());
    eventually("the sender learns of it", || one.send_bytes(&[0; 100]).is_err_and(|e| e.is_disconnected()));
}

#[test]
fn another_types_value_is_an_error_and_the_next_is_received() {
    for (one, two) in [Pipe::duplex().unwrap(), over_tcp()] {
        one.send("no number").unwrap();
        one.send(&7u64).unwrap();
        assert!(two.recv::<u64>().unwrap_err().is_codec());
        assert_eq!(two.recv::<u64>().unwrap(), 7);
    }
}

#[test]
fn a_silent_client_holds_nobody_up_for_long() {
    let listener = Listener::builder().authkey("key").handshake_timeout(SHORT).bind_anywhere().unwrap();
    let silent = Client::new().connect(listener.address()).unwrap();
    assert!(listener.accept().unwrap_err().is_authentication());
    let asked = silent.recv::<u8>().unwrap_err();
    assert!(asked.is_authentication() && asked.to_string().contains("give authkey"), "{asked}");
    let _gone = Client::new().connect(listener.address()).map(drop);
    assert!(listener.accept().unwrap_err().is_authentication());
    let address = listener.address().clone();
    let client = thread::spawn(move || eventually("let in", || Client::new().authkey("key").connect(&address).is_ok()));
    eventually("an honest client", || listener.accept().is_ok());
    client.join().unwrap();
    assert!(listener.accept_timeout(SHORT).unwrap_err().is_timeout());
}

#[test]
fn a_key_is_not_shown_to_who_asks_for_none() {
    let listener = Listener::builder().bind_anywhere().unwrap();
    let client = Client::new().authkey("key").timeout(SHORT).connect(listener.address()).unwrap_err();
    assert!(client.is_authentication(), "{client}");
    let accepted = listener.accept().unwrap();
    assert!(accepted.recv::<u8>().unwrap_err().is_disconnected());
}

#[test]
fn a_full_backlog_is_waited_for_no_longer_than_asked() {
    let listener = Listener::builder().backlog(0).bind_anywhere().unwrap();
    let _first = Client::new().connect(listener.address()).unwrap();
    let refused = Client::new().timeout(SHORT).connect(listener.address()).unwrap_err();
    assert!(refused.is_timeout(), "{refused}");
}

#[test]
fn a_socket_file_that_is_not_ours_stays() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("socket");
    let first = Listener::bind(path.as_path()).unwrap();
    std::fs::remove_file(&path).unwrap();
    let second = Listener::bind(path.as_path()).unwrap();
    drop(first);
    assert!(path.exists());
    drop(second);
    assert!(!path.exists());
}

#[test]
fn a_full_pipe_loses_nothing_when_time_is_over() {
    for (one, two) in [Pipe::duplex().unwrap(), over_tcp()] {
        let mut sent = 0u32;
        while one.send_timeout(&sent, SHORT).map_err(|e| assert!(e.is_timeout(), "{e}")).is_ok() {
            sent += 1;
        }
        for number in 0..sent {
            assert_eq!(two.recv_timeout::<u32>(SHORT).unwrap(), number);
        }
    }
}

#[test]
fn a_message_that_comes_in_pieces_is_gone_on_with() {
    let listener = listener();
    let (mut socket, connection) = stranger(&listener);
    let message = [head(0, 4), 0x0403_0201u32.to_le_bytes().to_vec()].concat();
    for piece in [&message[..5], &message[5..17]] {
        socket.write_all(piece).unwrap();
        assert!(connection.recv_timeout::<u32>(SHORT).unwrap_err().is_timeout());
    }
    let (here, _there) = Pipe::duplex().unwrap();
    let refused = here.send(&connection).unwrap_err();
    assert!(refused.is_codec() && refused.to_string().contains("receive it first"), "{refused}");
    socket.write_all(&message[17..]).unwrap();
    assert_eq!(connection.recv::<u32>().unwrap(), 0x0403_0201);
}

#[test]
fn descriptors_go_over_unix_sockets_alone_and_not_too_many() {
    let null = || Descriptor::from(std::fs::File::open("/dev/null").unwrap());
    let many = |count| (0..count).map(|_| null()).collect::<Vec<_>>();
    let (one, two) = over_tcp();
    assert!(one.send(&null()).unwrap_err().is_descriptors());
    one.send(&1).unwrap();
    assert_eq!(two.recv::<i32>().unwrap(), 1);
    let (one, two) = Pipe::duplex().unwrap();
    assert!(one.send(&many(253)).unwrap_err().is_descriptors());
    let large = vec![7u8; 100 << 10];
    one.send(&(many(252), &large)).unwrap();
    let (files, bytes): (Vec<Descriptor>, Vec<u8>) = two.recv().unwrap();
    assert_eq!((files.len(), bytes), (252, large));
    let mut read = String::new();
    std::fs::File::from(files[0].clone().into_fd().unwrap()).read_to_string(&mut read).unwrap();
}

#[test]
fn threads_tear_no_message() {
    for (one, two) in [Pipe::duplex().unwrap(), over_tcp()] {
        bounded("threads at one end", move || {
            thread::scope(|scope| {
                for thread in 0..3u8 {
                    let one = &one;
                    scope.spawn(move || (0..30).for_each(|n| one.send_bytes(&body(thread, n)).unwrap()));
                }
                let receive = || {
                    (0..45).for_each(|_| {
                        assert_whole(&two.recv_bytes().unwrap());
                    })
                };
                scope.spawn(receive);
                scope.spawn(receive);
            });
        });
    }
}

#[ganger::task]
fn say(end: Connection, word: String) -> Connection {
    end.send(&word).unwrap();
    end
}

#[test]
fn an_end_goes_to_a_task_and_comes_back() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        let (reader, writer) = Pipe::one_way().unwrap();
        let again = pool.apply(say, (writer, "there".to_owned())).unwrap();
        assert!(!again.readable());
        again.send("and back").unwrap();
        assert_eq!([reader.recv::<String>().unwrap(), reader.recv().unwrap()], ["there", "and back"]);
    });
}

#[ganger::task]
fn say_and_drop(end: Connection, word: String) {
    end.send(&word).unwrap();
}

#[test]
fn an_end_that_a_task_has_dropped_is_gone() {
    on_each(WORKERS, |method| {
        let pool = pool(method, 1);
        let (reader, writer) = Pipe::one_way().unwrap();
        pool.apply(say_and_drop, (writer, "goodbye".to_owned())).unwrap();
        assert_eq!(reader.recv::<String>().unwrap(), "goodbye");
        let end = reader.recv_timeout::<String>(PATIENCE).unwrap_err();
        assert!(end.is_disconnected(), "{end}");
    });
}

/// A message of many sizes, below and above what a packet holds, of which a part would be found out.
fn body(sender: u8, number: u32) -> Vec<u8> {
    let size = [9, 1000, 70_000, 300_000][number as usize % 4];
    let mut body = vec![sender; size];
    body[..4].copy_from_slice(&number.to_le_bytes());
    body[4..8].copy_from_slice(&(size as u32).to_le_bytes());
    body
}

#[track_caller]
fn assert_whole(message: &[u8]) -> (u8, u32) {
    let number = u32::from_le_bytes(*message.first_chunk().unwrap());
    let sender = message[8];
    assert!(message == body(sender, number), "{} bytes, torn", message.len());
    (sender, number)
}

/// Sends to the end that it is handed for as long as it is let.
#[ganger::task]
fn send_for_ever(end: Connection, sender: u8) {
    (0..).try_for_each(|number| end.send_bytes(&body(sender, number))).unwrap_err();
}

/// Receives to the end, and tells what.
#[ganger::task]
fn receive_all(end: Connection) -> Vec<(u8, u32)> {
    std::iter::from_fn(|| end.recv_bytes().ok()).map(|message| assert_whole(&message)).collect()
}

fn kill_senders(method: StartMethod, rounds: usize) {
    let pool = pool(method, 4);
    for round in 0..rounds {
        let (reader, writer) = Pipe::one_way().unwrap();
        let again = |end: &Connection| end.try_clone().unwrap();
        let [one, two] = [(); 2].map(|()| pool.submit(receive_all, again(&reader)).unwrap());
        let senders = [1, 2].map(|sender| pool.submit(send_for_ever, (again(&writer), sender)).unwrap());
        drop(writer);
        let ours: Vec<_> = (0..round % 17).map(|_| assert_whole(&reader.recv_bytes().unwrap())).collect();
        drop(reader);
        senders.iter().for_each(|sender| assert!(sender.cancel()));
        assert_each_once(&[ours, one.result().unwrap(), two.result().unwrap()].concat());
    }
}

/// Of each sender all that it sent, up to its death.
fn assert_each_once(received: &[(u8, u32)]) {
    let mut numbers: BTreeMap<u8, Vec<u32>> = BTreeMap::new();
    received.iter().for_each(|(sender, number)| numbers.entry(*sender).or_default().push(*number));
    for (sender, mut numbers) in numbers {
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(0..numbers.len() as u32), "of {sender}: {numbers:?}");
    }
}

#[test]
fn senders_that_are_killed_tear_and_lose_nothing() {
    on_each(PROCESSES, |method| kill_senders(method, 25));
}

/// Hands on what comes, to the end.
#[ganger::task]
fn relay(from: Connection, to: Connection) {
    std::iter::from_fn(|| from.recv_bytes().ok()).for_each(|message| to.send_bytes(&message).unwrap());
}

const RELAYED: u32 = 60;

fn kill_receivers(method: StartMethod, rounds: u32) {
    let pool = pool(method, 3);
    for round in 0..rounds {
        let ((from, begin), (end, to)) = (Pipe::one_way().unwrap(), Pipe::one_way().unwrap());
        let args = || (from.try_clone().unwrap(), to.try_clone().unwrap());
        let relays = [(); 3].map(|()| pool.submit(relay, args()).unwrap());
        drop((from, to));
        let sending = thread::spawn(move || (0..RELAYED).for_each(|n| begin.send_bytes(&body(9, n)).unwrap()));
        let mut come = BTreeSet::new();
        while let Ok(message) = end.recv_bytes_timeout(PATIENCE).map_err(|e| assert!(e.is_disconnected(), "{e}")) {
            assert!(come.insert(assert_whole(&message)), "once each");
            if come.len() as u32 == 1 + round % 23 {
                relays[..2].iter().for_each(|relay| assert!(relay.cancel()));
            }
        }
        sending.join().unwrap();
        assert!(come.len() as u32 >= RELAYED - 2, "the dead had one each at most: {come:?}");
    }
}

#[test]
fn receivers_that_are_killed_take_one_message_each_at_most() {
    on_each(PROCESSES, |method| kill_receivers(method, 25));
}

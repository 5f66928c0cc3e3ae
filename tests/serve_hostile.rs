//! Clients that mean harm, at the door: what they send is refused or bounded, the service goes on, and says so in its log.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use serde_json::json;

use crate::sandbox::{Sandbox, eventually};
use crate::serve_doors::{TOKEN, head, raw, status, with_port};
use crate::service::{PATIENCE, Service, get, over, submit};

/// It does what it is there for.
#[track_caller]
fn works(service: &Service<'_>) {
    let mut client = service.client();
    let job = submit(&mut client, &json!({"command": ["true"]}));
    assert_eq!(over(&mut client, job)["state"], json!("succeeded"));
}

/// What comes back over the socket for these bytes; the client says nothing more.
fn answer(service: &Service<'_>, bytes: &[u8]) -> String {
    let mut stream = service.raw();
    // It may have had enough before it has all.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(std::net::Shutdown::Write));
    read(stream)
}

/// To a request that asks for the connection's end: a client that ends it itself may have gone before it is answered.
fn answer_to_the_last(service: &Service<'_>, request: &str) -> String {
    let mut stream = service.raw();
    stream.write_all(request.as_bytes()).expect("it is read");
    read(stream)
}

fn read(mut stream: std::os::unix::net::UnixStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A second request in what some take for the body of the first is never answered.
#[test]
fn a_request_hides_no_other() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let hidden = "GET /v1/queues HTTP/1.1\r\nhost: g\r\n\r\n";
    let length = hidden.len() + 5;
    let with = |lines: &str| format!("POST /v1/nothing HTTP/1.1\r\nhost: g\r\n{lines}\r\n0\r\n\r\n{hidden}");
    for (lines, allowed) in [
        (format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"), &["404", "400"][..]),
        (format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"), &["404", "400"]),
        ("transfer-encoding: chunked\r\n".to_owned(), &["404"]),
        ("transfer-encoding: chunked, identity\r\n".to_owned(), &["400"]),
        ("transfer-encoding: xchunked\r\n".to_owned(), &["400"]),
        ("transfer-encoding : chunked\r\n".to_owned(), &["400"]),
        (format!("content-length: 5\r\ncontent-length: {length}\r\n"), &["400"]),
        ("content-length: 5, 6\r\n".to_owned(), &["400"]),
        ("content-length: +5\r\n".to_owned(), &["400"]),
        ("content-length: -1\r\n".to_owned(), &["400"]),
        ("content-length: 99999999999999999999\r\n".to_owned(), &["400"]),
    ] {
        let told = answer(&service, with(&lines).as_bytes());
        assert!(allowed.contains(&status(&told)), "{lines:?}: {told}");
        assert!(!told.contains("\"slots\""), "{lines:?}: the hidden one was answered: {told}");
    }
    for bytes in [
        &b"GET /v1/queues HTTP/1.1\r\nhost: g\r\nhost: h\r\n\r\n"[..],
        b"GET /v1/queues HTTP/1.1\r\n\r\n",
        b"GET http://evil.example.org/v1/queues HTTP/1.1\r\nhost: g\r\n\r\n",
        b"GET /v1/queues HTTP/1.1\r\nhost: g\r\nx: a\0b\r\n\r\n",
        b"GET /v1/queues HTTP/1.1\r\nhost: g\r\n folded: x\r\n\r\n",
        b"GET /v1/que\nues HTTP/1.1\r\nhost: g\r\n\r\n",
        b"GET /v1/queues HTTP/9.9\r\nhost: g\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.9\r\n",
    ] {
        let told = answer(&service, bytes);
        assert!(told.is_empty() || status(&told) == "400", "{:?}: {told}", String::from_utf8_lossy(bytes));
    }
    works(&service);
    service.stop();
}

#[test]
fn a_head_has_an_end() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let long = "a".repeat(20_000);
    for head in [
        format!("GET /{long} HTTP/1.1\r\nhost: g\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: g\r\nx: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: g\r\n{}\r\n", "x: y\r\n".repeat(500)),
        long,
    ] {
        let told = answer(&service, head.as_bytes());
        assert!(told.is_empty() || ["400", "414", "431"].contains(&status(&told)), "{}", &told[..told.len().min(200)]);
    }
    works(&service);
    service.stop();
}

/// A name that somebody of the internet has point here gets nothing, neither by TCP nor by a socket that ssh forwards.
#[test]
fn a_name_that_is_not_ours_is_refused() {
    let sandbox = Sandbox::new();
    let (service, port) = with_port(&sandbox, &["--host", "queue.example.org"]);
    let token = format!("authorization: Bearer {TOKEN}");
    let by = |host: &str| {
        let answer = raw(port, &head("GET", "/v1/queues", &[&format!("host: {host}"), &token]));
        status(&answer).to_owned()
    };
    let told = [
        "127.0.0.1:7070",
        "localhost",
        "[::1]",
        "queue.example.org",
        "evil.example.org",
        "localhost.evil.org",
        "ganger",
    ]
    .map(by);
    assert_eq!(told, ["200", "200", "200", "200", "421", "421", "421"]);
    let forwarded = |host: &str| {
        let request = format!("GET /v1/queues HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        status(&answer_to_the_last(&service, &request)).to_owned()
    };
    assert_eq!(["ganger", "localhost:8080", "evil.example.org:8080"].map(forwarded), ["200", "200", "421"]);
    let posted = "POST /v1/jobs/1/cancel HTTP/1.1\r\nhost: localhost:8080\r\norigin: http://evil.example.org\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(status(&answer(&service, posted.as_bytes())), "403", "nor does a page get one through");
    let log = service.stop().stderr;
    assert!(log.contains("\"evil.example.org\" is no name of this service"), "{log}");
    assert!(log.contains("a page of another origin sent it (\"http://evil.example.org\""), "{log}");
}

/// A flood of wrong tokens holds nobody up, and fills no log.
#[test]
fn who_guesses_at_tokens_waits() {
    let sandbox = Sandbox::new();
    let (service, port) = with_port(&sandbox, &["--connections", "20"]);
    let guess = head("GET", "/v1/queues", &["authorization: Bearer nonsense-\r\x1b[31m"]);
    let clean = head("GET", "/v1/queues", &["authorization: Bearer nonsense"]);
    let streams: Vec<TcpStream> = (0..300)
        .map(|at| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
            let _ = stream.write_all(if at % 10 == 0 { &guess } else { &clean }.as_bytes());
            stream
        })
        .collect();
    let right = head("GET", "/v1/queues", &[&format!("authorization: Bearer {TOKEN}")]);
    eventually("who has the token is let in", || status(&raw(port, &right)) == "200");
    works(&service);
    drop(streams);
    let log = service.stop().stderr;
    let lines = log.lines().filter(|line| line.contains("a wrong token")).count();
    assert!((1..=40).contains(&lines) && !log.contains("nonsense") && !log.contains('\x1b'), "{lines} lines: {log}");
}

/// Ten thousand connections, of which each has begun something and does not go on with it.
#[test]
fn ten_thousand_connections_shut_nobody_out() {
    const MANY: usize = 10_000;
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--connections", "64"]);
    let room = client_room();
    let mut held: Vec<UnixStream> = Vec::new();
    for at in 0..MANY {
        let mut stream = service.raw();
        let words: &[u8] = match at % 3 {
            0 => b"",
            1 => b"GET /v1/jo",
            _ => b"GET /v1/jobs HTTP/1.1\r\nhost: g\r\n\r\n",
        };
        // It may have gone already, to make room.
        let _ = stream.write_all(words);
        held.push(stream);
        if held.len() > room {
            eventually("those that have to make room are gone", || {
                held.retain(is_open);
                held.len() <= 64 + 1
            });
        }
        if at % 1000 == 999 {
            works(&service);
        }
    }
    works(&service);
    service.stop();
}

/// How many connections this process may hold open at its end.
fn client_room() -> usize {
    let (soft, _) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).expect("a limit");
    usize::try_from(soft / 4).unwrap_or(usize::MAX).min(1000)
}

fn is_open(stream: &UnixStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let mut stream = stream;
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// With few descriptors the service keeps some for itself: connections are fewer.
#[test]
fn descriptors_are_kept_for_the_store() {
    let sandbox = Sandbox::new();
    let limited = "ulimit -n 100; exec $GANGER serve --store s.db --listen unix:s.sock --queue default=1";
    let started = sandbox.script(limited).start();
    let socket = sandbox.path("s.sock");
    eventually("it answers", || UnixStream::connect(&socket).is_ok());
    let held: Vec<_> = (0..200).filter_map(|_| UnixStream::connect(&socket).ok()).collect();
    let mut client = ganger_daemon::Client::connect(&socket, PATIENCE).expect("it listens");
    let job = submit(&mut client, &json!({"command": ["echo", "hi"]}));
    assert_eq!(over(&mut client, job)["state"], json!("succeeded"));
    get(&mut client, "/v1/jobs");
    drop(held);
    started.signal(nix::sys::signal::Signal::SIGTERM);
    let done = started.done();
    assert!(done.code() == 0 && done.stderr.contains("raise `ulimit -n` for more"), "{done:#?}");
    assert!(!done.stderr.contains("could not be accepted"), "{done:#?}");
}

/// Who asks for much and reads nothing is let go of.
#[test]
fn who_does_not_read_holds_up_nobody() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--connections", "4"]);
    let mut client = service.client();
    let script = "head -c 900000 /dev/zero | tr '\\0' x";
    let job = submit(&mut client, &json!({"command": ["sh", "-c", script]}));
    over(&mut client, job);
    let ask = format!("GET /v1/jobs/{job}/tasks/1/stdout HTTP/1.1\r\nhost: g\r\n\r\n");
    let deaf: Vec<UnixStream> = (0..3)
        .map(|_| {
            let mut stream = service.raw();
            stream.write_all(ask.as_bytes()).expect("it reads");
            stream
        })
        .collect();
    drop(client);
    works(&service);
    drop(deaf);
    service.stop();
}

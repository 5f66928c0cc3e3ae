//! The door for signals, in processes of their own, since a signal that is not caught ends them.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]
#![expect(clippy::print_stdout, reason = "the report of a test without libtest")]

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::exit;
use std::time::{Duration, Instant};

use ganger_sys::{Child, Door, Exit, Signal, Socket, Spawn, pair, setup, wait_readable};

const ROLE: &str = "GANGER_SYS_ROLE";

fn main() {
    match std::env::var(ROLE).as_deref() {
        Ok("door") => door(&[]),
        Ok("nohup") => door(&[Signal::Hup]),
        Ok("hasty") => hasty(),
        _ => {
            test("a signal is told while a door is open", a_signal_is_told_while_a_door_is_open);
            test("the default comes back", the_default_comes_back);
            test("a door may be closed as soon as it was told", a_door_may_be_closed_as_soon_as_it_was_told);
            test("what was ignored stays ignored", what_was_ignored_stays_ignored);
            test("what must end the process cannot be claimed", what_must_end_the_process_cannot_be_claimed);
        }
    }
}

fn test(name: &str, body: fn()) {
    body();
    println!("test {name} ... ok");
}

const SOON: Duration = Duration::from_secs(20);

/// Opens doors and closes them as it is told, and tells what came through.
fn door(ignored: &[Signal]) -> ! {
    setup::reset_signals(ignored).unwrap();
    let socket = Socket::from(setup::take_stdin().unwrap());
    let mut doors = Vec::new();
    let mut buf = [0; 8];
    while let Some((length, _)) = socket.recv(&mut buf, 0, None).unwrap() {
        let said = match &buf[..length] {
            b"open" => {
                doors.push(Door::open(&[Signal::Int, Signal::Term, Signal::Hup]).unwrap());
                "done".to_owned()
            }
            b"close" => {
                doors.pop();
                "done".to_owned()
            }
            _ => doors.iter().map(told).collect::<Vec<_>>().join(" "),
        };
        socket.send(format!("{said}.").as_bytes(), &[], None).unwrap();
    }
    exit(0)
}

/// Has the first door of each signal closed by another thread at the very moment in which the signal is told.
fn hasty() -> ! {
    setup::reset_signals(&[]).unwrap();
    for signal in [Signal::Term, Signal::Int, Signal::Hup, Signal::Usr1, Signal::Usr2] {
        let door = Door::open(&[signal]).unwrap();
        let closing = std::thread::spawn(move || while door.take().is_empty() {});
        nix::sys::signal::raise(nix::sys::signal::Signal::try_from(signal.number()).unwrap()).unwrap();
        closing.join().unwrap();
    }
    exit(0)
}

fn told(door: &Door) -> String {
    let [_] = wait_readable([door.as_fd()], Some(SOON)).unwrap();
    door.take().iter().map(|signal| signal.name()).collect::<Vec<_>>().join(",")
}

fn start(role: &str) -> (Child, Socket) {
    let (ours, theirs) = pair().unwrap();
    let env = [(ROLE, OsStr::new(role))];
    let spawn = Spawn {
        program: Path::new("/proc/self/exe"),
        arg0: None,
        args: &[],
        env: &env,
        without: &[],
        dir: None,
        stdin: theirs.into(),
    };
    (spawn.start().unwrap(), ours)
}

fn ask(socket: &Socket, what: &str) -> String {
    let deadline = Some(Instant::now() + SOON);
    socket.send(what.as_bytes(), &[], deadline).unwrap();
    let mut buf = [0; 256];
    let (length, _) = socket.recv(&mut buf, 0, deadline).unwrap().expect("it lives");
    String::from_utf8_lossy(&buf[..length]).into_owned()
}

fn killed_by(child: &mut Child, signal: Signal) {
    assert_eq!(child.wait_timeout(SOON).unwrap(), Some(Exit::Signal { number: signal.number(), core: false }));
}

fn a_signal_is_told_while_a_door_is_open() {
    let (mut child, socket) = start("door");
    ask(&socket, "open");
    ask(&socket, "open");
    child.signal(Signal::Int).unwrap();
    assert_eq!(ask(&socket, "tell"), "SIGINT SIGINT.", "each door is told");
    ask(&socket, "close");
    child.signal(Signal::Term).unwrap();
    assert_eq!(ask(&socket, "tell"), "SIGTERM.");
    drop(socket);
    assert_eq!(child.wait().unwrap(), Exit::Code(0));
}

fn the_default_comes_back() {
    let (mut child, socket) = start("door");
    for _ in 0..2 {
        ask(&socket, "open");
        child.signal(Signal::Term).unwrap();
        assert_eq!(ask(&socket, "tell"), "SIGTERM.", "a second door is not deaf");
        ask(&socket, "close");
    }
    child.signal(Signal::Term).unwrap();
    killed_by(&mut child, Signal::Term);
}

fn a_door_may_be_closed_as_soon_as_it_was_told() {
    for _ in 0..50 {
        let (mut child, _socket) = start("hasty");
        assert_eq!(child.wait().unwrap(), Exit::Code(0), "a signal that was told ends nobody");
    }
}

fn what_was_ignored_stays_ignored() {
    let (mut child, socket) = start("nohup");
    ask(&socket, "open");
    child.signal(Signal::Hup).unwrap();
    child.signal(Signal::Int).unwrap();
    assert_eq!(ask(&socket, "tell"), "SIGINT.");
    ask(&socket, "close");
    child.signal(Signal::Hup).unwrap();
    ask(&socket, "tell");
    child.signal(Signal::Int).unwrap();
    killed_by(&mut child, Signal::Int);
}

fn what_must_end_the_process_cannot_be_claimed() {
    for signal in [Signal::Kill, Signal::Stop, Signal::Segv] {
        let refused = Door::open(&[signal]).expect_err("it cannot be claimed").to_string();
        assert!(refused.contains(signal.name()), "{refused}");
    }
}

//! Secrets stay where they were put: planted ones are looked for wherever a service tells, or keeps, something.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::sandbox::{GANGER, Sandbox, eventually, is_root};
use crate::serve_doors::{TOKEN, free_port, has, head, raw, write_private};
use crate::service::{Service, over, submit};

/// One that nobody has.
const WRONG: &str = "fedcba9876543210fedcba9876543210";
/// In a job's environment.
const PLANTED: &str = "planted-in-the-environment";

#[test]
fn a_planted_secret_is_nowhere() {
    let sandbox = Sandbox::new();
    let port = free_port();
    write_private(&sandbox, "tokens", &format!("ann:{TOKEN}\n"));
    let listen = format!("tcp:127.0.0.1:{port}");
    let service = Service::start_with(&sandbox, &["--listen", &listen, "--token-file", "tokens"], &["RUST_LOG=trace"]);
    let mut client = service.client();
    let bearer = |token: &str| format!("authorization: Bearer {token}");
    let job = json!({"command": ["sh", "-c", "exit 1"], "environment": {"KEY": PLANTED}});
    let job = submit(&mut client, &job);
    over(&mut client, job);
    let mut told = String::new();
    let (job, task) = (format!("/v1/jobs/{job}"), format!("/v1/jobs/{job}/tasks/1"));
    // A wrong one is answered after a second: so it is shown at one place alone.
    for (token, paths) in [(TOKEN, &["/metrics", "/v1/jobs", "/nowhere", &job, &task][..]), (WRONG, &["/v1/queues"])] {
        told.extend(paths.iter().map(|path| raw(port, &head("GET", path, &[&bearer(token)]))));
        let form = format!("token={token}");
        let length = format!("content-length: {}", form.len());
        told += &raw(port, &(head("POST", "/login", &[&length]) + &form));
        // As what is no request.
        told += &raw(port, &format!("GET /v1/queues HTTP/9.9\r\nauthorization: {token}\r\n\r\n"));
    }
    let commands: String = sandbox.processes().into_iter().map(command_line).collect();
    let log = service.stop().stderr;
    assert!(
        log.contains("DEBUG") && told.contains("HTTP/1.1 200") && commands.contains("tokens"),
        "{log}{told}{commands}"
    );
    for (place, text) in [("answers", &told), ("command lines", &commands), ("the log", &log)] {
        assert!([TOKEN, WRONG, PLANTED].iter().all(|secret| !text.contains(secret)), "{place}: {text}");
    }
    for file in ["s.db", "s.db-wal"] {
        let bytes = std::fs::read(sandbox.path(file)).unwrap_or_default();
        let has = |secret: &str| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!has(TOKEN) && !has(WRONG), "{file}");
    }
    // The store must know a job's environment: so it is its owner's alone.
    let mode = std::fs::metadata(sandbox.path("s.db")).expect("a store").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

fn command_line(pid: i32) -> String {
    String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).into_owned()
}

#[test]
fn a_token_is_not_sent_in_the_open() {
    let sandbox = Sandbox::new();
    write_private(&sandbox, "token", TOKEN);
    // Of the documentation's addresses, where nobody is: what is not said before cannot be said there.
    let listener = std::net::TcpListener::bind("0.0.0.0:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let Some(own) = address_off_the_loopback() else {
        return writeln!(std::io::stderr(), "SKIPPED a_token_is_not_sent_in_the_open: there is the loopback alone")
            .expect("stderr");
    };
    let done =
        sandbox.cmd(GANGER).args(["status", "--connect", &format!("tcp:{own}:{port}"), "--token-file", "token"]).done();
    done.told(255, "in the open");
    let (mut stream, _) = listener.accept().expect("it has connected");
    let mut said = String::new();
    std::io::Read::read_to_string(&mut stream, &mut said).expect("it has hung up");
    assert_eq!(said, "");
}

/// Of this machine, by which it would reach another; nothing is sent for that.
fn address_off_the_loopback() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback())
}

#[test]
fn a_task_does_not_read_its_services_memory() {
    let test = "a_task_does_not_read_its_services_memory";
    if !has(test, &["setpriv", "curl"]) {
        return;
    }
    let sandbox = Sandbox::new();
    for place in [".", "tmp"] {
        std::fs::set_permissions(sandbox.path(place), PermissionsExt::from_mode(0o777)).expect("ours");
    }
    // Root reads whatever it likes, so it is another user's.
    let other: &[&str] = if is_root() { &["--reuid=65534", "--regid=65534", "--clear-groups", "--"] } else { &["--"] };
    let serve = ["serve", "--store", "o.db", "--listen", "unix:o.sock"];
    let copy = sandbox.path("ganger").display().to_string();
    std::fs::copy(GANGER, &copy).expect("a place that others reach");
    let service = sandbox.cmd("setpriv").args(other).arg(&copy).args(serve).start();
    eventually("it listens", || sandbox.path("o.sock").exists());
    let pid = service.id();
    let script =
        format!("cat /proc/{pid}/environ /proc/{pid}/maps | wc -c; cat /proc/$PPID/environ | head -c 1 | wc -c");
    let asked = ["submit", "--connect", "unix:o.sock", "--follow", "--", "sh", "-c", &script];
    eventually("it answers", || sandbox.cmd(&copy).args(["status", "--connect", "unix:o.sock"]).done().code() == 0);
    let done = sandbox.cmd("setpriv").args(other).arg(&copy).args(asked).done();
    service.signal(nix::sys::signal::Signal::SIGTERM);
    let told = service.done();
    // Its worker's it does: that is what a sandbox is for.
    assert!(done.stdout.contains("0\n1\n"), "{done:#?}\n{told:#?}");
}

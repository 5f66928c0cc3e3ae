//! Who may come in to a service, by which door.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::signal::Signal;

use crate::sandbox::{GANGER, Sandbox, eventually};
use crate::service::{Service, get};

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A port that was free just now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).expect("a port").port()
}

pub(crate) fn write_private(sandbox: &Sandbox, name: &str, text: &str) {
    sandbox.write(name, text);
    std::fs::set_permissions(sandbox.path(name), PermissionsExt::from_mode(0o600)).expect("its owner's");
}

/// Whether there are such tools; if not, that is told, and in CI an error.
pub(crate) fn has(test: &str, tools: &[&str]) -> bool {
    let absent = |tool: &&&str| std::process::Command::new(tool).arg("--version").output().is_err();
    let Some(tool) = tools.iter().find(absent) else { return true };
    assert!(std::env::var_os("CI").is_none(), "{test}: {tool} is not installed");
    writeln!(std::io::stderr(), "SKIPPED {test}: apt-get install {tool}").expect("stderr");
    false
}

/// One request over TCP, and all that comes back.
pub(crate) fn raw(port: u16, request: &str) -> String {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.set_read_timeout(Some(crate::service::PATIENCE)).expect("a socket");
    // It may have had enough before it has all.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// The head of a request to `path`, with these lines more.
pub(crate) fn head(method: &str, path: &str, lines: &[&str]) -> String {
    let host = if lines.iter().any(|line| line.starts_with("host:")) { "" } else { "host: localhost\r\n" };
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\n{host}connection: close\r\n{lines}\r\n")
}

pub(crate) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

fn field<'a>(answer: &'a str, name: &str) -> &'a str {
    let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name}: {answer}"))
}

/// A service with a TCP door on the loopback beside its socket.
pub(crate) fn with_port<'a>(sandbox: &'a Sandbox, options: &[&str]) -> (Service<'a>, u16) {
    let port = free_port();
    write_private(sandbox, "tokens", &format!("# who may\nann:{TOKEN}\n"));
    let listen = format!("tcp:127.0.0.1:{port}");
    let options = [&["--listen", &listen, "--token-file", "tokens"], options].concat();
    (Service::start(sandbox, &options), port)
}

#[test]
fn an_address_needs_a_token() {
    let sandbox = Sandbox::new();
    let (service, port) = with_port(&sandbox, &[]);
    let bearer = |token: &str| format!("authorization: Bearer {token}");
    let answer = |lines: &[&str]| raw(port, &head("GET", "/v1/queues", lines));
    assert_eq!(status(&answer(&[&bearer(TOKEN)])), "200");
    let none = answer(&[]);
    assert_eq!((status(&none), field(&none, "www-authenticate")), ("401", "Bearer"));
    for wrong in ["", "x", &TOKEN[1..], &format!("{TOKEN}0"), &format!("ann:{TOKEN}")] {
        assert_eq!(status(&answer(&[&bearer(wrong)])), "401", "{wrong:?}");
    }
    assert_eq!(status(&answer(&[&format!("authorization: Basic {TOKEN}")])), "401");
    // The socket's peers are known as they were.
    get(&mut service.client(), "/v1/queues");
    let told = service.stop().stderr;
    assert!(told.contains("GET /v1/queues: a wrong token") && !told.contains(&TOKEN[1..]), "{told}");
}

#[test]
fn a_browser_gets_a_session_for_a_token() {
    let sandbox = Sandbox::new();
    let (service, port) = with_port(&sandbox, &[]);
    let page = raw(port, &head("GET", "/", &["accept: text/html,*/*"]));
    assert_eq!((status(&page), field(&page, "location")), ("303", "/login"));
    let form = raw(port, &head("GET", "/login", &[]));
    assert!(status(&form) == "200" && form.contains("<form method=\"post\" action=\"/login\">"), "{form}");
    let log_in = |token: &str, lines: &[&str]| {
        let form = format!("token={token}");
        let length = format!("content-length: {}", form.len());
        raw(port, &(head("POST", "/login", &[&[length.as_str()], lines].concat()) + &form))
    };
    let wrong = log_in("nonsense", &[]);
    assert!(status(&wrong) == "401" && wrong.contains("no token of this service"), "{wrong}");
    let elsewhere = log_in(TOKEN, &["origin: http://evil.example.org"]);
    assert_eq!(status(&elsewhere), "403");
    let right = log_in(TOKEN, &["origin: http://localhost"]);
    let cookie = field(&right, "set-cookie");
    assert!(
        status(&right) == "303" && cookie.contains("; HttpOnly; SameSite=Strict") && !cookie.contains(TOKEN),
        "{right}"
    );
    let session = format!("cookie: a=b; {}", cookie.split(';').next().expect("its value"));

    assert_eq!(status(&raw(port, &head("GET", "/v1/queues", &[&session]))), "200");
    let cancel = |lines: &[&str]| raw(port, &head("POST", "/v1/jobs/1/cancel", &[&[session.as_str()], lines].concat()));
    assert_eq!(status(&cancel(&["origin: http://localhost"])), "404", "there is no such job");
    assert_eq!(status(&cancel(&["sec-fetch-site: same-origin"])), "404");
    assert_eq!(status(&cancel(&[])), "403", "a cookie comes by itself: it must be a page of ours that has it sent");
    assert_eq!(status(&cancel(&["origin: http://localhost:1"])), "403");
    assert_eq!(status(&raw(port, &head("GET", "/v1/queues", &["cookie: ganger_session=ann.99999999999.00"]))), "401");
    service.stop();
}

#[test]
fn answers_tell_browsers_to_be_careful() {
    let sandbox = Sandbox::new();
    let (service, port) = with_port(&sandbox, &[]);
    for (method, path) in
        [("GET", "/v1/queues"), ("GET", "/nothing"), ("GET", "/login"), ("POST", "/login"), ("DELETE", "/v1/jobs")]
    {
        let answer = raw(port, &head(method, path, &[&format!("authorization: Bearer {TOKEN}")]));
        assert!(field(&answer, "content-security-policy").starts_with("default-src 'self'; "), "{answer}");
        assert!(field(&answer, "content-security-policy").contains("frame-ancestors 'none'"), "{answer}");
        assert_eq!(
            (field(&answer, "x-content-type-options"), field(&answer, "referrer-policy")),
            ("nosniff", "same-origin")
        );
        assert!(!answer.contains("access-control"), "no other origin may read it: {answer}");
    }
    service.stop();
}

#[test]
fn doors_that_are_not_safe_are_not_opened() {
    let sandbox = Sandbox::new();
    write_private(&sandbox, "tokens", &format!("ann:{TOKEN}"));
    sandbox.write("open", format!("ann:{TOKEN}"));
    write_private(&sandbox, "short", "ann:hunter2");
    write_private(&sandbox, "empty", "# none\n");
    for (options, told) in [
        (&["--listen", "tcp:127.0.0.1:0"][..], "give --token-file"),
        (&["--listen", "tcp:127.0.0.1:0", "--token-file", "open"], "chmod 600"),
        (&["--listen", "tcp:127.0.0.1:0", "--token-file", "short"], "line 1: the token of \"ann\" can be guessed"),
        (&["--listen", "tcp:127.0.0.1:0", "--token-file", "empty"], "no token in it"),
        (&["--listen", "tcp:127.0.0.1:0", "--token-file", "nowhere"], "nowhere: No such file"),
        (&["--listen", "tcp:0.0.0.0:0", "--token-file", "tokens"], "give --tls-cert and --tls-key"),
        (&["--listen", "tcp:[::]:0", "--token-file", "tokens"], "give --tls-cert and --tls-key"),
        (
            &["--listen", "tcp:127.0.0.1:0", "--token-file", "tokens", "--tls-cert", "tokens", "--tls-key", "tokens"],
            "no certificate in it",
        ),
        (&["--listen", "tcp:127.0.0.1:0", "--token-file", "tokens", "--tls-cert", "tokens"], "--tls-key"),
        (&["--listen", "tcp:localhost:80"], "like tcp:127.0.0.1:7070"),
        (&["--listen", "udp:1"], "no unix:PATH"),
        (&["--listen", "systemd"], "is there a .socket unit"),
        (&["--listen", "unix:s.sock", "--group", "no-such-group"], "there is no group \"no-such-group\""),
        (&[], "--listen"),
    ] {
        println!("{options:?}");
        sandbox.cmd(GANGER).args(["serve", "--store", "s.db"]).args(options).done().told(255, told);
    }
}

/// What openssl makes: a certificate for localhost, and its key.
fn make_certificate(sandbox: &Sandbox, days: u32) {
    let script = format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days {days} -subj /CN=localhost \
         -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.new -out cert.new 2>/dev/null && \
         chmod 600 key.new && mv key.new key.pem && mv cert.new cert.pem"
    );
    sandbox.script(&script).done().printed("");
}

#[test]
fn tls_is_spoken_and_its_certificate_read_again() {
    if !has("tls_is_spoken_and_its_certificate_read_again", &["openssl", "curl"]) {
        return;
    }
    let sandbox = Sandbox::new();
    make_certificate(&sandbox, 7);
    let (service, port) = with_port(&sandbox, &["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let ask = format!(
        "curl -s --cacert cert.pem -H 'authorization: Bearer {TOKEN}' -o /dev/null -w '%{{http_code}}' https://localhost:{port}/v1/queues"
    );
    sandbox.script(&ask).done().printed("200");
    assert!(!raw(port, &head("GET", "/v1/queues", &[])).starts_with("HTTP"), "nothing goes in the open");
    // Another certificate, and another token.
    make_certificate(&sandbox, 8);
    let other = TOKEN.replace('0', "f");
    write_private(&sandbox, "tokens", &format!("bob:{other}"));
    service.started.signal(Signal::SIGHUP);
    let ask = ask.replace(TOKEN, &other);
    eventually("the new ones count", || sandbox.script(&ask).done().stdout == "200");
    // What is at fault changes nothing.
    write_private(&sandbox, "tokens", "nonsense");
    service.started.signal(Signal::SIGHUP);
    sandbox.script(&ask).done().printed("200");
    let told = service.stop().stderr;
    assert!(told.contains("the configuration stays as it was") && told.contains("line 1"), "{told}");
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// Root alone can be another user.
#[test]
fn a_group_may_use_the_socket() {
    const TEST: &str = "a_group_may_use_the_socket";
    if !has(TEST, &["setpriv", "curl"]) {
        return;
    }
    if !crate::sandbox::is_root() {
        return writeln!(std::io::stderr(), "SKIPPED {TEST}: needs root").expect("stderr");
    }
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--group", "daemon"]);
    assert_eq!(mode(&sandbox.path("s.sock")), 0o660);
    let script = "chmod 711 .; for groups in --regid=daemon '--regid=65534 --groups=daemon' '--regid=65534 --clear-groups'; do
        case $groups in --regid=daemon) groups=\"$groups --clear-groups\";; esac
        setpriv --reuid=65534 $groups curl -s --unix-socket s.sock -o /dev/null -w '%{http_code} ' http://ganger/v1/queues
    done
    chmod 666 s.sock
    setpriv --reuid=65534 --regid=65534 --clear-groups curl -s --unix-socket s.sock -o /dev/null -w '%{http_code}' http://ganger/v1/queues";
    let told = sandbox.script(script).done().stdout;
    assert_eq!(told, "200 200 000 000", "its group, as first or other, and nobody else whatever the file says later");
    assert!(service.stop().stderr.contains("user 65534"), "who was refused is told");
}

/// As systemd does it: the sockets come as descriptors from 3 on.
#[test]
fn sockets_of_systemd_are_served_and_stay() {
    const TEST: &str = "sockets_of_systemd_are_served_and_stay";
    if !has(TEST, &["systemd-socket-activate", "curl"]) {
        return;
    }
    let sandbox = Sandbox::new();
    let socket = sandbox.path("a.sock");
    let listen = format!("--listen={}", socket.display());
    let activate = sandbox.cmd("systemd-socket-activate").args([&listen, GANGER, "serve", "--store", "s.db"]);
    let started = activate.args(["--listen", "systemd"]).start();
    eventually("it listens", || socket.exists());
    let ask = "curl -s --unix-socket a.sock http://ganger/v1/queues | grep -o '\"name\":\"default\"'";
    sandbox.script(ask).done().printed("\"name\":\"default\"\n");
    started.signal(Signal::SIGTERM);
    assert_eq!(started.done().code(), 0);
    assert!(socket.exists(), "its file is not the service's");
}

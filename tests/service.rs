//! A service in a sandbox, and what a test asks it.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use ganger_daemon::{Answer, Client};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::sandbox::{Done, Sandbox, Started, eventually};

/// No answer takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A service in a sandbox, and where it listens.
pub(crate) struct Service<'a> {
    pub(crate) started: Started<'a>,
    socket: PathBuf,
}

impl<'a> Service<'a> {
    /// With these options besides the store and the socket.
    pub(crate) fn start(sandbox: &'a Sandbox, options: &[&str]) -> Self {
        Self::start_with(sandbox, options, &[])
    }

    /// The same, with these variables in its environment.
    pub(crate) fn start_with(sandbox: &'a Sandbox, options: &[&str], variables: &[&str]) -> Self {
        let socket = sandbox.path("s.sock");
        let mut serve =
            sandbox.cmd(crate::sandbox::GANGER).args(["serve", "--store", "s.db", "--listen", "unix:s.sock"]);
        serve.command.envs(variables.iter().filter_map(|variable| variable.split_once('=')));
        let service = Self { started: serve.args(options).start(), socket };
        eventually("the service answers", || {
            Client::connect(&service.socket, PATIENCE).is_ok_and(|mut c| c.get("/").is_ok())
        });
        service
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.socket, PATIENCE).expect("it listens")
    }

    pub(crate) fn raw(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.socket).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream
    }

    /// Ends it as systemd does.
    #[track_caller]
    pub(crate) fn stop(self) -> Done {
        self.started.signal(Signal::SIGTERM);
        let done = self.started.done();
        assert!(done.code() == 0 && !self.socket.exists(), "{done:#?}");
        done
    }
}

#[track_caller]
pub(crate) fn value(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
}

/// A job that is accepted: its number.
#[track_caller]
pub(crate) fn submit(client: &mut Client, job: &Value) -> u64 {
    let answer = client.post("/v1/jobs", job.to_string().as_bytes()).expect("an answer");
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    value(&answer)["id"].as_u64().expect("a number")
}

#[track_caller]
pub(crate) fn get(client: &mut Client, path: &str) -> Value {
    let answer = client.get(path).expect("an answer");
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    value(&answer)
}

/// A job when it is over.
#[track_caller]
pub(crate) fn over(client: &mut Client, job: u64) -> Value {
    let mut shown = Value::Null;
    eventually("the job is over", || {
        shown = get(client, &format!("/v1/jobs/{job}?wait=10"));
        !["waiting", "running", "stopping"].contains(&shown["state"].as_str().expect("a state"))
    });
    shown
}

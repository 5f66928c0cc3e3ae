//! The connection to a service.

use std::env;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use ganger_client::{Answer, Client, Endpoint};
use serde_json::Value;

use super::AskError;
use crate::flags::client::DoorFlags;
use crate::show;

/// How long an answer may take, beyond what the service is asked to wait itself.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long a service that is started anew is waited for.
const ABSENCE: Duration = Duration::from_secs(120);
/// From one try to the next.
const AGAIN: Duration = Duration::from_millis(200);
/// The service closes connections that are silent for longer than a few times this.
const STALE: Duration = Duration::from_secs(10);
/// Says where the service listens, if nothing else does.
const VARIABLE: &str = "GANGER_CONNECT";
/// Where the service of a machine listens.
const SYSTEM: &str = "/run/ganger/ganger.sock";

/// A service that is asked.
pub(super) struct Service {
    endpoint: Endpoint,
    client: Option<Client>,
    used: Instant,
}

impl Service {
    /// Connects, so that a wrong address is told before anything is done.
    pub(super) fn open(flags: &DoorFlags) -> Result<Self, AskError> {
        let mut endpoint = flags.connect.clone().map_or_else(usual, Ok)?;
        if let Some(file) = &flags.token_file {
            endpoint = endpoint.with_token_file(file).map_err(AskError::Door)?;
        }
        if let Some(file) = &flags.ca {
            endpoint = endpoint.with_ca(file).map_err(AskError::Door)?;
        }
        let mut service = Self { endpoint, client: None, used: Instant::now() };
        service.client()?;
        Ok(service)
    }

    /// Looks at something.
    pub(super) fn get(&mut self, path: &str) -> Result<Value, AskError> {
        self.request("GET", path, None)
    }

    /// Looks at something; a service that is away comes back, it is hoped, and that is told once.
    pub(super) fn get_patiently(&mut self, path: &str) -> Result<Value, AskError> {
        self.patiently(|service| service.get(path))
    }

    /// Has something changed. Once: whether a request whose answer is lost was met is not known. But one that was not heard is
    /// made again.
    pub(super) fn post(&mut self, path: &str, body: &Value) -> Result<Value, AskError> {
        self.persistently(AskError::is_unheard, |service| service.request("POST", path, Some(body)))
    }

    /// Has something done that needs no words.
    pub(super) fn order(&mut self, path: &str) -> Result<Value, AskError> {
        self.request("POST", path, None)
    }

    pub(super) fn delete(&mut self, path: &str) -> Result<Value, AskError> {
        self.request("DELETE", path, None)
    }

    /// Bytes from this position on; none, if there are none yet.
    pub(super) fn bytes(&mut self, path: &str, from: u64) -> Result<Vec<u8>, AskError> {
        let range = format!("bytes={from}-");
        let answer = self.answer("GET", path, &[("range", &range)], &[])?;
        match answer.status {
            416 => Ok(Vec::new()),
            200..300 => Ok(answer.body),
            _ => Err(refused(&answer)),
        }
    }

    /// Asks until there is an answer: it must not matter how often.
    pub(super) fn patiently<T>(&mut self, ask: impl FnMut(&mut Self) -> Result<T, AskError>) -> Result<T, AskError> {
        self.persistently(AskError::may_pass, ask)
    }

    fn persistently<T>(
        &mut self,
        passes: fn(&AskError) -> bool,
        mut ask: impl FnMut(&mut Self) -> Result<T, AskError>,
    ) -> Result<T, AskError> {
        let mut away: Option<Instant> = None;
        loop {
            match ask(self) {
                Err(error) if passes(&error) && away.is_none_or(|since| since.elapsed() < ABSENCE) => {
                    if away.is_none() {
                        show::message(format_args!("{error}; waiting for it"));
                    }
                    away.get_or_insert_with(Instant::now);
                    thread::sleep(AGAIN);
                }
                told => return told,
            }
        }
    }

    fn request(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, AskError> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let headers: &[_] = if body.is_some() { &[("content-type", "application/json")] } else { &[] };
        let answer = self.answer(method, path, headers, text.as_bytes())?;
        match answer.status {
            200..300 if answer.body.is_empty() => Ok(Value::Null),
            200..300 => serde_json::from_slice(&answer.body).map_err(AskError::Unclear),
            _ => Err(refused(&answer)),
        }
    }

    fn answer(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, AskError> {
        if self.used.elapsed() > STALE {
            self.client = None;
        }
        let answer = self.client()?.request(method, path, headers, body);
        self.used = Instant::now();
        // What ended in the middle of something answers nothing else.
        answer.map_err(|source| {
            self.client = None;
            AskError::Lost { endpoint: self.endpoint.clone(), source }
        })
    }

    fn client(&mut self) -> Result<&mut Client, AskError> {
        let connected = match self.client.take() {
            Some(client) => Ok(client),
            None => Client::open(&self.endpoint, PATIENCE),
        };
        self.used = Instant::now();
        match connected {
            Ok(client) => Ok(self.client.insert(client)),
            Err(source) => Err(AskError::Connect { endpoint: self.endpoint.clone(), source }),
        }
    }
}

/// What the environment says; that of the user, if it is there; else that of the machine.
fn usual() -> Result<Endpoint, AskError> {
    if let Some(text) = env::var_os(VARIABLE).filter(|text| !text.is_empty()) {
        let text = text.to_string_lossy();
        return text.parse().map_err(|why| AskError::Environment { name: VARIABLE, why });
    }
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let own = runtime.map(|path| path.join("ganger/ganger.sock")).filter(|path| path.exists());
    Ok(Endpoint::unix(own.unwrap_or_else(|| SYSTEM.into())))
}

/// A problem, told as the service tells it.
fn refused(answer: &Answer) -> AskError {
    AskError::Refused { status: answer.status, detail: answer.detail().unwrap_or_default() }
}

/// Something as a part of a path, or of a query.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let each = text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_their_part_of_a_path() {
        assert_eq!(encoded("a-b.c_d~1"), "a-b.c_d~1");
        assert_eq!(encoded("../é?x=1&y#z"), "..%2F%C3%A9%3Fx%3D1%26y%23z");
    }
}

//! A connection that is made again when it is lost.

use std::io;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::answer::Answer;
use crate::connection::{Client, Hangup};
use crate::endpoint::Endpoint;

/// How long an answer may take, beside what it is asked to wait.
const PATIENCE: Duration = Duration::from_secs(60);
/// How soon a service that is out of reach is tried again: at first, and at most.
const AGAIN: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// A way to a service.
#[derive(Debug)]
pub(super) struct Line {
    endpoint: Endpoint,
    client: Option<Client>,
    /// Since when it is out of reach, and how long it is left alone next.
    trouble: Option<(Instant, Duration)>,
}

impl Line {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, client: None, trouble: None }
    }

    /// Whether a service is there.
    pub(super) fn check(&mut self) -> io::Result<()> {
        let place = self.endpoint.to_string();
        let refused = |why: String| io::Error::other(format!("{place}: {why}"));
        let answer = self.connected().and_then(|client| client.get("/v1/queues"));
        let answer = answer.map_err(|error| refused(error.to_string()))?;
        if answer.is_success() { Ok(()) } else { Err(refused(told(&answer))) }
    }

    /// What ends a request that goes on, from another thread.
    pub(super) fn hangup(&mut self) -> io::Result<Hangup> {
        self.connected()?.hangup()
    }

    pub(super) fn post(&mut self, path: &str, json: &Value) -> io::Result<Answer> {
        let body = json.to_string();
        let answer = self.connected().and_then(|client| client.post(path, body.as_bytes()));
        match &answer {
            Ok(answer) if !is_of_the_moment(answer.status) => self.trouble = None,
            Ok(_) => {}
            Err(_) => self.client = None,
        }
        answer
    }

    fn connected(&mut self) -> io::Result<&mut Client> {
        let client = match self.client.take() {
            Some(client) => client,
            None => Client::open(&self.endpoint, PATIENCE)?,
        };
        Ok(self.client.insert(client))
    }

    /// How long to leave a service alone that could not do what it was asked to. None: that has gone on for longer than
    /// `patience`.
    pub(super) fn rest(&mut self, patience: Duration) -> Option<Duration> {
        let (since, pause) = self.trouble.unwrap_or((Instant::now(), AGAIN.0));
        let goes_on = since.elapsed() < patience;
        // What comes next has its own patience.
        self.trouble = goes_on.then_some((since, (pause * 2).min(AGAIN.1)));
        goes_on.then_some(pause)
    }
}

/// Whether a refusal may be none a little later: too much at once, a full disk, a service that is about to end.
pub(super) fn is_of_the_moment(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..)
}

/// Why something was refused.
pub(super) fn told(answer: &Answer) -> String {
    answer.detail().unwrap_or_else(|| format!("status {}", answer.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_out_of_reach_is_left_alone_for_longer_each_time_and_then_given_up() {
        let mut line = Line::new(Endpoint::unix("/no/such/socket"));
        assert!(line.post("/v1/jobs", &Value::Null).is_err());
        let pauses: Vec<_> = (0..9).filter_map(|_| line.rest(Duration::from_secs(60))).collect();
        assert!(pauses.is_sorted() && (pauses[0], pauses[8]) == AGAIN, "{pauses:?}");
        assert_eq!(line.rest(Duration::ZERO), None);
        assert_eq!(line.rest(Duration::from_secs(60)), Some(AGAIN.0), "it begins anew");
    }
}

//! What is known of the service, and what keys do.

use termion::event::Key;

use super::look::Look;
use crate::client::views::Job;

/// What is on the screen.
#[derive(Debug, Default)]
pub(super) struct State {
    /// None: nothing was seen yet.
    pub(super) look: Option<Look>,
    /// The number of the job that keys are for.
    pub(super) selected: Option<u64>,
    /// The job whose tasks are seen instead of all jobs.
    pub(super) open: Option<u64>,
    pub(super) message: String,
    /// The job that the same key, pressed once more, cancels.
    doubted: Option<u64>,
}

/// What the service is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Pause(u64),
    Resume(u64),
    Cancel(u64),
    Retry(u64),
    /// To tell this job's tasks from now on.
    Open(Option<u64>),
    /// Nothing more: we go.
    Quit,
}

impl Wish {
    /// How the service is asked for it.
    pub(super) fn path(self) -> Option<String> {
        let order = |job: u64, order: &str| Some(format!("/v1/jobs/{job}/{order}"));
        match self {
            Self::Pause(job) => order(job, "pause"),
            Self::Resume(job) => order(job, "resume"),
            Self::Cancel(job) => order(job, "cancel"),
            Self::Retry(job) => order(job, "retry"),
            Self::Open(_) | Self::Quit => None,
        }
    }
}

impl State {
    /// The job that is selected stays so, wherever it has moved to; one that is gone gives way to the first.
    pub(super) fn take(&mut self, look: Look) {
        let is_there = |job: &u64| look.jobs.iter().any(|known| known.id == *job);
        self.selected = self.selected.filter(is_there).or_else(|| look.jobs.first().map(|job| job.id));
        self.look = Some(look);
    }

    /// What a key does here, and what it makes the service do.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all the other keys of a keyboard do nothing")]
    pub(super) fn press(&mut self, key: Key) -> Option<Wish> {
        let doubted = self.doubted.take();
        if doubted.is_some() {
            self.message.clear();
        }
        match key {
            Key::Char('q') | Key::Ctrl('c') => return Some(Wish::Quit),
            Key::Char('\n') => return Some(self.open(if self.open.is_some() { None } else { self.selected })),
            Key::Esc | Key::Backspace => return Some(self.open(None)),
            Key::Up => self.select(-1),
            Key::Down => self.select(1),
            Key::Char('p') => {
                return self.job().map(|job| if job.paused { Wish::Resume(job.id) } else { Wish::Pause(job.id) });
            }
            Key::Char('r') => return self.selected.map(Wish::Retry),
            Key::Char('c') if doubted.is_some() && doubted == self.selected => return doubted.map(Wish::Cancel),
            Key::Char('c') => self.doubt(),
            _ => {}
        }
        None
    }

    /// Where the job that is selected stands in the list.
    pub(super) fn selected_at(&self) -> Option<usize> {
        self.look.as_ref()?.jobs.iter().position(|job| Some(job.id) == self.selected)
    }

    fn job(&self) -> Option<&Job> {
        self.look.as_ref()?.jobs.get(self.selected_at()?)
    }

    fn open(&mut self, job: Option<u64>) -> Wish {
        self.open = job;
        // What was seen is another job's.
        self.look.iter_mut().for_each(|look| look.tasks.clear());
        Wish::Open(job)
    }

    fn select(&mut self, by: isize) {
        if self.open.is_some() {
            return;
        }
        let at = self.selected_at().unwrap_or(0).saturating_add_signed(by);
        let jobs = self.look.as_ref().map_or(&[][..], |look| &look.jobs);
        self.selected = jobs.get(at.min(jobs.len().saturating_sub(1))).map(|job| job.id);
    }

    fn doubt(&mut self) {
        self.doubted = self.selected;
        if let Some(job) = self.selected {
            self.message = format!("c again cancels job {job}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::json;

    use super::*;
    use crate::client::views::read;

    fn state() -> State {
        let tasks = json!({"total": 1, "waiting": 1, "running": 0, "succeeded": 0, "failed": 0, "stopped": 0});
        let job = |id: u64| {
            json!({"id": id, "name": "n", "command": "c", "queue": "q", "priority": 0, "state": "waiting",
                   "created": 0.0, "paused": id == 1, "tasks": tasks})
        };
        let jobs = read(&json!([job(3), job(2), job(1)])).expect("jobs");
        let mut state = State::default();
        state.take(Look { queues: Vec::new(), jobs, tasks: Vec::new(), when: SystemTime::now(), said: json!(null) });
        state
    }

    #[test]
    fn keys_are_for_the_job_that_is_selected() {
        let mut state = state();
        assert_eq!(state.press(Key::Char('p')), Some(Wish::Pause(3)));
        assert_eq!((state.press(Key::Down), state.press(Key::Down), state.press(Key::Down)), (None, None, None));
        assert_eq!(state.press(Key::Char('p')), Some(Wish::Resume(1)));
        assert_eq!(state.press(Key::Char('r')).and_then(Wish::path).as_deref(), Some("/v1/jobs/1/retry"));
        assert_eq!(state.press(Key::Char('q')), Some(Wish::Quit));
    }

    #[test]
    fn a_job_is_opened_and_stays_selected() {
        let mut state = state();
        assert_eq!(state.press(Key::Char('\n')), Some(Wish::Open(Some(3))));
        assert_eq!((state.press(Key::Down), state.press(Key::Char('p'))), (None, Some(Wish::Pause(3))));
        assert_eq!((state.press(Key::Esc), state.open), (Some(Wish::Open(None)), None));
    }

    #[test]
    fn nothing_is_cancelled_by_one_key() {
        let mut state = state();
        assert_eq!(state.press(Key::Char('c')), None);
        assert!(state.message.contains("job 3"), "{}", state.message);
        assert_eq!((state.press(Key::Down), state.press(Key::Char('c'))), (None, None), "it is about another job now");
        assert_eq!(state.press(Key::Char('c')), Some(Wish::Cancel(2)));
    }
}

//! What is known of the run, and what is looked at.

use std::collections::VecDeque;
use std::time::Duration;

use ganger_batch::{Ended, InHand, Progress, Snapshot};

use crate::progress::Pace;

/// How many that have ended are remembered; how many failures and messages; how many seconds.
const ENDED: usize = 200;
const FAILURES: usize = 2000;
const SECONDS: usize = 300;

/// What is known of the run, and what is looked at.
#[derive(Default)]
pub(super) struct State {
    /// None: it has not begun.
    pub(super) progress: Option<Progress>,
    pub(super) pace: Pace,
    /// How much was done in each of the last seconds, the newest last.
    pub(super) seconds: VecDeque<u64>,
    /// How much was done when the second began that is running.
    done_before: u64,
    second: u64,
    /// By slot.
    pub(super) running: Vec<InHand>,
    /// The newest last.
    pub(super) ended: VecDeque<Ended>,
    pub(super) failures: VecDeque<Ended>,
    pub(super) messages: VecDeque<String>,
    /// The number of the input whose command the keys are for.
    pub(super) selected: Option<u64>,
    /// What the command that is looked at has printed.
    pub(super) detail: Vec<u8>,
    pub(super) view: View,
    /// How far back from the newest line, where there are more than fit.
    pub(super) back: usize,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum View {
    /// All commands.
    #[default]
    Run,
    /// What the command for this input has printed.
    Output(u64),
    Failures,
    Keys,
}

/// What the run is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Pause,
    Resume,
    Slots(i64),
    Kill(u64),
    Restart(u64),
    Quit,
    KillAll,
}

impl State {
    /// Takes in how the run is, so long after the start.
    pub(super) fn take(&mut self, snapshot: Snapshot, at: Duration) {
        let Snapshot { progress, running, ended, detail } = snapshot;
        self.pace.look(at, &progress);
        self.count(&progress, at.as_secs());
        self.select_among(&running);
        let failed = ended.iter().filter(|ended| ended.failure.is_some()).cloned();
        keep_last(&mut self.failures, failed, FAILURES);
        keep_last(&mut self.ended, ended, ENDED);
        if !detail.is_empty() {
            self.detail = detail;
        }
        (self.progress, self.running) = (Some(progress), running);
    }

    /// Takes in a message.
    pub(super) fn hear(&mut self, text: String) {
        keep_last(&mut self.messages, [text], FAILURES);
    }

    /// The command whose output is wanted.
    pub(super) fn detailed(&self) -> Option<u64> {
        match self.view {
            View::Output(number) => Some(number),
            View::Run | View::Failures | View::Keys => None,
        }
    }

    /// Whether no more commands are started, by hand.
    pub(super) fn is_paused(&self) -> bool {
        self.progress.is_some_and(|progress| progress.paused)
    }

    /// Moves the selection among what runs.
    pub(super) fn select(&mut self, by: isize) {
        let at = self.selected_at().and_then(|at| at.checked_add_signed(by)).unwrap_or(0);
        let last = self.running.len().saturating_sub(1);
        self.selected = self.running.get(at.min(last)).map(|running| running.number);
    }

    /// Where what is selected stands.
    pub(super) fn selected_at(&self) -> Option<usize> {
        self.running.iter().position(|running| Some(running.number) == self.selected)
    }

    /// What is selected stays so while it runs; then it is what runs in its slot, or else the first.
    fn select_among(&mut self, running: &[InHand]) {
        if running.iter().any(|running| Some(running.number) == self.selected) {
            return;
        }
        let slot = self.selected_at().map(|at| self.running[at].slot);
        let next = running.iter().find(|running| Some(running.slot) == slot).or(running.first());
        self.selected = next.map(|running| running.number);
    }

    fn count(&mut self, progress: &Progress, second: u64) {
        let done = progress.counts.succeeded + progress.counts.failed + progress.counts.stopped;
        let passed = second.saturating_sub(self.second);
        if passed > 0 {
            let empty = std::iter::repeat_n(0, usize::try_from(passed - 1).unwrap_or(0).min(SECONDS));
            keep_last(&mut self.seconds, std::iter::once(done.saturating_sub(self.done_before)).chain(empty), SECONDS);
            (self.second, self.done_before) = (second, done);
        }
    }
}

fn keep_last<T>(list: &mut VecDeque<T>, new: impl IntoIterator<Item = T>, most: usize) {
    list.extend(new);
    list.drain(..list.len().saturating_sub(most));
}

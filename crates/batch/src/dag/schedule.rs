//! Whose turn it is.

use super::graph::Graph;

/// What becomes of a job when one that it waits for has failed, or was skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It is skipped, and so are those that wait for it.
    #[default]
    Skip,
    /// It runs all the same, when all that it waits for are over.
    Run,
}

/// What is to be done with a job now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It begins.
    Begin(usize),
    /// It never will, because of another.
    Skip { job: usize, because: usize },
}

/// Where each job is.
#[derive(Debug)]
pub(crate) struct Schedule {
    graph: Graph,
    on_failure: Vec<OnFailure>,
    states: Vec<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// For so many; the first of them that did not succeed.
    Waiting {
        left: usize,
        failed: Option<usize>,
    },
    Begun,
    Over,
}

impl Schedule {
    pub(crate) fn new(graph: Graph, on_failure: Vec<OnFailure>) -> Self {
        let waiting = |job| State::Waiting { left: graph.before(job).len(), failed: None };
        let states = (0..graph.len()).map(waiting).collect();
        Self { graph, on_failure, states }
    }

    /// Those that wait for nobody.
    pub(crate) fn begin(&mut self) -> Vec<Step> {
        let order = self.graph.order().to_vec();
        order.into_iter().filter_map(|job| self.decide(job)).collect()
    }

    /// What follows when a job that has begun is over. Each job is in one step only, and in no second call.
    pub(crate) fn over(&mut self, job: usize, succeeded: bool) -> Vec<Step> {
        let (mut steps, mut over) = (Vec::new(), vec![(job, succeeded)]);
        while let Some((job, succeeded)) = over.pop() {
            self.states[job] = State::Over;
            for later in self.graph.after(job).to_vec() {
                self.note(later, job, succeeded);
                let step = self.decide(later);
                over.extend(step.and_then(|step| matches!(step, Step::Skip { .. }).then_some((later, false))));
                steps.extend(step);
            }
        }
        steps
    }

    fn note(&mut self, later: usize, job: usize, succeeded: bool) {
        if let State::Waiting { left, failed } = &mut self.states[later] {
            *left -= 1;
            *failed = failed.or((!succeeded).then_some(job));
        }
    }

    /// Lets a job begin if all before it are over; or skips it, as soon as that is certain.
    fn decide(&mut self, job: usize) -> Option<Step> {
        let State::Waiting { left, failed } = self.states[job] else { return None };
        let (state, step) = match (failed, self.on_failure[job], left) {
            (Some(because), OnFailure::Skip, _) => (State::Over, Step::Skip { job, because }),
            (_, _, 0) => (State::Begun, Step::Begin(job)),
            (_, OnFailure::Skip | OnFailure::Run, _) => return None,
        };
        self.states[job] = state;
        Some(step)
    }

    /// Jobs that have neither begun nor been skipped.
    pub(crate) fn waiting(&self) -> usize {
        self.states.iter().filter(|state| matches!(state, State::Waiting { .. })).count()
    }
}

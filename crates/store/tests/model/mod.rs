//! A backlog against a model of it: whatever clients, workers, crashes and the clock do, both say the same.

mod expected;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ganger_store::{
    Answer, Backlog, Change, Claim, Done, End, Ended, Fate, How, JobId, Needs, NewJob, Order, Policy, QueueId, State,
    TaskFilter, Turn, Unique, Until, Usage,
};
use rusqlite::Connection;

use crate::place::Place;
use expected::{Job, Model, QUEUES, Task};

const LOSSES: u32 = 2;

/// Both, and what runs.
struct Pair {
    place: Place,
    backlog: Option<Backlog>,
    queues: Vec<QueueId>,
    /// What waits in them, as the turns have told.
    depths: [Change; QUEUES],
    model: Model,
    running: Vec<Claim>,
    random: fastrand::Rng,
    steps: Vec<String>,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let place = Place::new();
        let mut backlog = Backlog::open(place.store()).unwrap();
        let queues = (0..QUEUES).map(|queue| backlog.queue(&format!("q{queue}")).unwrap()).collect();
        let model = Model { now: 1_000, ..Model::default() };
        let random = fastrand::Rng::with_seed(seed);
        let depths = Default::default();
        Self { place, backlog: Some(backlog), queues, depths, model, running: Vec::new(), random, steps: Vec::new() }
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.model.now)
    }

    fn commit(&mut self, turn: Turn) -> Done {
        let turn = Turn { now: Some(self.now()), ..turn };
        let done = self.backlog.as_mut().unwrap().commit(&turn).unwrap();
        for (queue, depth) in self.queues.iter().zip(&mut self.depths) {
            *depth += done.depths.get(queue).copied().unwrap_or_default();
        }
        done
    }

    /// An order, and all that follows of it.
    fn order(&mut self, order: Order) -> Answer {
        self.steps.push(format!("{order:?}"));
        let mut done = self.commit(Turn { orders: vec![order], ..Turn::default() });
        let answer = done.answers.remove(0);
        while done.more {
            done = self.commit(Turn::default());
        }
        answer
    }

    fn any_job(&mut self) -> Option<i64> {
        let jobs: Vec<i64> = self.model.jobs.keys().copied().collect();
        self.random.choice(jobs)
    }

    fn step(&mut self) {
        match self.random.u8(..100) {
            0..15 => self.submit(),
            15..40 => self.claim(),
            40..65 => self.end(),
            65..70 => self.append(),
            70..74 => self.hold(),
            74..78 => self.of_job(Order::Cancel, Model::cancel),
            78..84 => self.of_job(Order::Retry, Model::retry),
            84..92 => self.of_task(),
            92..95 => self.hold_queue(),
            95..99 => self.model.now += self.random.u64(1..30),
            _ => self.crash(),
        }
        let mut done = self.commit(Turn::default());
        while done.more {
            done = self.commit(Turn::default());
        }
        self.model.settle();
        self.compare();
    }

    fn submit(&mut self) {
        let (queue, rank, tasks) = (self.random.usize(..QUEUES), self.random.i32(-1..2), self.random.usize(1..6));
        let due = if self.random.u8(..4) == 0 { self.model.now + self.random.u64(0..40) } else { 0 };
        let (paused, open) = (self.random.u8(..8) == 0, self.random.u8(..5) == 0);
        let how = if self.random.bool() { How::Succeeded } else { How::Over };
        let needed: Vec<i64> = if self.random.u8(..3) == 0 { self.any_job().into_iter().collect() } else { Vec::new() };
        let key = (self.random.u8(..3) == 0).then(|| self.random.u8(..3).to_string());
        let new = NewJob {
            priority: -rank,
            tasks: vec![vec![b"x".to_vec()]; tasks],
            policy: Policy { losses: LOSSES, ..Policy::default() },
            due: (due > 0).then(|| UNIX_EPOCH + Duration::from_secs(due)),
            paused,
            open,
            needs: Needs { jobs: needed.iter().copied().map(JobId).collect(), how },
            unique: key.clone().map(|key| Unique { key, until: Until::Over }),
            ..NewJob::to(self.queues[queue])
        };
        let holder = key.as_deref().and_then(|key| self.model.holder(key));
        let Answer::Accepted(accepted) = self.order(Order::Submit(Box::new(new))) else { panic!("{:?}", self.steps) };
        assert_eq!((accepted.existing, holder.unwrap_or(accepted.job.0)), (holder.is_some(), accepted.job.0));
        if holder.is_none() {
            let unmet = needed.iter().map(|needed| (*needed, how)).collect();
            let tasks = (0..tasks).map(|_| Task::new()).collect();
            let (cancelled, over) = (false, false);
            let job = Job { queue, rank, tasks, due, cancelled, paused, open, over, key, unmet };
            self.model.jobs.insert(accepted.job.0, job);
            let over = needed.into_iter().find(|needed| self.model.jobs[needed].over);
            over.into_iter().for_each(|needed| self.model.meet(needed));
        }
    }

    fn claim(&mut self) {
        let (queue, limit) = (self.random.usize(..QUEUES), self.random.usize(1..8));
        self.steps.push(format!("claim {limit} of {queue}"));
        let claimed = self.commit(Turn { wanted: vec![(self.queues[queue], limit)], ..Turn::default() }).claimed;
        let seen: Vec<_> = claimed.iter().map(|claim| (claim.job.0, self.number(claim), claim.number)).collect();
        assert_eq!(seen, self.model.claim(queue, limit), "{:#?}", self.steps);
        self.running.extend(claimed);
    }

    fn number(&self, claim: &Claim) -> u64 {
        self.place.reader().task(claim.job, claim.task).unwrap().unwrap().number
    }

    fn end(&mut self) {
        if self.running.is_empty() {
            return;
        }
        let claim = self.running.swap_remove(self.random.usize(..self.running.len()));
        let later = self.now() + Duration::from_secs(self.random.u64(1..30));
        let fates = [
            (Fate::Over(State::Succeeded), End::Exit(0)),
            (Fate::Over(State::Succeeded), End::Exit(0)),
            (Fate::Over(State::Failed), End::Exit(1)),
            (Fate::Again, End::Exit(1)),
            (Fate::Later(later), End::Exit(1)),
            (Fate::Back, End::Stopped),
        ];
        let (fate, end) = self.random.choice(fates).unwrap();
        self.steps.push(format!("task {} of job {}: {fate:?}", claim.task.0, claim.job.0));
        self.model.ended(claim.job.0, self.number(&claim), claim.number, fate);
        let attempt = claim.attempt(self.now(), Usage::default(), end);
        self.commit(Turn { ended: vec![Ended { claim, attempt, fate }], ..Turn::default() });
    }

    fn append(&mut self) {
        let Some(id) = self.any_job() else { return };
        let (tasks, close) = (self.random.usize(1..4), self.random.bool());
        let answer =
            self.order(Order::Append { job: JobId(id), command: None, tasks: vec![vec![b"x".to_vec()]; tasks], close });
        let job = self.model.jobs.get_mut(&id).unwrap();
        if job.open {
            assert_eq!(answer, Answer::Appended(job.tasks.len() as u64 + 1));
            job.tasks.extend((0..tasks).map(|_| Task::new()));
            job.open = !close;
        } else {
            assert!(matches!(answer, Answer::Conflict(_)), "{answer:?}");
        }
    }

    fn of_job(&mut self, order: fn(JobId) -> Order, change: fn(&mut Model, i64)) {
        if let Some(id) = self.any_job() {
            self.order(order(JobId(id)));
            change(&mut self.model, id);
        }
    }

    fn hold(&mut self) {
        let Some(id) = self.any_job() else { return };
        let job = self.model.jobs.get_mut(&id).unwrap();
        job.paused ^= !job.over;
        let order = if job.paused { Order::Pause(JobId(id)) } else { Order::Resume(JobId(id)) };
        self.order(order);
    }

    fn hold_queue(&mut self) {
        let queue = self.random.usize(..QUEUES);
        self.model.paused[queue] ^= true;
        let id = self.queues[queue];
        self.order(if self.model.paused[queue] { Order::PauseQueue(id) } else { Order::ResumeQueue(id) });
    }

    fn of_task(&mut self) {
        let Some(id) = self.any_job() else { return };
        let number = self.random.usize(1..8);
        if self.random.bool() {
            self.order(Order::CancelTask(JobId(id), number as u64));
            self.model.cancel_task(id, number);
        } else {
            self.order(Order::RetryTask(JobId(id), number as u64));
            self.model.retry_task(id, number);
        }
    }

    /// The service is killed: what ran is tried again within its attempts.
    fn crash(&mut self) {
        self.steps.push("crash".to_owned());
        self.backlog = None;
        for claim in std::mem::take(&mut self.running) {
            let fate = if claim.number < LOSSES { Fate::Again } else { Fate::Over(State::Failed) };
            let number = self.number(&claim);
            self.model.ended(claim.job.0, number, claim.number, fate);
        }
        let backlog = self.backlog.insert(Backlog::open(self.place.store()).unwrap());
        self.depths = std::array::from_fn(|queue| backlog.depth(self.queues[queue]).unwrap().tasks);
        // It has looked at the clock of the wall, which is far beyond all that is due.
        self.model.now = self.model.now.max(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs());
    }

    #[track_caller]
    fn compare(&self) {
        let reader = self.place.reader();
        for (id, job) in &self.model.jobs {
            let served = reader.served(JobId(*id)).unwrap().unwrap();
            let tasks = reader.served_tasks(&served, &TaskFilter { from: 1, state: None, limit: 999 }).unwrap();
            let states: Vec<_> = tasks.iter().map(|task| task.state).collect();
            let wanted: Vec<_> = job.tasks.iter().map(|task| task.state).collect();
            assert_eq!(states, wanted, "job {id}: {:#?}", self.steps);
            assert_eq!((served.is_over(), served.open), (job.over, job.open), "job {id}: {:#?}", self.steps);
            let count = |state| wanted.iter().filter(|task| **task == state).count() as u64;
            let counted = [served.tasks.waiting, served.tasks.delayed, served.tasks.running, served.tasks.stopped];
            assert_eq!(counted, [State::Waiting, State::Delayed, State::Running, State::Stopped].map(count));
        }
        for (queue, depth) in self.queues.iter().zip(&self.depths) {
            let found = self.backlog.as_ref().unwrap().depth(*queue).unwrap().tasks;
            assert_eq!(Change { added: 0, ..*depth }, found, "{:#?}", self.steps);
        }
        for (queue, wanted) in self.model.depths().into_iter().enumerate() {
            let Change { waiting, delayed, blocked, held, .. } = self.depths[queue];
            assert_eq!([waiting, delayed, blocked, held], wanted, "queue {queue}: {:#?}", self.steps);
        }
        assert_eq!(self.broken(), [""; 0], "{:#?}", self.steps);
    }

    /// What of the file's own rules does not hold.
    fn broken(&self) -> Vec<&'static str> {
        let connection = Connection::open(self.place.file()).unwrap();
        let rules = [
            (
                "a job that can be claimed from stands in line",
                "SELECT 1 FROM served WHERE waiting > 0 AND cancelled = 0 AND paused = 0 AND due IS NULL AND needs = 0
                 AND (queue, rank, job) NOT IN (SELECT queue, rank, job FROM line)",
            ),
            (
                "nobody stands in line who is held",
                "SELECT 1 FROM line l JOIN served s ON s.job = l.job
                 WHERE s.cancelled = 1 OR s.paused = 1 OR s.due IS NOT NULL OR s.needs > 0",
            ),
            ("what runs is in running", "SELECT id FROM task WHERE state = 'running' EXCEPT SELECT task FROM running"),
            ("and nothing else", "SELECT task FROM running EXCEPT SELECT id FROM task WHERE state = 'running'"),
            ("what is delayed is due", "SELECT id FROM task WHERE state = 'delayed' EXCEPT SELECT task FROM delayed"),
            ("and nothing else is", "SELECT task FROM delayed EXCEPT SELECT id FROM task WHERE state = 'delayed'"),
            (
                "only what is not over was tried",
                "SELECT 1 FROM tried d JOIN task t ON t.id = d.task
                 WHERE t.state IN ('succeeded', 'failed', 'stopped')",
            ),
            ("no chore is left", "SELECT 1 FROM chore"),
        ];
        let fails = |sql| connection.prepare(sql).unwrap().exists([]).unwrap();
        rules.into_iter().filter(|(_, sql)| fails(sql)).map(|(rule, _)| rule).collect()
    }
}

#[test]
fn whatever_happens_the_backlog_says_what_its_model_says() {
    for seed in 0..12 {
        let mut pair = Pair::new(seed);
        (0..150).for_each(|_| pair.step());
    }
}

//! ③ Calling a function for the supervisor: what stands around [`Invocation`].

use std::os::fd::AsFd;
use std::time::Instant;

use ganger_proto::TaskId;
use ganger_proto::message::{FromWorker, Verdict};
use ganger_proto::outcome::{Failure, FailureKind};
use ganger_proto::spec::Function;

use crate::passing::Passed;
use crate::registry;
use crate::worker::context;
use crate::worker::invocation::{Host, Invocation};
use crate::worker::serve::Worker;

impl Worker {
    pub(super) fn call(
        &mut self,
        task: TaskId,
        attempt: u32,
        start: Instant,
        function: Function,
        way: fn(&registry::Entry) -> fn(&mut Invocation<'_>) -> Verdict,
        args: &[u8],
    ) -> Instant {
        self.state.begin(task.to_bits());
        context::update(task, attempt);
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        let (verdict, passed) = match self.reach_begin(task, attempt, &mut out) {
            None => self.invoke(function, way, args, &mut out),
            Some(panicked) => (panicked, Vec::new()),
        };
        let ended = Instant::now();
        passed.iter().for_each(|passed| self.return_descriptor(passed));
        self.finish(task, attempt, verdict, ended - start, &out);
        self.out = out;
        ended
    }

    /// How it ended, with the descriptors that its result names.
    fn invoke(
        &self,
        function: Function,
        way: fn(&registry::Entry) -> fn(&mut Invocation<'_>) -> Verdict,
        args: &[u8],
        out: &mut Vec<u8>,
    ) -> (Verdict, Vec<Passed>) {
        let host = Some(Host { process: &self.outlet.process, function });
        let limit = self.setup.payload_limit;
        let mut invocation = Invocation { args, out, passed: Vec::new(), limit, host };
        let verdict = match registry::entry(function) {
            Some(entry) => way(entry)(&mut invocation),
            None => invocation.failed(Failure {
                kind: FailureKind::Unregistered,
                message: format!("{} is not registered in this worker", registry::name_of(function)),
                value: None,
            }),
        };
        (verdict, invocation.passed)
    }

    /// If the supervisor is gone, it does not matter any more.
    fn return_descriptor(&self, passed: &Passed) {
        match self.lane.send(&[0], &[passed.as_fd()], None) {
            Ok(()) => self.outlet.say(&FromWorker::Descriptor),
            Err(error) => log::error!("worker: failed to return a descriptor: {error}"),
        }
    }
}

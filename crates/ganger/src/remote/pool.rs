//! ① Both ends of a call that leaves its program: pools that send them away, and pools that make them.

use std::sync::Arc;

use ganger_proto::TaskId;
use ganger_proto::spec::{Function, Role};

use crate::builder::{PoolBuilder, StartMethod};
use crate::command::Reports;
use crate::engine::table::{Payload, Work};
use crate::error::{Error, ErrorKind};
use crate::future::{Future, What};
use crate::options::TaskOptions;
use crate::pool::Pool;
use crate::remote::{Call, Elsewhere, Promise, Remote};

impl PoolBuilder<Pool> {
    /// A pool whose tasks run where `remote` has them run. `workers` says no more than how many tasks a map has on their
    /// way, a third of them; shared values and descriptors cannot be arguments, as nobody could get at them.
    ///
    /// # Errors
    /// When something is invalid, as for [`build`](Self::build).
    pub fn elsewhere(self, remote: Arc<dyn Remote>) -> Result<Pool, Error> {
        let pool = self.start_method(StartMethod::Inline).build()?;
        let elsewhere = Elsewhere::new(remote, &pool.settings().name);
        Ok(pool.moved(elsewhere))
    }
}

impl<P: From<Pool>> PoolBuilder<P> {
    /// The pool's workers make calls ([`Pool::submit_call`]) of any function that their program registers. It may be any
    /// such program ([`worker_program`](Self::worker_program)): it need not register this one's tasks.
    #[must_use]
    pub fn for_calls(mut self) -> Self {
        self.role = Role::Named;
        self
    }
}

impl Pool {
    /// Hands a call in; what becomes of it is reported to `reports`. Its own options say nothing here: who makes calls for
    /// others has its own.
    ///
    /// ```
    /// use ganger::remote::{self, Call};
    /// use ganger::{Outcome, Pool, Report, Reports, TaskOptions};
    ///
    /// # fn main() -> Result<(), ganger::Error> {
    /// # ganger::init();
    /// let (pool, reports) = (Pool::builder().workers(1).for_calls().build()?, Reports::new(1 << 20));
    /// pool.submit_call(&Call::named("app::unknown", "", false, Vec::new()), &TaskOptions::new(), &reports)?;
    /// let Some(Report::Ended { outcome: Outcome::Failed(failure), .. }) = reports.recv(None) else { panic!("it has none") };
    /// assert!(failure.message.contains("registers no app::unknown"), "{failure:?}");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the pool takes no more tasks, or is not one [`for_calls`](PoolBuilder::for_calls).
    pub fn submit_call(&self, call: &Call, options: &TaskOptions, reports: &Reports) -> Result<TaskId, Error> {
        let why = "this pool's workers call nothing by name: build it with PoolBuilder::for_calls()";
        let engine = self.engine().filter(|_| *self.role() == Role::Named);
        let engine = engine.ok_or_else(|| Error::new(ErrorKind::Invalid { what: "submit_call", why }))?;
        let payload = Payload { work: Work::Line, bytes: call.bytes()?.into(), shared: None };
        engine.submit_command(payload, &reports.queue, &options.policy).map_err(Error::new)
    }

    /// A future of a task that is with the remote already, and the promise to be kept when its outcome is known. `name`:
    /// what the task is called in errors.
    ///
    /// # Errors
    /// When the pool's tasks do not run elsewhere.
    pub fn promise<T>(&self, name: &str) -> Result<(Promise, Future<T>), Error> {
        let why = "this pool's tasks do not run elsewhere: build it with PoolBuilder::elsewhere()";
        let elsewhere = self.somewhere_else().ok_or_else(|| Error::new(ErrorKind::Invalid { what: "promise", why }))?;
        Ok(elsewhere.promise(What { function: Function(u32::MAX), name: Some(Arc::from(name)) }))
    }
}

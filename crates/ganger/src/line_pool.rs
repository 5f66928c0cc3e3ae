//! ① Pools whose workers answer lines of input.

use std::ffi::OsString;
use std::path::Path;

use ganger_proto::TaskId;
use ganger_proto::spec::{Hosted, LineTask, Role};

use crate::builder::{COMMAND_RING_CAPACITY, PoolBuilder};
use crate::command::Reports;
use crate::engine::table::{Payload, Work};
use crate::error::{Error, ErrorKind};
use crate::options::TaskOptions;
use crate::pool::Pool;

impl<P: From<Pool>> PoolBuilder<P> {
    /// The pool's workers answer lines ([`Pool::submit_line`]), with the one function that their program registers by
    /// [`#[ganger::worker]`](macro@crate::worker). It may be any such program ([`worker_program`](Self::worker_program)): it
    /// need not register this one's tasks, and is called by no name.
    #[must_use]
    pub fn for_lines(mut self) -> Self {
        self.role = Role::Lines;
        self
    }

    /// The pool's workers answer lines ([`Pool::submit_line`]), each by a program of any kind that it keeps and feeds, as
    /// [`worker_protocol`](crate::worker_protocol) says. A program at fault is killed with its whole tree, and replaced
    /// with its worker.
    #[must_use]
    pub fn hosting(mut self, hosted: Hosted) -> Self {
        self.role = Role::Host(hosted);
        self.ring_capacity = COMMAND_RING_CAPACITY;
        self
    }

    /// Arguments of the worker program. It finds them where any program does.
    #[must_use]
    pub fn worker_args(mut self, args: impl IntoIterator<Item = OsString>) -> Self {
        self.args = args.into_iter().collect();
        self
    }

    /// The directory that the worker program works in, if not this process's own.
    #[must_use]
    pub fn worker_dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }
}

impl Pool {
    /// Hands a line of input to a worker that answers such; what becomes of it is reported to `reports`. What it answers is
    /// the bytes of [`Outcome::Returned`](crate::Outcome::Returned), as they are to be printed. `number`: that of the
    /// input, which the worker is told.
    ///
    /// ```
    /// use ganger::{Command, Hosted, Outcome, Pool, Report, Reports, TaskOptions};
    ///
    /// # fn main() -> Result<(), ganger::Error> {
    /// # ganger::init();
    /// let script = r#"while read -r line; do echo '{"id":1,"output":"hello"}'; done"#;
    /// let argv = ["sh", "-c", script].map(|word| word.as_bytes().to_vec().into()).into();
    /// let command = Command { argv, ..Command::default() };
    /// let hosted = Hosted { name: "greeter".to_owned(), command, says_ready: false };
    /// let (pool, reports) = (Pool::builder().workers(1).hosting(hosted).build()?, Reports::new(1 << 20));
    /// pool.submit_line(1, &["an input"], &TaskOptions::new(), &reports)?;
    /// let Some(Report::Ended { outcome, .. }) = reports.recv(None) else { panic!("it does as it should") };
    /// assert_eq!(outcome, Outcome::Returned(b"hello\n".to_vec()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the pool takes no more tasks, or is not one [`for_lines`](PoolBuilder::for_lines) or [`hosting`](PoolBuilder::hosting) a
    /// program.
    pub fn submit_line<A: AsRef<[u8]>>(
        &self,
        number: u64,
        args: &[A],
        options: &TaskOptions,
        reports: &Reports,
    ) -> Result<TaskId, Error> {
        let invalid = |why| Error::new(ErrorKind::Invalid { what: "submit_line", why });
        let engine = match (self.role(), self.engine()) {
            (Role::Lines | Role::Host(_), Some(engine)) => engine,
            (Role::Lines | Role::Host(_) | Role::Functions | Role::Commands | Role::Named, _) => {
                return Err(invalid("this pool's workers answer no lines: build it with PoolBuilder::for_lines()"));
            }
        };
        let bytes = LineTask::encode(number, args).ok_or_else(|| invalid("an argument is above 4 GiB"))?;
        let payload = Payload { work: Work::Line, bytes: bytes.into(), shared: None };
        engine.submit_command(payload, &reports.queue, &options.policy).map_err(Error::new)
    }
}

//! The worker's loop: hear, begin, run, tell, until told to end or nobody is there.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ganger_proto::codec;
use ganger_proto::fault::Point;
use ganger_proto::message::{FromWorker, HEAD, Seat, Setup, ToWorker, Verdict};
use ganger_proto::spec::{Bytes, Function, Role};
use ganger_proto::{SharedId, TaskId};
use ganger_shm::link::{self, End, StatePage};
use ganger_shm::ring::Reader;
use ganger_shm::{Assembly, Claims};
use ganger_sys::Socket;

use crate::bootstrap::{Ends, hello};
use crate::logging;
use crate::registry::{self, LineEntry};
use crate::start_error::start_error;
use crate::title;
use crate::worker::command::{Commands, encoded};
use crate::worker::context::{self, Current};
use crate::worker::faults::Armed;
use crate::worker::host::{Halt, ProgramHost};
use crate::worker::outlet::{LOOK, Life, Outlet};
use crate::worker::{command, line, named, panic, values, zygote};

/// Serves one pool.
pub(crate) fn run(ends: Ends, setup: Setup, seat: Seat, life: Life) -> std::io::Result<()> {
    let Ends { link, bell, lane } = ends;
    let End { writer, reader, state } = link::open(&link)?;
    drop(link);
    panic::keep_in_this_thread();
    if let Life::Process { .. } = life {
        title::be_worker(&setup.pool, seat.slot);
        logging::forward(setup.log_level);
    }
    let spin = Spin::default();
    let outlet = Arc::new(Outlet::new(writer, bell, life));
    let armed = Armed::of(&seat.faults);
    let mut worker = Worker {
        outlet,
        state,
        lane,
        setup,
        seat,
        spin,
        out: Vec::new(),
        commands: None,
        lines: None,
        host: None,
        armed,
    };
    worker.reach(Point::Start);
    if worker.begin() {
        worker.serve(reader);
    }
    worker.let_go();
    context::set(None);
    Ok(())
}

/// How long to spin before sleeping: shorter each time it was in vain.
#[derive(Default)]
struct Spin {
    failures: u32,
}

impl Spin {
    fn time(&self, most: Duration) -> Duration {
        most / (1 << self.failures.min(5))
    }

    fn note(&mut self, success: bool) {
        self.failures = if success { 0 } else { self.failures.saturating_add(1) };
    }
}

pub(super) struct Worker {
    pub(super) outlet: Arc<Outlet>,
    pub(super) state: StatePage,
    pub(super) lane: Socket,
    pub(super) setup: Setup,
    pub(super) seat: Seat,
    spin: Spin,
    /// Room for results, used again and again.
    pub(super) out: Vec<u8>,
    /// None: it was made for functions alone.
    pub(super) commands: Option<Commands>,
    /// The function that answers lines, if it was made for that.
    lines: Option<&'static LineEntry>,
    /// The host of the program that does.
    host: Option<ProgramHost>,
    /// What a test has ordered it to do; none, as a rule.
    pub(super) armed: Option<Box<Armed>>,
}

impl Worker {
    /// Introduces itself and runs the initializer. False: it failed.
    fn begin(&mut self) -> bool {
        match codec::encode(&hello(), u64::MAX) {
            Ok(hello) => self.outlet.say(&FromWorker::Hello { hello: &hello }),
            Err(error) => log::error!("worker: {error}"),
        }
        if let Life::Process { .. } = self.outlet.life {
            logging::go_through(&self.outlet);
        }
        context::set(Some(Current {
            task: TaskId::from_bits(0),
            attempt: 0,
            slot: self.seat.slot,
            pool: Arc::from(&*self.setup.pool),
            state: self.state.clone(),
        }));
        if let Err(error) = self.prepare() {
            self.outlet.say(&FromWorker::StartFailed { error: &encoded(&start_error(&error)) });
            return false;
        }
        let done = self.initialize().and_then(|()| self.await_program());
        match &done {
            Ok(()) => self.outlet.say(&FromWorker::Ready),
            Err(error) => self.outlet.say(&FromWorker::InitFailed { error: error.as_bytes() }),
        }
        done.is_ok()
    }

    fn prepare(&mut self) -> io::Result<()> {
        match &self.setup.role {
            Role::Functions | Role::Named => {}
            Role::Commands => self.commands = Some(Commands::new(self.seat.slot, &self.outlet.life)?),
            Role::Lines => self.lines = Some(registry::line_worker().map_err(io::Error::other)?),
            Role::Host(hosted) => {
                let host = ProgramHost::start(hosted, self.seat.slot, &self.outlet.life)?;
                self.state.set_group(Some(host.group()));
                self.host = Some(host);
            }
        }
        Ok(())
    }

    fn initialize(&mut self) -> Result<(), String> {
        self.try_reach(Point::Init).map_err(|panic| format!("the initializer panicked: {}", panic.message))?;
        let call = |(function, args): &(Function, Bytes)| {
            zygote::call(*function, args, self.setup.payload_limit, &self.outlet.process)
        };
        self.setup.first.iter().try_for_each(call)
    }

    fn await_program(&mut self) -> Result<(), String> {
        let says_ready = matches!(&self.setup.role, Role::Host(hosted) if hosted.says_ready);
        let Some(mut host) = self.host.take_if(|_| says_ready) else { return Ok(()) };
        let ready = host.await_ready(self);
        self.host = Some(host);
        ready
    }

    /// The end of its service is that of the program that it hosts.
    fn let_go(&mut self) {
        if let Some(host) = self.host.take() {
            host.finish(self);
            self.state.set_group(None);
        }
    }

    /// Short messages are read where they lie in the ring: their bytes are the supervisor's, which never changes what
    /// it has published.
    fn serve(&mut self, mut reader: Reader) {
        let mut assembly = Assembly::new(self.setup.payload_limit.saturating_add(4096));
        let mut began = None;
        while !self.is_told_to_end() {
            let obey =
                |head: &[u8; HEAD], body: &[u8]| self.obey(head, body, began.take().unwrap_or_else(Instant::now));
            match reader.receive_in_place(&mut assembly, Claims::Needed, obey) {
                Ok(Some(Some(ended))) => {
                    began = Some(ended);
                    if reader.release() {
                        self.outlet.bell.ring();
                    }
                    self.stay_if_deaf();
                }
                Ok(Some(None)) => return,
                Ok(None) => {
                    began = None;
                    if !self.wait(&mut reader) {
                        return;
                    }
                }
                Err(corrupt) => return log::error!("worker: {corrupt}"),
            }
        }
    }

    /// Only one that runs commands hears it and lives on, until its command has ended.
    pub(super) fn is_told_to_end(&mut self) -> bool {
        self.commands.as_mut().is_some_and(Commands::is_told_to_end)
            || self.host.as_mut().is_some_and(ProgramHost::is_told_to_end)
    }

    /// Whether nobody is there any more who would hear it.
    pub(super) fn is_alone(&self) -> bool {
        self.outlet.life.is_over()
    }

    /// Waits for something to do. False: nobody is there any more.
    fn wait(&mut self, reader: &mut Reader) -> bool {
        self.reach_idle();
        if reader.release_fenced() {
            self.outlet.bell.ring();
        }
        let time = self.spin.time(self.state.spin());
        if !time.is_zero() {
            let success = reader.spin(time);
            self.spin.note(success);
            if success {
                return true;
            }
        }
        reader.wait(Duration::ZERO, LOOK) || !self.outlet.life.is_over()
    }

    /// Does as it is told, and says when it was done. None: it was told to end.
    fn obey(&mut self, head: &[u8; HEAD], body: &[u8], start: Instant) -> Option<Instant> {
        Some(match ToWorker::decode(head, body) {
            Ok(ToWorker::Call { task, attempt, function, args }) => {
                self.call(task, attempt, start, function, |entry| entry.call, args)
            }
            Ok(ToWorker::Map { task, attempt, function, items }) => {
                self.call(task, attempt, start, function, |entry| entry.map, items)
            }
            Ok(ToWorker::Command { task, attempt, command }) => self.command(task, attempt, start, command),
            Ok(ToWorker::Line { task, attempt, line }) => return self.line(task, attempt, start, line),
            Ok(ToWorker::Share { id, value }) => {
                values::keep(id, value.to_vec());
                start
            }
            Ok(ToWorker::Descriptor { id }) => {
                self.take_descriptor(id);
                start
            }
            Ok(ToWorker::Unshare { id }) => {
                values::forget(id);
                start
            }
            Ok(ToWorker::Arm { task, attempt, fault }) => {
                self.arm(task, attempt, fault);
                start
            }
            Ok(ToWorker::Retire) => {
                self.reach(Point::Retire);
                return None;
            }
            Err(error) => {
                log::error!("worker: {error}");
                return None;
            }
        })
    }

    /// It was sent before the message that names it, so this does not wait.
    fn take_descriptor(&self, id: SharedId) {
        match self.lane.recv(&mut [0; 1], 1, Some(Instant::now() + LOOK)) {
            Ok(Some((_, fds))) => {
                fds.into_iter().for_each(|fd| values::keep_descriptor(id, Arc::new(fd)));
            }
            Ok(None) => {}
            // Whoever asks for it is told.
            Err(error) => log::error!("worker: failed to receive the descriptor {id}: {error}"),
        }
    }

    fn command(&mut self, task: TaskId, attempt: u32, start: Instant, command: &[u8]) -> Instant {
        self.state.begin(task.to_bits());
        let mut out = Vec::new();
        let (verdict, body) = match self.reach_begin(task, attempt, &mut out) {
            None => command::run(self, task, attempt, command),
            Some(panicked) => (panicked, out),
        };
        let ended = Instant::now();
        self.finish(task, attempt, verdict, ended - start, &body);
        ended
    }

    /// None: the program that should have answered is gone, and this worker ends with it.
    fn line(&mut self, task: TaskId, attempt: u32, start: Instant, line: &[u8]) -> Option<Instant> {
        self.state.begin(task.to_bits());
        context::update(task, attempt);
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        let verdict = match self.reach_begin(task, attempt, &mut out) {
            None => self.answer(task, attempt, line, &mut out)?,
            Some(panicked) => panicked,
        };
        let ended = Instant::now();
        self.finish(task, attempt, verdict, ended - start, &out);
        self.out = out;
        Some(ended)
    }

    fn answer(&mut self, task: TaskId, attempt: u32, line: &[u8], out: &mut Vec<u8>) -> Option<Verdict> {
        match (self.lines, self.host.take()) {
            (Some(entry), _) => Some(line::answer(self, entry, line, out)),
            (None, Some(host)) => self.ask(host, task, attempt, line, out),
            (None, None) if self.setup.role == Role::Named => Some(named::call(self, line, out)),
            (None, None) => None,
        }
    }

    fn ask(
        &mut self,
        mut host: ProgramHost,
        task: TaskId,
        attempt: u32,
        line: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<Verdict> {
        match host.answer(self, task, attempt, line) {
            Ok((verdict, body)) => {
                *out = body;
                self.host = Some(host);
                Some(verdict)
            }
            Err(Halt::ToldToEnd) => {
                host.end();
                None
            }
            Err(Halt::Fault { fault, begun }) => {
                if !begun {
                    self.state.end();
                }
                self.outlet.say(&FromWorker::Fault { fault: &encoded(&fault) });
                None
            }
        }
    }

    /// Tells the outcome; only then is the task no longer in its hands.
    pub(super) fn finish(&mut self, task: TaskId, attempt: u32, verdict: Verdict, took: Duration, body: &[u8]) {
        let message = FromWorker::Finished { task, attempt, verdict, took, body };
        if self.armed.is_some() {
            return self.finish_armed(&message);
        }
        self.outlet.say_then(&message, || self.state.end());
    }
}

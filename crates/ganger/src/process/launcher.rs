//! Where processes come from: one thread of this process that lives as long as this process, with a zygote for each program.
//!
//! It lives that long because the kernel sends a child its parent-death signal when the *thread* that started it ends.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use ganger_proto::WorkerId;
use ganger_proto::outcome::Exit;
use ganger_sys::{Bell, Child, Epoll, Interest, LaunchError, Shortage, Socket};

use crate::Pool;
use crate::bootstrap::{Freight, Order, Server, Solo};
use crate::engine::lock;
use crate::engine::settings::{Program, Settings};
use crate::engine::zygote::{self, News, Request, Zygote};
use crate::error::{Error, ErrorKind};
use crate::exit::translated;
use crate::process::wrong;

const BELL: u64 = 0;
/// With the number of a source: its zygote speaks.
const ZYGOTE: u64 = 1 << 32;
/// With the number of a source: its zygote has ended.
const DEATH: u64 = 1 << 33;

/// What is said of a program that does not say hello.
pub(super) const SILENT: &str = "it does not say hello; does its main call ganger::init() first?";

/// What is said of a program that has ended without a hello.
pub(super) fn ended(exit: Exit) -> String {
    format!("it ended as a worker program with {exit}; does its main call ganger::init() first?")
}

/// The program cannot be a worker's.
pub(super) fn unfit(settings: &Settings, why: &str) -> Error {
    Error::new(ErrorKind::Program { program: settings.program.shown.clone(), why: why.to_owned() })
}

/// The same, if it is the program's fault.
pub(super) fn not_started(settings: &Settings, error: io::Error) -> Error {
    let launch = error.get_ref().is_some_and(|cause| cause.is::<LaunchError>());
    if launch && Shortage::of(&error).is_none() {
        return unfit(settings, &error.to_string());
    }
    Error::system("start the process")(error)
}

fn failed(why: &str) -> Error {
    wrong("start the process", why)
}

/// A program that was executed, the socket to it, and where it will connect.
pub(super) type Executed = (Child, Socket, Server);

/// What callers want.
enum Wish {
    Fork {
        settings: Arc<Settings>,
        solo: Solo,
        freight: Freight,
        reply: Sender<Result<Child, Error>>,
    },
    Exec {
        program: Program,
        title: String,
        reply: Sender<io::Result<Executed>>,
    },
    /// Nobody waits any more for a zygote of this program that says nothing.
    GiveUp(PathBuf),
    /// What is kept here for the life of this process.
    Tell(Sender<Standing>),
}

/// What the thread holds: no leak, though it stays.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(crate) thread: u32,
    pub(crate) processes: Vec<u32>,
    pub(crate) descriptors: Vec<RawFd>,
}

/// The callers' side.
struct Launcher {
    wishes: Mutex<Vec<Wish>>,
    bell: Bell,
}

impl Launcher {
    fn ask(&self, wish: Wish) {
        lock(&self.wishes).push(wish);
        self.bell.ring();
    }
}

/// What a process is started from: this program, unless another is named.
pub(super) fn settings(program: Option<&Path>) -> Result<Arc<Settings>, Error> {
    static OWN: OnceLock<Arc<Settings>> = OnceLock::new();
    if let (None, Some(own)) = (program, OWN.get()) {
        return Ok(Arc::clone(own));
    }
    let builder = Pool::builder().name("processes");
    match program {
        Some(program) => builder.worker_program(program).settings().map(Arc::new),
        None => builder.settings().map(|settings| Arc::clone(OWN.get_or_init(|| Arc::new(settings)))),
    }
}

/// A new process of this one, forked by the program's zygote.
pub(super) fn fork(settings: &Arc<Settings>, solo: Solo, freight: Freight, patience: Duration) -> Result<Child, Error> {
    let launcher = launcher()?;
    let (reply, answer) = mpsc::channel();
    launcher.ask(Wish::Fork { settings: Arc::clone(settings), solo, freight, reply });
    answer.recv_timeout(patience).unwrap_or_else(|_| {
        launcher.ask(Wish::GiveUp(settings.program.path.clone()));
        Err(unfit(settings, &format!("no process has come within {patience:?}: {SILENT}")))
    })
}

/// A new process of this one, which executes the program.
pub(super) fn exec(settings: &Settings, title: String) -> Result<Executed, Error> {
    let (reply, answer) = mpsc::channel();
    launcher()?.ask(Wish::Exec { program: settings.program.clone(), title, reply });
    let executed = answer.recv().map_err(|_| failed("the thread that starts processes has died"))?;
    executed.map_err(|error| not_started(settings, error))
}

/// What there is because a process was started once; none if there never was one.
pub(crate) fn standing() -> Option<Standing> {
    let (reply, answer) = mpsc::channel();
    LAUNCHER.get()?.ask(Wish::Tell(reply));
    answer.recv().ok()
}

static LAUNCHER: OnceLock<Arc<Launcher>> = OnceLock::new();

/// Started with the first process.
fn launcher() -> Result<&'static Arc<Launcher>, Error> {
    static STARTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = lock(&STARTING);
    if let Some(launcher) = LAUNCHER.get() {
        return Ok(launcher);
    }
    let bell = Bell::new().map_err(Error::system("make an eventfd"))?;
    let launcher = Arc::new(Launcher { wishes: Mutex::default(), bell });
    let work = Work::new(Arc::clone(&launcher)).map_err(Error::system("use an epoll"))?;
    let thread = std::thread::Builder::new().name("ganger-processes".to_owned());
    thread.spawn(move || work.run()).map_err(Error::system("start the thread that starts processes"))?;
    Ok(LAUNCHER.get_or_init(|| launcher))
}

/// A program, and its zygote if there is one.
struct Source {
    settings: Arc<Settings>,
    zygote: Option<Zygote>,
}

/// The thread's side.
struct Work {
    launcher: Arc<Launcher>,
    world: Epoll,
    /// As many as programs were named: they stay.
    sources: Vec<Source>,
    coming: HashMap<WorkerId, Sender<Result<Child, Error>>>,
    started: u32,
}

impl Work {
    fn new(launcher: Arc<Launcher>) -> io::Result<Self> {
        let world = Epoll::new()?;
        world.add(&launcher.bell, BELL, Interest::Read)?;
        Ok(Self { launcher, world, sources: Vec::new(), coming: HashMap::new(), started: 0 })
    }

    fn run(mut self) {
        let mut ready = Vec::new();
        loop {
            if let Err(error) = self.world.wait(None, &mut ready) {
                log::error!("failed to wait for processes: {error}");
                std::thread::sleep(Duration::from_millis(1));
            }
            for token in ready.drain(..) {
                match token {
                    BELL => self.on_bell(),
                    token if token & DEATH != 0 => self.on_zygote_death((token & !DEATH) as usize),
                    token => self.on_zygote((token & !ZYGOTE) as usize),
                }
            }
        }
    }

    fn on_bell(&mut self) {
        self.launcher.bell.clear();
        let wishes = std::mem::take(&mut *lock(&self.launcher.wishes));
        wishes.into_iter().for_each(|wish| self.grant(wish));
    }

    fn grant(&mut self, wish: Wish) {
        match wish {
            Wish::Fork { settings, solo, freight, reply } => self.ask(&settings, solo, freight, reply),
            Wish::Exec { program, title, reply } => {
                // Who asked waits for as long as it takes.
                let _ = reply.send(zygote::exec(&program, &title, &[]));
            }
            Wish::GiveUp(program) => {
                if let Some(number) = self.find(&program)
                    && self.sources[number].zygote.as_ref().is_some_and(Zygote::is_silent)
                {
                    self.drop_zygote(number, SILENT);
                }
            }
            Wish::Tell(reply) => {
                // Who asked waits for as long as it takes.
                let _ = reply.send(self.standing());
            }
        }
    }

    fn standing(&self) -> Standing {
        let zygotes = || self.sources.iter().filter_map(|source| source.zygote.as_ref());
        let held = [self.world.as_fd(), self.launcher.bell.as_fd()].into_iter();
        let fds = held.chain(zygotes().flat_map(|zygote| [zygote.socket.as_fd(), zygote.child.as_fd()]));
        Standing {
            thread: ganger_sys::Identity::of_this_thread().id(),
            processes: zygotes().map(|zygote| zygote.child.pid()).collect(),
            descriptors: fds.map(|fd: BorrowedFd<'_>| fd.as_raw_fd()).collect(),
        }
    }

    fn ask(&mut self, settings: &Arc<Settings>, solo: Solo, freight: Freight, reply: Sender<Result<Child, Error>>) {
        self.started = self.started.wrapping_add(1);
        let id = WorkerId::new(self.started, 0);
        let request = Request { order: Order::Solo { id, solo }, freight };
        self.coming.insert(id, reply);
        let number = self.source(settings);
        if let Err(error) = self.zygote(number).and_then(|zygote| zygote.ask(request)) {
            self.reply(id, Err(not_started(settings, error)));
        }
    }

    fn find(&self, program: &Path) -> Option<usize> {
        self.sources.iter().position(|source| source.settings.program.path == program)
    }

    fn source(&mut self, settings: &Arc<Settings>) -> usize {
        self.find(&settings.program.path).unwrap_or_else(|| {
            self.sources.push(Source { settings: Arc::clone(settings), zygote: None });
            self.sources.len() - 1
        })
    }

    fn zygote(&mut self, number: usize) -> io::Result<&mut Zygote> {
        let Source { settings, zygote } = &mut self.sources[number];
        if zygote.is_none() {
            let new = Zygote::start(settings)?;
            self.world.add(&new.socket, ZYGOTE | number as u64, Interest::Read)?;
            self.world.add(&new.child, DEATH | number as u64, Interest::Read)?;
            *zygote = Some(new);
        }
        zygote.as_mut().ok_or_else(|| io::Error::other("the zygote has gone"))
    }

    fn on_zygote(&mut self, number: usize) {
        while let Some(news) = self.news(number) {
            match news {
                // It preloads nothing, so it has nothing to log.
                News::Nothing | News::Logged(_) => {}
                News::Forked { worker, child } => self.reply(worker, child.map_err(|e| failed(&e.to_string()))),
                News::NotForked { worker, error } => self.reply(worker, Err(failed(&error.message))),
                News::Lost { worker, .. } => self.reply(worker, Err(failed("too many open files"))),
                News::Useless(why) => return self.drop_zygote(number, &why),
            }
        }
    }

    fn news(&mut self, number: usize) -> Option<News> {
        let Source { settings, zygote } = &mut self.sources[number];
        zygote.as_mut()?.read(settings)
    }

    fn on_zygote_death(&mut self, number: usize) {
        self.on_zygote(number);
        let Some(zygote) = &mut self.sources[number].zygote else { return };
        let why = match zygote.child.try_wait() {
            Ok(None) => return,
            Ok(Some(exit)) => ended(translated(exit)),
            Err(error) => error.to_string(),
        };
        self.drop_zygote(number, &why);
    }

    /// The next process brings a new one.
    fn drop_zygote(&mut self, number: usize, why: &str) {
        let Source { settings, zygote } = &mut self.sources[number];
        let settings = Arc::clone(settings);
        let Some(zygote) = zygote.take() else { return };
        // Closing the descriptors takes them out of the set as well.
        let _ = self.world.delete(&zygote.socket).and(self.world.delete(&zygote.child));
        zygote.kill();
        for id in zygote.orphans() {
            self.reply(id, Err(unfit(&settings, why)));
        }
    }

    /// Who asked may have given up: then the process is killed as its handle is dropped.
    fn reply(&mut self, id: WorkerId, answer: Result<Child, Error>) {
        if let Some(reply) = self.coming.remove(&id) {
            let _ = reply.send(answer);
        }
    }
}

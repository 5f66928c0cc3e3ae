//! Where processes come from: one thread of this process, with a zygote of its own, that lives as long as this process.
//!
//! It lives that long because the kernel sends a child its parent-death signal when the *thread* that started it ends.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use ganger_proto::WorkerId;
use ganger_sys::{Bell, Child, Epoll, Interest};

use crate::Pool;
use crate::bootstrap::{Freight, Order, Solo};
use crate::engine::settings::Settings;
use crate::engine::zygote::{News, Request, Zygote};
use crate::error::{Error, ErrorKind};
use crate::exit::translated;

/// How long a process may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

const BELL: u64 = 0;
const ZYGOTE: u64 = 1;
const DEATH: u64 = 2;

/// A process that is wanted.
struct Wanted {
    solo: Solo,
    freight: Freight,
    /// Who waits for it.
    reply: Sender<Result<Child, String>>,
}

/// The callers' side.
struct Launcher {
    wanted: Mutex<Vec<Wanted>>,
    bell: Bell,
}

/// A new process of this one.
pub(super) fn launch(solo: Solo, freight: Freight) -> Result<Child, Error> {
    let launcher = launcher()?;
    let (reply, answer) = mpsc::channel();
    lock(&launcher.wanted).push(Wanted { solo, freight, reply });
    launcher.bell.ring();
    let failed = |why: String| Error::new(ErrorKind::Process { what: "start the process", why });
    await_answer(&answer).and_then(|child| child).map_err(failed)
}

fn await_answer(answer: &Receiver<Result<Child, String>>) -> Result<Result<Child, String>, String> {
    answer.recv_timeout(PATIENCE).map_err(|_| format!("it did not come within {PATIENCE:?}"))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Started with the first process.
fn launcher() -> Result<&'static Arc<Launcher>, Error> {
    static LAUNCHER: OnceLock<Arc<Launcher>> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = lock(&STARTING);
    if let Some(launcher) = LAUNCHER.get() {
        return Ok(launcher);
    }
    let settings = Pool::builder().name("processes").settings()?;
    let bell = Bell::new().map_err(Error::system("make an eventfd"))?;
    let launcher = Arc::new(Launcher { wanted: Mutex::default(), bell });
    let work = Work::new(settings, Arc::clone(&launcher)).map_err(Error::system("use an epoll"))?;
    let thread = std::thread::Builder::new().name("ganger-processes".to_owned());
    thread.spawn(move || work.run()).map_err(Error::system("start the thread that starts processes"))?;
    Ok(LAUNCHER.get_or_init(|| launcher))
}

/// The thread's side.
struct Work {
    settings: Settings,
    launcher: Arc<Launcher>,
    world: Epoll,
    zygote: Option<Zygote>,
    coming: HashMap<WorkerId, Sender<Result<Child, String>>>,
    started: u32,
}

impl Work {
    fn new(settings: Settings, launcher: Arc<Launcher>) -> io::Result<Self> {
        let world = Epoll::new()?;
        world.add(&launcher.bell, BELL, Interest::Read)?;
        Ok(Self { settings, launcher, world, zygote: None, coming: HashMap::new(), started: 0 })
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
                    ZYGOTE => self.on_zygote(),
                    _ => self.on_zygote_death(),
                }
            }
        }
    }

    fn on_bell(&mut self) {
        self.launcher.bell.clear();
        let wanted = std::mem::take(&mut *lock(&self.launcher.wanted));
        wanted.into_iter().for_each(|wanted| self.ask(wanted));
    }

    fn ask(&mut self, wanted: Wanted) {
        let Wanted { solo, freight, reply } = wanted;
        self.started = self.started.wrapping_add(1);
        let id = WorkerId::new(self.started, 0);
        let request = Request { order: Order::Solo { id, solo }, freight };
        self.coming.insert(id, reply);
        if let Err(error) = self.zygote().and_then(|zygote| zygote.ask(request)) {
            self.reply(id, Err(error.to_string()));
        }
    }

    fn zygote(&mut self) -> io::Result<&mut Zygote> {
        if self.zygote.is_none() {
            let zygote = Zygote::start(&self.settings)?;
            self.world.add(&zygote.socket, ZYGOTE, Interest::Read)?;
            self.world.add(&zygote.child, DEATH, Interest::Read)?;
            self.zygote = Some(zygote);
        }
        self.zygote.as_mut().ok_or_else(|| io::Error::other("the zygote has gone"))
    }

    fn on_zygote(&mut self) {
        while let Some(news) = self.zygote.as_mut().and_then(|zygote| zygote.read(&self.settings)) {
            match news {
                // It preloads nothing, so it has nothing to log.
                News::Nothing | News::Logged(_) => {}
                News::Forked { worker, pid, pidfd } => {
                    self.reply(worker, Child::adopt(pid, pidfd).map_err(|e| e.to_string()));
                }
                News::NotForked { worker, error } => self.reply(worker, Err(error.message)),
                News::Lost { worker, .. } => self.reply(worker, Err("too many open files".to_owned())),
                News::Useless(why) => return self.drop_zygote(&why),
            }
        }
    }

    fn on_zygote_death(&mut self) {
        self.on_zygote();
        let Some(zygote) = &mut self.zygote else { return };
        let why = match zygote.child.try_wait() {
            Ok(None) => return,
            Ok(Some(exit)) => format!(
                "{} ended as a worker program with {}; does its main call ganger::init() first?",
                self.settings.program.shown,
                translated(exit)
            ),
            Err(error) => error.to_string(),
        };
        self.drop_zygote(&why);
    }

    /// The next process brings a new one.
    fn drop_zygote(&mut self, why: &str) {
        let Some(zygote) = self.zygote.take() else { return };
        // Closing the descriptors takes them out of the set as well.
        let _ = self.world.delete(&zygote.socket).and(self.world.delete(&zygote.child));
        zygote.kill();
        for id in zygote.orphans() {
            self.reply(id, Err(why.to_owned()));
        }
    }

    /// Who asked may have given up: then the process is killed as its handle is dropped.
    fn reply(&mut self, id: WorkerId, answer: Result<Child, String>) {
        if let Some(reply) = self.coming.remove(&id) {
            let _ = reply.send(answer);
        }
    }
}

//! One function over many items, which may be endless: packed into tasks, a bounded number of them at a time.
//!
//! ```text
//!   items ──► pack (50–500 µs of work) ──► window of chunks at the workers ──► results, in order or as they come
//! ```
//!
//! A chunk whose worker died is handed in again item by item, so that only the item that killed it has to answer for it.

mod eager;

mod part;

mod ready;

mod size;

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ganger_proto::codec::{self, Items};
use ganger_proto::outcome::Failure;
use ganger_proto::spec::Function;
use smallvec::SmallVec;

use crate::engine::table::{Payload, Work};
use crate::error::{Error, ErrorKind};
use crate::gather::Gathering;
use crate::mapping::part::{Chunk, Part};
use crate::mapping::ready::Ready;
use crate::mapping::size::Size;
use crate::pool::Pool;
use crate::registry;
use crate::shared::Named;
use crate::slot::Ended;
use crate::task::Portable;
use crate::task_error::{Context, TaskError, Why};
use crate::worker::invocation::{Run, Stopped};

/// The most bytes of items in a chunk: what fits the cache and the ring.
const MOST_BYTES: usize = 96 << 10;

/// What of encoded items says how many they are, in bytes.
const COUNT: usize = size_of::<u64>();

/// The most results that room is made for before the first is there.
const MOST_RESERVED: usize = 1 << 27;

/// The order of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Input,
    Completion,
}

/// The results of a function over many items; see [`Pool::imap`]. Dropping it cancels what is on its way.
///
/// ```
/// use ganger::Pool;
///
/// # #[ganger::task]
/// # fn square(n: u64) -> u64 { n * n }
/// # fn main() -> Result<(), ganger::Error> {
/// # ganger::init();
/// let pool = Pool::new(2)?;
/// let squares: u64 = pool.imap(square, 0..)?.chunk_size(4).take(3).sum::<Result<_, _>>()?;
/// assert_eq!(squares, 5);
/// # Ok(()) }
/// ```
pub struct Mapping<I: Iterator, R> {
    pool: Pool,
    function: Function,
    items: std::iter::Fuse<I>,
    order: Order,
    /// In input order: from the front. By completion: any that the gathering names.
    chunks: VecDeque<Option<Part<R>>>,
    in_flight: usize,
    gathering: Arc<Gathering>,
    ready: Ready<R>,
    /// The item that could not be packed, which ended its chunk.
    refused: Option<Error>,
    /// The input's own, which its caller is to have after the results before it.
    panic: Option<Box<dyn Any + Send>>,
    size: Size,
    window: usize,
    deadline: Option<(Instant, Duration)>,
    ended: bool,
}

impl<I: Iterator<Item: Portable>, R: Portable> Mapping<I, R> {
    pub(crate) fn new(pool: Pool, function: Function, items: I, order: Order) -> Self {
        // Elsewhere each item may wait for long, and is to be seen, tried and called off by itself.
        let elsewhere = pool.somewhere_else().is_some();
        let one_by_one =
            elsewhere || pool.defaults().policy.timeout.is_some() || pool.defaults().policy.soft_timeout.is_some();
        let size = if one_by_one { Size::Fixed(1) } else { Size::UNKNOWN };
        Self {
            window: pool.workers() * 3 + 1,
            pool,
            function,
            items: items.fuse(),
            order,
            chunks: VecDeque::new(),
            in_flight: 0,
            gathering: Arc::default(),
            ready: Ready::default(),
            refused: None,
            panic: None,
            size,
            deadline: None,
            ended: false,
        }
    }

    /// Packs exactly so many items into a task.
    #[must_use]
    pub fn chunk_size(mut self, items: usize) -> Self {
        self.size = Size::Fixed(items.max(1));
        self
    }

    /// At most so many items are taken ahead of those whose results were given out; implies chunks of one item.
    #[must_use]
    pub fn buffer_size(mut self, items: usize) -> Self {
        self.size = Size::Fixed(1);
        self.window = items.max(1);
        self
    }

    /// Gives all of it so much time from now on. When it is over there is an error that
    /// [`is_timeout`](Error::is_timeout), and what is left is cancelled.
    #[must_use]
    pub fn timeout(mut self, total: Duration) -> Self {
        self.deadline = Instant::now().checked_add(total).map(|deadline| (deadline, total));
        self
    }

    /// Hands chunks in until the window is full or the items are at their end.
    fn fill(&mut self) {
        while self.in_flight < self.window && !self.ended {
            let naming = self.pool.naming();
            let items = self.pack();
            let named = naming.end();
            if items.count() > 0 {
                self.hand_in(items, Arc::new(named), self.chunks.len());
            }
            if let Some(error) = self.refused.take() {
                self.refuse(error);
            }
        }
    }

    /// An item that could not be encoded has its error in its place.
    fn refuse(&mut self, error: Error) {
        match self.order {
            Order::Input => self.chunks.push_back(Some(Part::Refused(error))),
            Order::Completion => self.ready.refuse(error),
        }
    }

    /// The next chunk's items.
    fn pack(&mut self) -> Items {
        let left = self.items.size_hint().1.unwrap_or(usize::MAX);
        let (limit, most) = (self.pool.payload_limit(), self.size.next(left, self.pool.workers()));
        let alike = self.chunks.iter().rev().flatten().find_map(Part::items);
        let mut items = alike.map_or_else(Items::default, Items::like);
        let packed = catch_unwind(AssertUnwindSafe(|| {
            while items.count() < most && items.size() < MOST_BYTES {
                let Some(item) = self.items.next() else {
                    self.ended = true;
                    break;
                };
                if let Err(error) = items.push(&item, limit) {
                    self.refused = Some(error.into());
                    break;
                }
            }
        }));
        packed.map_or_else(|panic| self.break_off(panic), |()| items)
    }

    /// The input has panicked. What was handed in before has its results first; the chunk that was being packed is lost.
    fn break_off(&mut self, panic: Box<dyn Any + Send>) -> Items {
        self.ended = true;
        self.panic = Some(panic);
        Items::default()
    }

    /// Hands a chunk in; it takes place `at` in the order.
    fn hand_in(&mut self, items: Items, named: Arc<Named>, at: usize) {
        let count = items.count();
        let (mut bytes, items) =
            if count > 1 { (items.to_bytes(), items) } else { (items.into_bytes(), Items::default()) };
        let work = if self.is_lone(count) {
            bytes.drain(..COUNT);
            Work::Call(self.function)
        } else {
            Work::Map(self.function)
        };
        let payload = Payload { work, bytes: SmallVec::from_vec(bytes), shared: named.ids() };
        let options = self.pool.defaults().clone();
        let options = if count > 1 { options.crash_attempts(1) } else { options };
        match self.pool.enqueue(payload, self.function, &options) {
            Ok(future) => self.place(Chunk { future, count, items, named }, at),
            Err(error) => {
                self.ended = true;
                self.ready.refuse(error);
            }
        }
    }

    /// Elsewhere, an item by itself is a call like any other: so who keeps it knows whether it failed.
    fn is_lone(&self, count: usize) -> bool {
        count == 1 && self.pool.somewhere_else().is_some()
    }

    fn place(&mut self, chunk: Chunk<R>, at: usize) {
        self.in_flight += 1;
        match self.order {
            Order::Input => self.chunks.insert(at, Some(Part::Chunk(chunk))),
            Order::Completion => {
                let at = self.free_place();
                chunk.future.tell(self.gathering.clone(), at);
                self.chunks[at] = Some(Part::Chunk(chunk));
            }
        }
    }

    fn free_place(&mut self) -> usize {
        self.chunks.iter().position(Option::is_none).unwrap_or_else(|| {
            self.chunks.push_back(None);
            self.chunks.len() - 1
        })
    }

    /// Waits for what comes next, by the order. None: the time is over.
    fn next_part(&mut self) -> Option<Part<R>> {
        let deadline = self.deadline.map(|(deadline, _)| deadline);
        match self.order {
            Order::Input => {
                if let Some(Part::Chunk(chunk)) = self.chunks.front()?
                    && !chunk.future.wait(deadline)
                {
                    return None;
                }
                self.chunks.pop_front()?
            }
            Order::Completion => {
                self.gathering.next(self.pool.engine(), deadline).and_then(|at| self.chunks[at].take())
            }
        }
    }

    fn take(&mut self, part: Part<R>) {
        match part {
            Part::Chunk(chunk) => {
                self.in_flight -= 1;
                self.open(&chunk);
            }
            Part::Refused(error) => self.ready.refuse(error),
        }
    }

    fn open(&mut self, chunk: &Chunk<R>) {
        if let Some(took) = chunk.future.slot.peek(took).flatten() {
            self.size.learn(took, chunk.count);
        }
        if self.is_lone(chunk.count) {
            return self.ready.add_one(chunk.future.of::<R>().read().map_err(Error::from));
        }
        match chunk.future.read() {
            Ok(runs) => self.give_out(runs),
            Err(error) if chunk.count > 1 && !error.is_cancelled() && !error.is_not_started() => self.split(chunk),
            Err(error) => self.ready.refuse(error),
        }
    }

    fn give_out(&mut self, runs: Vec<Run<R>>) {
        for run in runs {
            self.ready.add(run.results);
            match run.stopped {
                None => {}
                Some(Stopped::Failed(failure)) => self.ready.add_one(self.failed(failure)),
                Some(Stopped::Panicked(panic)) => {
                    self.ready.refuse(TaskError::new(Why::Panicked(panic), self.context()));
                }
            }
        }
    }

    /// An item whose function returned an error: the error itself, as the function's own value.
    fn failed(&self, failure: Failure) -> Result<R, Error> {
        match &failure.value {
            Some(value) => Ok(codec::decode(value, u64::MAX)?),
            None => Err(TaskError::new(Why::Failed(failure), self.context()).into()),
        }
    }

    fn context(&self) -> Context {
        Context { task: registry::name_of(self.function), attempts: 1, worker: None }
    }

    /// Hands the items of a chunk in one by one, in its place.
    fn split(&mut self, chunk: &Chunk<R>) {
        for (at, alone) in chunk.items.singles().enumerate() {
            self.hand_in(alone, Arc::clone(&chunk.named), at);
        }
    }

    fn give_up(&mut self) {
        if let Some((_, waited)) = self.deadline {
            self.ended = true;
            self.cancel();
            self.ready.refuse(Error::new(ErrorKind::StillRunning { waited }));
        }
    }

    /// Waits until there is something to give out. False: nothing will be any more.
    fn advance(&mut self) -> bool {
        self.fill();
        if !self.ready.is_empty() {
            return true;
        }
        if self.in_flight == 0 && self.chunks.iter().all(Option::is_none) {
            return self.panic.take().is_some_and(|panic| resume_unwind(panic));
        }
        match self.next_part() {
            Some(part) => self.take(part),
            None => self.give_up(),
        }
        true
    }

    /// All results, or the first error: as `collect`, but a chunk at a time.
    pub(crate) fn gather(mut self) -> Result<Vec<R>, Error> {
        let mut all = Vec::new();
        // What cannot be had, or is only said by the iterator, is done without.
        let _ = all.try_reserve(self.items.size_hint().0.min(MOST_RESERVED));
        while !self.ready.is_empty() || self.advance() {
            self.ready.pour(&mut all)?;
        }
        Ok(all)
    }
}

impl<I: Iterator, R> Mapping<I, R> {
    fn cancel(&mut self) {
        // From the back: what waits goes before what runs, or it would begin in the place of that.
        for part in self.chunks.drain(..).rev().flatten() {
            if let Part::Chunk(chunk) = part {
                chunk.future.cancel();
            }
        }
        self.in_flight = 0;
    }
}

fn took(ended: &Ended) -> Option<Duration> {
    match ended {
        Ended::Returned { took, .. } => Some(Duration::from_nanos((*took).into())),
        Ended::Other(_) => None,
    }
}

impl<I: Iterator<Item: Portable>, R: Portable> Iterator for Mapping<I, R> {
    type Item = Result<R, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(result) = self.ready.pop() {
                return Some(result);
            }
            if !self.advance() {
                return None;
            }
        }
    }
}

impl<I: Iterator, R> Drop for Mapping<I, R> {
    fn drop(&mut self) {
        self.cancel();
    }
}

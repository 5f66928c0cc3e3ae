//! One function over many items, which may be endless: packed into tasks, a bounded number of them at a time.
//!
//! ```text
//!   items ──► pack (50–500 µs of work) ──► window of chunks at the workers ──► results, in order or as they come
//! ```
//!
//! A chunk whose worker died is handed in again item by item, so that only the item that killed it has to answer for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ganger_proto::codec::{self, Items};
use ganger_proto::outcome::Failure;
use ganger_proto::spec::Function;
use smallvec::SmallVec;

use crate::engine::table::{Payload, Work};
use crate::error::{Context, Error, ErrorKind, TaskError, Why};
use crate::future::Future;
use crate::gather::Gathering;
use crate::pool::Pool;
use crate::registry;
use crate::shared::{Named, take_named};
use crate::slot::Ended;
use crate::task::Portable;
use crate::worker::invocation::{Run, Stopped};

/// What a chunk should take.
const WORK: Duration = Duration::from_micros(200);
/// A chunk's size may grow by this factor with each that has come back.
const GROWTH: usize = 8;
/// The most bytes of items in a chunk: what fits the cache and the ring.
const MOST_BYTES: usize = 96 << 10;

/// The order of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Input,
    Completion,
}

/// The results of a function over many items; see [`Pool::imap`]. Dropping it cancels what is on its way.
pub struct Mapping<I: Iterator, R> {
    pool: Pool,
    function: Function,
    items: std::iter::Fuse<I>,
    order: Order,
    /// In input order: from the front. By completion: any that the gathering names.
    chunks: VecDeque<Option<Part<R>>>,
    in_flight: usize,
    gathering: Arc<Gathering>,
    ready: VecDeque<Result<R, Error>>,
    /// The item that could not be packed, which ended its chunk.
    refused: Option<Error>,
    size: Size,
    window: usize,
    deadline: Option<(Instant, Duration)>,
    ended: bool,
}

/// What has a place in the order.
enum Part<R> {
    Chunk(Chunk<R>),
    Refused(Error),
}

/// Items at the workers.
struct Chunk<R> {
    future: Future<Vec<Run<R>>>,
    items: usize,
    /// The items once more, where there are several: should their worker die, they are tried one by one.
    copy: Items,
    /// The shared values that they name.
    named: Arc<Named>,
}

/// How many items go into a chunk.
enum Size {
    Fixed(usize),
    /// Found out: the size of the last chunk, and what an item takes in nanoseconds.
    Adaptive {
        last: usize,
        per_item: Option<f64>,
    },
}

impl<I: Iterator<Item: Portable>, R: Portable> Mapping<I, R> {
    pub(crate) fn new(pool: Pool, function: Function, items: I, order: Order) -> Self {
        let one_by_one = pool.defaults().policy.timeout.is_some() || pool.defaults().policy.soft_timeout.is_some();
        let size = if one_by_one { Size::Fixed(1) } else { Size::Adaptive { last: 1, per_item: None } };
        Self {
            window: pool.workers() * 3 + 1,
            pool,
            function,
            items: items.fuse(),
            order,
            chunks: VecDeque::new(),
            in_flight: 0,
            gathering: Arc::default(),
            ready: VecDeque::new(),
            refused: None,
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

    /// Takes all items now, however many.
    pub(crate) fn hand_all_in(mut self) -> Self {
        self.window = usize::MAX;
        self.fill();
        self
    }

    /// Whether nothing of what was handed in is still on its way.
    pub(crate) fn is_done(&self) -> bool {
        self.chunks.iter().flatten().all(|part| match part {
            Part::Chunk(chunk) => chunk.future.done(),
            Part::Refused(_) => true,
        })
    }

    /// Hands chunks in until the window is full or the items are at their end.
    fn fill(&mut self) {
        while self.in_flight < self.window && !self.ended {
            let items = self.pack();
            if items.count() > 0 {
                self.hand_in(items, Arc::new(take_named()), self.chunks.len());
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
            Order::Completion => self.ready.push_back(Err(error)),
        }
    }

    /// The next chunk's items.
    fn pack(&mut self) -> Items {
        let (limit, most) = (self.pool.payload_limit(), self.next_size());
        let mut items = Items::default();
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
        items
    }

    fn next_size(&self) -> usize {
        match self.size {
            Size::Fixed(size) => size,
            Size::Adaptive { last, per_item } => {
                let by_work = per_item.map_or(1, |ns| (WORK.as_nanos() as f64 / ns.max(0.1)) as usize);
                let left = self.items.size_hint().1.unwrap_or(usize::MAX);
                let fair = left.div_ceil(self.pool.workers() * 2);
                by_work.min(last * GROWTH).min(fair).max(1)
            }
        }
    }

    /// Hands a chunk in; it takes place `at` in the order.
    fn hand_in(&mut self, items: Items, named: Arc<Named>, at: usize) {
        let count = items.count();
        let copy = if count > 1 { items.clone() } else { Items::default() };
        let bytes = SmallVec::from_vec(items.into_bytes());
        let payload = Payload { work: Work::Map(self.function), bytes, shared: named.ids() };
        let options = self.pool.defaults().clone();
        let options = if count > 1 { options.crash_attempts(1) } else { options };
        match self.pool.enqueue(payload, self.function, &options) {
            Ok(future) => self.place(Chunk { future, items: count, copy, named }, at),
            Err(error) => {
                self.ended = true;
                self.ready.push_back(Err(error));
            }
        }
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
            Part::Refused(error) => self.ready.push_back(Err(error)),
        }
    }

    fn open(&mut self, chunk: &Chunk<R>) {
        if let Some(took) = chunk.future.slot.peek(took).flatten() {
            self.learn(took, chunk.items);
        }
        match chunk.future.read() {
            Ok(runs) => self.give_out(runs),
            Err(error) if chunk.items > 1 && !error.is_cancelled() && !error.is_not_started() => self.split(chunk),
            Err(error) => self.ready.push_back(Err(error.into())),
        }
    }

    fn learn(&mut self, took: Duration, items: usize) {
        if let Size::Adaptive { last, per_item } = &mut self.size {
            let now = took.as_nanos() as f64 / items as f64;
            *per_item = Some(per_item.map_or(now, |before| before * 0.7 + now * 0.3));
            *last = (*last).max(items);
        }
    }

    fn give_out(&mut self, runs: Vec<Run<R>>) {
        for run in runs {
            self.ready.extend(run.results.into_iter().map(Ok));
            match run.stopped {
                None => {}
                Some(Stopped::Failed(failure)) => self.ready.push_back(self.failed(failure)),
                Some(Stopped::Panicked(panic)) => {
                    self.ready.push_back(Err(TaskError::new(Why::Panicked(panic), self.context()).into()));
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
        for (at, alone) in chunk.copy.singles().enumerate() {
            self.hand_in(alone, Arc::clone(&chunk.named), at);
        }
    }

    fn give_up(&mut self) -> Option<Result<R, Error>> {
        let (_, waited) = self.deadline?;
        self.ended = true;
        self.cancel();
        Some(Err(Error::new(ErrorKind::StillRunning { waited })))
    }
}

impl<I: Iterator, R> Mapping<I, R> {
    fn cancel(&mut self) {
        for part in self.chunks.drain(..).flatten() {
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
            if let Some(result) = self.ready.pop_front() {
                return Some(result);
            }
            self.fill();
            if !self.ready.is_empty() {
                continue;
            }
            if self.in_flight == 0 && self.chunks.iter().all(Option::is_none) {
                return None;
            }
            match self.next_part() {
                Some(part) => self.take(part),
                None => return self.give_up(),
            }
        }
    }
}

impl<I: Iterator, R> Drop for Mapping<I, R> {
    fn drop(&mut self) {
        self.cancel();
    }
}

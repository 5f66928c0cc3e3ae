//! A mapping that hands everything in at once, and is asked later: what `map_async` is made of.

use crate::future::{Future, run};
use crate::mapping::{Mapping, Part};
use crate::slot::Hook;
use crate::task::Portable;

impl<I: Iterator<Item: Portable>, R: Portable> Mapping<I, R> {
    /// Takes all items now, however many, as Python's `Executor.map` does: they are done even if the pool is closed before
    /// their results are asked for. Say [`chunk_size`](Self::chunk_size) first where there are very many.
    ///
    /// ```
    /// # use ganger::{Executor, ThreadPoolExecutor};
    /// # #[ganger::task]
    /// # fn square(n: u64) -> u64 { n * n }
    /// # fn main() -> Result<(), ganger::Error> {
    /// # ganger::init();
    /// let executor = ThreadPoolExecutor::new(2)?;
    /// let squares = executor.map(square, 0..4)?.hand_all_in();
    /// drop(executor); // waits until they are done
    /// assert_eq!(squares.collect::<Result<Vec<_>, _>>()?, [0, 1, 4, 9]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn hand_all_in(mut self) -> Self {
        self.window = usize::MAX;
        self.fill();
        self
    }

    /// Whether nothing of what was handed in is still on its way.
    pub(crate) fn is_done(&self) -> bool {
        self.chunks.iter().flatten().all(|part| part.unsettled().is_none())
    }

    /// Calls `f` with the mapping, on the pool's callback thread, when nothing of it is on its way any more.
    pub(crate) fn when_done(self, f: impl FnOnce(Self) + Send + 'static)
    where
        Self: Send + 'static,
    {
        let next = self.chunks.iter().flatten().find_map(Part::unsettled).map(Future::handle);
        match next {
            Some(future) => future.when_done(move || self.when_done(f)),
            None => {
                let engine = self.pool.engine().cloned();
                run(engine.as_deref(), Hook::Call(Box::new(move || f(self))));
            }
        }
    }
}

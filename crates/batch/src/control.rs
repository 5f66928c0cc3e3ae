//! A run in somebody's hand: what it is told while it goes on, and what it is asked.
//!
//! ```text
//!  Control ── order ──► queue ── wakes ──► the run's loop obeys between two reports
//!     └──◄── Snapshot ──────────────────────────┘ to those who look
//! ```
//! A run that nobody has in hand reads one atomic a turn for it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use ganger::Reports;

use crate::snapshot::Snapshot;
use crate::summary::End;

/// Holds a run while it goes on: give a clone away with the [`Plan`](crate::Plan), and keep this.
///
/// ```
/// use std::time::Duration;
/// use ganger_batch::Control;
///
/// let control = Control::default();
/// control.pause();
/// control.change_slots(-1);
/// assert!(control.look(None, Duration::ZERO).is_none(), "no run has it yet");
/// ```
#[derive(Clone, Default)]
pub struct Control {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Whether there are orders.
    any: AtomicBool,
    orders: Mutex<Vec<Order>>,
    /// Where the run waits, once it does.
    ear: OnceLock<Reports>,
}

/// What a run is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// Start no more, or go on.
    Pause(bool),
    /// So many more commands at a time, or fewer.
    Slots(i64),
    /// End the command of this input; `again`: and run it once more.
    Kill { number: u64, again: bool },
    /// As a Ctrl-C.
    Interrupt,
    /// As a Ctrl-\.
    Quit,
    /// Show yourself, and all that is kept of what this command has printed.
    Look { detail: Option<u64>, to: SyncSender<Snapshot> },
}

impl Control {
    /// No more commands are started; what runs goes on.
    pub fn pause(&self) {
        self.order(Order::Pause(true));
    }

    /// Commands are started again.
    pub fn resume(&self) {
        self.order(Order::Pause(false));
    }

    /// So many more commands at a time, or fewer; never less than one. What runs is not ended for it.
    pub fn change_slots(&self, by: i64) {
        self.order(Order::Slots(by));
    }

    /// Ends the command of an input: it has failed, killed by hand. Ignored if it does not run.
    pub fn kill(&self, number: u64) {
        self.order(Order::Kill { number, again: false });
    }

    /// Ends the command of an input and runs it once more, however often it has been tried.
    pub fn restart(&self, number: u64) {
        self.order(Order::Kill { number, again: true });
    }

    /// As a Ctrl-C: the first lets what runs finish, the second asks it to end, the third kills it.
    pub fn interrupt(&self) {
        self.order(Order::Interrupt);
    }

    /// As a Ctrl-\: all that runs is killed at once.
    pub fn quit(&self) {
        self.order(Order::Quit);
    }

    /// How things are, with the last output of one command in `detail`. None: the run has not answered within `patience`.
    #[must_use]
    pub fn look(&self, detail: Option<u64>, patience: Duration) -> Option<Snapshot> {
        let (to, answer) = sync_channel(1);
        // Who asks again has given the last answer up.
        self.orders().retain(|order| !matches!(order, Order::Look { .. }));
        self.order(Order::Look { detail, to });
        answer.recv_timeout(patience).ok()
    }

    /// From now on the run waits here.
    pub(crate) fn listen(&self, ear: Reports) {
        // A control that was used for a run before wakes nobody: its orders are seen when something else comes.
        let _ = self.shared.ear.set(ear);
    }

    /// Whether anybody but the run has it.
    pub(crate) fn is_held(&self) -> bool {
        Arc::strong_count(&self.shared) > 1
    }

    /// How the run is to end, if that was ordered.
    pub(crate) fn ordered_end(&self) -> Option<End> {
        let end = |order: &Order| match order {
            Order::Interrupt => Some(End::Interrupted),
            Order::Quit => Some(End::Quit),
            Order::Pause(_) | Order::Slots(_) | Order::Kill { .. } | Order::Look { .. } => None,
        };
        // Who has lost patience after a Ctrl-C quits.
        self.orders().iter().rev().find_map(end)
    }

    /// What was ordered since.
    pub(crate) fn take(&self) -> Vec<Order> {
        if !self.shared.any.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut *self.orders())
    }

    fn order(&self, order: Order) {
        self.orders().push(order);
        self.shared.any.store(true, Ordering::Release);
        self.shared.ear.get().into_iter().for_each(Reports::wake);
    }

    fn orders(&self) -> MutexGuard<'_, Vec<Order>> {
        self.shared.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("held", &self.is_held()).finish_non_exhaustive()
    }
}

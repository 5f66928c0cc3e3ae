//! Locks whose holders die at each of their steps.

use ganger_shm::locks::{Acquired, EVERYONE, Ledger, RobustWord};
use ganger_shm::model::{Identity, Life, live};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::{PREEMPTIONS, model_with};

/// More steps than anything here takes.
const STEPS: usize = 40;

/// Runs a model with a party that dies before its step 0, 1, 2 and so on, until it outlives its deeds. With a death among
/// three, one preemption less is as many interleavings.
fn dying_at_each_step(run: impl Fn(usize) + Copy + Send + Sync + 'static) {
    for steps in 0..STEPS {
        model_with(PREEMPTIONS - 1, move || run(steps));
    }
}

/// A lock, and what it protects: only one may be there at a time, and loom looks.
struct Room {
    lock: RobustWord,
    inside: UnsafeCell<u32>,
}

impl Room {
    fn new() -> Arc<Self> {
        Arc::new(Self { lock: RobustWord::free(), inside: UnsafeCell::new(0) })
    }

    fn visit(&self) -> Acquired {
        let acquired = self.lock.acquire(Identity::of_this_process(), None).expect("no deadline");
        self.inside.with_mut(|_| ());
        self.lock.release();
        acquired
    }

    fn visit_as(&self, number: usize, life: Life) -> bool {
        live(
            number,
            life,
            || assert!(matches!(self.visit(), Acquired::Clean | Acquired::OwnerDied)),
            || self.lock.naps_end(),
        )
    }
}

#[test]
fn one_at_a_time_and_nobody_is_left_asleep() {
    model_with(PREEMPTIONS, || {
        let room = Room::new();
        let visitors: Vec<_> = [1, 2]
            .into_iter()
            .map(|n| {
                let room = Arc::clone(&room);
                thread::spawn(move || assert!(room.visit_as(n, Life::long())))
            })
            .collect();
        assert_eq!(room.visit(), Acquired::Clean);
        visitors.into_iter().for_each(|visitor| visitor.join().expect("it ends"));
        assert_eq!(room.lock.holder(), None);
    });
}

#[test]
fn a_dead_holders_lock_is_taken_over_and_told_once() {
    dying_at_each_step(|steps| {
        let room = Room::new();
        let visitor = {
            let room = Arc::clone(&room);
            thread::spawn(move || room.visit_as(1, Life::of(steps)))
        };
        let first = room.visit();
        let survived = visitor.join().expect("it ends");
        let second = room.visit();
        assert!(!survived || first == Acquired::Clean, "told of a death that was none");
        assert!(first == Acquired::Clean || second == Acquired::Clean, "told twice");
    });
}

#[test]
fn who_dies_among_those_who_wait_takes_no_wake_up_along() {
    dying_at_each_step(|steps| {
        let room = Room::new();
        let visitors: Vec<_> = [(1, Life::of(steps)), (2, Life::long())]
            .into_iter()
            .map(|(n, life)| {
                let room = Arc::clone(&room);
                thread::spawn(move || room.visit_as(n, life))
            })
            .collect();
        assert!(matches!(room.visit(), Acquired::Clean | Acquired::OwnerDied));
        visitors.into_iter().for_each(|visitor| assert!(visitor.join().is_ok()));
    });
}

/// One more in both words.
fn count_in_both(ledger: &Ledger) {
    let counted = ledger.turn(None, |turn| {
        let (one, other) = (turn.get(0), turn.get(1));
        assert_eq!(one, other, "half of somebody's turn");
        turn.set(0, one + 1);
        turn.set(1, other + 1);
    });
    counted.expect("no deadline");
}

#[test]
fn a_turn_is_whole_or_has_not_been() {
    dying_at_each_step(|steps| {
        let ledger = Ledger::of(2);
        let counter = {
            let ledger = ledger.clone();
            thread::spawn(move || live(1, Life::of(steps), || count_in_both(&ledger), || ledger.naps_end()))
        };
        count_in_both(&ledger);
        let survived = counter.join().expect("it ends");
        let seen = ledger.turn(None, |turn| (turn.get(0), turn.get(1))).expect("no deadline");
        assert!(seen == (2, 2) || (seen == (1, 1) && !survived), "{seen:?}");
    });
}

/// Adds one to a word, and wakes everybody.
fn give(ledger: &Ledger) {
    let given = ledger.turn(None, |turn| {
        turn.set(0, turn.get(0) + 1);
        turn.wake(2, EVERYONE);
    });
    given.expect("no deadline");
}

/// Takes one from a word as soon as there is one.
fn take(ledger: &Ledger) {
    let taken = ledger.wait(
        None,
        EVERYONE,
        || None::<()>,
        |turn, _| {
            let left = turn.get(0).checked_sub(1)?;
            turn.set(0, left);
            Some(())
        },
    );
    taken.expect("no deadline");
}

#[test]
fn who_waits_for_a_word_misses_no_change() {
    model_with(PREEMPTIONS, || {
        let ledger = Ledger::of(1);
        let taker = {
            let ledger = ledger.clone();
            thread::spawn(move || assert!(live(1, Life::long(), || take(&ledger), || ())))
        };
        give(&ledger);
        taker.join().expect("it ends");
        assert_eq!(ledger.peek(0), 0);
    });
}

#[test]
fn who_waits_for_a_word_outlives_who_waits_too() {
    dying_at_each_step(|steps| {
        let ledger = Ledger::of(1);
        let takers: Vec<_> = [(1, Life::of(steps)), (2, Life::long())]
            .into_iter()
            .map(|(n, life)| {
                let ledger = ledger.clone();
                thread::spawn(move || live(n, life, || take(&ledger), || ledger.naps_end()))
            })
            .collect();
        give(&ledger);
        give(&ledger);
        takers.into_iter().for_each(|taker| assert!(taker.join().is_ok()));
    });
}

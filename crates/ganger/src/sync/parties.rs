//! Who has come to a barrier, and how its generations end.
//!
//! ```text
//!  word   0           1       2        3       4        5        6 7                6 + 2n …
//!         generation  broken  history  acting  parties  timeout  who, generation+1  …         a place for each party
//!
//!  a generation ends: all places are taken ── no action ──────────────► tripped: its bit of the history is 0
//!                                          └─ acting ─ action is done ─┘
//!                     aborted, reset, out of time, action failed ─────► broken:  its bit is 1
//! ```
//!
//! Invariants:
//! - One turn ends a generation and writes down how. All places are free by that, since each says of which generation it is.
//! - The place is the index: so the indices of a generation are different, and below the number of parties.
//! - A place whose process has died is free: it is looked at before the last one trips the barrier, and by those who wait.

use ganger_shm::locks::{EVERYONE, Turn};

use super::BrokenBarrier;
use super::backing::{dead, me};

const GENERATION: usize = 0;
pub(super) const BROKEN: usize = 1;
/// How the last 64 generations ended, the last one in the lowest bit.
const HISTORY: usize = 2;
/// Who runs the action of this generation, or 0.
pub(super) const ACTING: usize = 3;
pub(super) const PARTIES: usize = 4;
/// In nanoseconds; 0 for none.
pub(super) const TIMEOUT: usize = 5;
pub(super) const PLACES: usize = 6;

/// How many dead are removed in one turn.
const AT_ONCE: usize = 4;

/// What became of an arrival.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    pub(super) generation: u64,
    pub(super) place: usize,
    pub(super) acts: bool,
}

/// Takes the first free place, and ends the generation if it was the last one and there is nothing to do before.
pub(super) fn arrive(turn: &mut Turn<'_>, acts: bool) -> Option<Arrival> {
    let (generation, parties) = (turn.get(GENERATION), turn.get(PARTIES) as usize);
    let place = (0..parties).find(|place| !is_taken(turn, *place))?;
    turn.set(PLACES + 2 * place, me());
    turn.set(PLACES + 2 * place + 1, generation + 1);
    let all = taken(turn).count() == parties && remove_dead(turn) == 0;
    if all && acts {
        turn.set(ACTING, me());
    } else if all {
        end_generation(turn, 0);
    }
    Some(Arrival { generation, place, acts: all && acts })
}

/// How the generation of an arrival ended, if it has. Nobody looks who comes back 64 generations late.
pub(super) fn ending(turn: &Turn<'_>, arrival: &Arrival) -> Option<Result<usize, BrokenBarrier>> {
    let later = turn.get(GENERATION).wrapping_sub(arrival.generation).checked_sub(1)?;
    let tripped = later < 64 && turn.get(HISTORY) >> later & 1 == 0;
    Some(if tripped { Ok(arrival.place) } else { Err(BrokenBarrier) })
}

pub(super) fn end_generation(turn: &mut Turn<'_>, broken: u64) {
    turn.set(GENERATION, turn.get(GENERATION).wrapping_add(1));
    turn.set(HISTORY, turn.get(HISTORY) << 1 | broken);
    turn.set(ACTING, 0);
    turn.wake(u32::MAX, EVERYONE);
}

pub(super) fn abort(turn: &mut Turn<'_>) {
    turn.set(BROKEN, 1);
    end_generation(turn, 1);
}

pub(super) fn break_if_there(turn: &mut Turn<'_>, dead: Option<u64>) {
    if dead.is_some_and(|who| turn.get(ACTING) == who) {
        abort(turn);
    }
}

fn remove_dead(turn: &mut Turn<'_>) -> usize {
    let gone: Vec<usize> = taken(turn).filter(|place| dead(turn.get(PLACES + 2 * place))).take(AT_ONCE).collect();
    for place in &gone {
        turn.set(PLACES + 2 * place + 1, 0);
    }
    gone.len()
}

fn taken<'a>(turn: &'a Turn<'_>) -> impl Iterator<Item = usize> + use<'a> {
    (0..turn.get(PARTIES) as usize).filter(|place| is_taken(turn, *place))
}

fn is_taken(turn: &Turn<'_>, place: usize) -> bool {
    turn.get(PLACES + 2 * place + 1) == turn.get(GENERATION) + 1
}

/// How many wait.
pub(super) fn waiting(turn: &Turn<'_>) -> usize {
    taken(turn).filter(|place| !dead(turn.get(PLACES + 2 * place))).count()
}

/// Makes it as new; those who wait are told that it broke.
pub(super) fn reset(turn: &mut Turn<'_>) {
    turn.set(BROKEN, 0);
    end_generation(turn, 1);
}

//! A queue that its users put into and get from at once, and die at each step of it.

use ganger_shm::model::{Life, live};
use ganger_shm::queue::{Bounds, Item, Refused, SharedQueue, Waiting};
use loom::sync::Arc;
use loom::thread;

use super::model_with;

/// More steps than anything here takes.
const STEPS: usize = 60;

/// A queue takes many steps: what two preemptions find takes minutes, and what three find hours.
const PREEMPTIONS: usize = 2;

fn queue(items: u32, keeps: bool) -> Arc<SharedQueue> {
    Arc::new(SharedQueue::of(Bounds { items, bytes: 0, keeps }))
}

fn waiting() -> Waiting<'static> {
    Waiting { timeout: None, alone: &|| false }
}

/// Two units long, so that one can die in the middle: with its head half of the ring. The third is one unit longer.
fn bytes(n: u8) -> Vec<u8> {
    vec![n; if n == 3 { 24 } else { 16 }]
}

fn put(queue: &SharedQueue, n: u8) {
    queue.put(&Item { bytes: &bytes(n), attach: None }, &waiting()).expect("there will be room");
}

/// The next item; none at the end of a closed queue.
fn get(queue: &SharedQueue) -> Option<u8> {
    let mut out = Vec::new();
    match queue.get(&mut out, &mut |_| {}, &waiting()) {
        Ok(_) => {
            assert_eq!(out, bytes(out[0]), "half of an item");
            Some(out[0])
        }
        Err(Refused::Closed) => None,
        Err(refused) => panic!("{refused:?}"),
    }
}

/// Does `deeds` in a thread of its own, as party `number`. Whether it outlived them.
fn party(
    queue: &Arc<SharedQueue>,
    number: usize,
    life: Life,
    deeds: impl FnOnce(&SharedQueue) + 'static,
) -> thread::JoinHandle<bool> {
    let queue = Arc::clone(queue);
    thread::spawn(move || live(number, life, || deeds(&queue), || queue.naps_end()))
}

#[test]
fn items_come_whole_and_in_order_and_who_waits_for_one_is_woken() {
    model_with(PREEMPTIONS, || {
        let queue = queue(4, false);
        let putter = party(&queue, 1, Life::long(), |queue| (1..=2).for_each(|n| put(queue, n)));
        assert_eq!([get(&queue), get(&queue)], [Some(1), Some(2)]);
        assert!(putter.join().expect("it ends"));
        assert!(queue.is_empty());
    });
}

#[test]
fn who_waits_for_room_is_woken_and_overwrites_nothing() {
    // Room for one in number, and for two in bytes: the third goes round the end.
    for most in [1, 4] {
        model_with(PREEMPTIONS, move || {
            let queue = queue(most, false);
            let putter = party(&queue, 1, Life::long(), |queue| (1..=3).for_each(|n| put(queue, n)));
            assert_eq!([get(&queue), get(&queue), get(&queue)], [Some(1), Some(2), Some(3)]);
            assert!(putter.join().expect("it ends"));
        });
    }
}

#[test]
fn an_item_is_got_by_one() {
    model_with(PREEMPTIONS - 1, || {
        let queue = queue(4, false);
        let getter = party(&queue, 1, Life::long(), |queue| assert!(get(queue).is_some()));
        let putter = party(&queue, 2, Life::long(), |queue| put(queue, 1));
        put(&queue, 2);
        assert!(get(&queue).is_some());
        assert!(getter.join().expect("it ends") && putter.join().expect("it ends"));
        assert!(queue.is_empty(), "an item was got twice, or not at all");
    });
}

#[test]
fn who_waits_learns_of_the_end() {
    model_with(PREEMPTIONS, || {
        let queue = queue(4, false);
        let getter = party(&queue, 1, Life::long(), |queue| assert_eq!([get(queue), get(queue)], [Some(1), None]));
        put(&queue, 1);
        assert!(!queue.close().expect("nobody is stopped"), "nobody polls");
        assert!(getter.join().expect("it ends"));
    });
}

#[test]
fn who_waits_until_all_is_done_is_woken() {
    model_with(PREEMPTIONS, || {
        let queue = queue(4, true);
        put(&queue, 1);
        let worker = party(&queue, 1, Life::long(), |queue| {
            assert_eq!(get(queue), Some(1));
            queue.done(None).expect("no garbage").expect("it is in hand");
        });
        assert!(queue.join(None).expect("no garbage"));
        assert!(worker.join().expect("it ends"));
    });
}

/// Runs a model with a party that dies before its step 0, 1, 2 and so on.
fn dying_at_each_step(run: impl Fn(usize) + Copy + Send + Sync + 'static) {
    for steps in 0..STEPS {
        model_with(PREEMPTIONS - 1, move || run(steps));
    }
}

#[test]
fn what_a_dead_putter_puts_is_whole_or_not_there() {
    dying_at_each_step(|steps| {
        let queue = queue(4, false);
        let putter = party(&queue, 1, Life::of(steps), |queue| put(queue, 1));
        put(&queue, 2);
        let mut got = vec![get(&queue).expect("it is open")];
        let survived = putter.join().expect("it ends");
        if !queue.is_empty() {
            got.push(get(&queue).expect("it is open"));
        }
        got.sort_unstable();
        assert!(got == [1, 2] || got == [2] && !survived, "{got:?}");
    });
}

#[test]
fn what_a_dead_getter_had_in_hand_is_got_by_another() {
    dying_at_each_step(|steps| {
        let queue = queue(4, true);
        put(&queue, 1);
        assert!(!party(&queue, 1, Life::of(steps), get_and_keep).join().expect("it dies"));
        assert_eq!(get(&queue), Some(1), "a kept item is lost");
        queue.done(None).expect("no garbage").expect("it is in hand");
        assert!(queue.join(None).expect("no garbage"));
    });
}

/// Lives no longer than it has the item in hand.
fn get_and_keep(queue: &SharedQueue) {
    assert_eq!(get(queue), Some(1));
    while !queue.is_closed() {}
}

#[test]
fn what_the_dead_gave_back_for_the_dead_is_got_by_another() {
    dying_at_each_step(|steps| {
        let queue = queue(4, true);
        put(&queue, 1);
        assert!(!party(&queue, 1, Life::of(STEPS), get_and_keep).join().expect("it dies"));
        assert!(!party(&queue, 2, Life::of(2 * steps), get_and_keep).join().expect("it dies"));
        assert_eq!(get(&queue), Some(1), "a kept item is lost");
    });
}

#[test]
fn who_dies_waiting_takes_no_wake_up_along() {
    dying_at_each_step(|steps| {
        let queue = queue(4, false);
        let getter = party(&queue, 1, Life::of(steps), |queue| assert!(get(queue).is_some()));
        let putter = party(&queue, 2, Life::long(), |queue| (1..=2).for_each(|n| put(queue, n)));
        assert!(get(&queue).is_some());
        assert!(getter.join().is_ok() && putter.join().expect("it ends"));
    });
}

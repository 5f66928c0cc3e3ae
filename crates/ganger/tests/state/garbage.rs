//! What is in shared memory is believed as values, never as places.

use ganger::state::{Item, ShareableList, SharedMemory};
use ganger::{Pool, StartMethod};

#[ganger::task]
fn scribble(memory: SharedMemory, seed: u64) {
    for (n, byte) in memory.buf().iter().enumerate() {
        let random = (seed ^ n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if random >> 62 == 0 {
            byte.store((random >> 40) as u8, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

#[test]
fn garbage_in_a_list_is_told_and_not_believed() {
    let pool = Pool::builder().workers(1).start_method(StartMethod::Zygote).build().unwrap();
    for seed in 0..300 {
        let list = ShareableList::new([Item::from("a text of some length"), 7.into(), "a".into()]).unwrap();
        pool.apply(scribble, (list.shm().clone(), seed)).unwrap();
        let _ = (list.len(), list.capacity(1), (0..3).map(|index| list.get(index).is_ok()).collect::<Vec<_>>());
    }
}

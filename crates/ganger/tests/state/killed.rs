//! Who is killed while he changes something holds nobody up, and leaves nothing half changed that is not told.

use std::time::Duration;

use ganger::Pool;
use ganger::state::{Array, Item, ShareableList, Value};
use ganger::sync::{Event, LockError};

use crate::kills::{in_time, killed_at_random};

/// A time that is never over, unless something hangs.
const LONG: Duration = Duration::from_secs(30);

#[ganger::task]
fn die_with_value(value: Value<i32>, held: Event) {
    let value = value.lock().unwrap();
    value.set(1);
    held.set();
    loop {
        std::thread::park();
    }
}

/// Leaves the lock of `value` to a dead process.
fn orphan(value: &Value<i32>) {
    let (pool, held) = (Pool::new(1).unwrap(), Event::new().unwrap());
    let victim = pool.submit(die_with_value, (value.clone(), held.clone())).unwrap();
    assert!(held.wait_timeout(LONG) && value.try_lock().is_err());
    assert!(victim.cancel() && victim.result().unwrap_err().is_cancelled());
}

#[test]
fn a_dead_holders_value_goes_to_the_next_who_is_told() {
    let value = Value::new(0).unwrap();
    orphan(&value);
    let Err(LockError::OwnerDied(died)) = value.lock_timeout(LONG) else { panic!("nobody was told") };
    assert_eq!(died.into_inner().get(), 1);
    assert_eq!(value.get().unwrap(), 1, "told once");
    orphan(&value);
    assert_eq!(value.get().unwrap_err().into_inner(), 1);
    orphan(&value);
    assert!(value.set(5).is_err());
    orphan(&value);
    assert_eq!(value.update(|n| n + 1).unwrap_err().into_inner(), 2);
    assert_eq!(value.get().unwrap(), 2);
}

/// Both halves are always equal behind the lock, unless the last holder died between them.
#[ganger::task]
fn use_value(value: Value<(u64, [u64; 3])>) {
    loop {
        let value = value.lock().unwrap_or_else(|died| died.into_inner());
        let n = value.get().0 + 1;
        value.set((n, [n; 3]));
    }
}

#[test]
fn a_value_whose_holders_are_killed() {
    in_time("a value", || {
        let value = Value::new((0, [0; 3])).unwrap();
        killed_at_random(
            |pool| pool.submit(use_value, value.clone()).unwrap(),
            || match value.lock_timeout(LONG) {
                Ok(value) => {
                    let (n, copies) = value.get();
                    assert_eq!(copies, [n; 3], "half changed, and nobody was told");
                }
                Err(LockError::OwnerDied(died)) => {
                    let value = died.into_inner();
                    let n = value.get().0;
                    value.set((n, [n; 3]));
                }
                Err(LockError::NotAcquired) => panic!("a dead one holds the lock"),
            },
        );
    });
}

#[ganger::task]
fn use_array(array: Array<u32>) {
    for n in (0..u32::MAX).cycle() {
        // Who died left some of it as it was, and all of it is written anew.
        let _ = array.set_slice(0, &[n; 100]);
    }
}

#[test]
fn an_array_whose_writers_are_killed() {
    in_time("an array", || {
        let array = Array::zeroed(100).unwrap();
        killed_at_random(
            |pool| pool.submit(use_array, array.clone()).unwrap(),
            || match array.to_vec() {
                Ok(values) => {
                    assert!(values.iter().all(|value| *value == values[0]), "half changed, and nobody was told");
                }
                // Told once, so it is ours to mend.
                Err(_) => _ = array.set_slice(0, &[0; 100]),
            },
        );
    });
}

const TEXTS: [&str; 3] = ["a", "a text of twenty bytes", "another that is longer than all the rest of them"];

#[ganger::task]
fn use_list(list: ShareableList) {
    for n in (0_i64..1000).cycle() {
        let item = if n % 4 == 3 { Item::Int(n) } else { TEXTS[n as usize % 4].into() };
        list.set(0, item).unwrap();
    }
}

#[test]
fn a_list_whose_writers_are_killed() {
    in_time("a list", || {
        let list = ShareableList::new([TEXTS[2]]).unwrap();
        killed_at_random(
            |pool| pool.submit(use_list, list.clone()).unwrap(),
            || {
                let item = list.get(0).unwrap();
                let written = TEXTS.iter().any(|text| item == (*text).into());
                assert!(written || matches!(item, Item::Int(n) if n % 4 == 3), "nobody wrote {item:?}");
            },
        );
        list.set(0, "still writable").unwrap();
    });
}

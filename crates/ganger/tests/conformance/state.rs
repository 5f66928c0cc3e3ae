//! `_TestValue`, `_TestArray`, `_TestHeap` and `_TestSharedCTypes`.

/// Goes through every way to have another process.
fn on_processes(test: impl Fn(ganger::StartMethod)) {
    crate::away::PROCESSES.iter().copied().for_each(test);
}

mod test_value {
    use ganger::state::{RawValue, Value};
    use ganger::sync::{Lock, RLock};

    use super::on_processes;
    use crate::away::away;

    #[ganger::task]
    fn change(i: Value<i32>, d: Value<f64>, h: Value<i16>, q: Value<i64>, c: Value<char>) {
        i.set(35).unwrap();
        d.set(-5.5).unwrap();
        h.set(-232).unwrap();
        q.set(1 << 33).unwrap();
        c.set('é').unwrap();
    }

    #[test]
    fn test_value() {
        on_processes(|method| {
            let (i, d, h) = (Value::new(4).unwrap(), Value::new(3.5).unwrap(), Value::new(-32).unwrap());
            let (q, c) = (Value::new(1 << 34).unwrap(), Value::new('y').unwrap());
            assert_eq!((i.get().unwrap(), d.get().unwrap(), c.get().unwrap()), (4, 3.5, 'y'));
            away(method, change, (i.clone(), d.clone(), h.clone(), q.clone(), c.clone())).join();
            assert_eq!((i.get().unwrap(), d.get().unwrap(), h.get().unwrap()), (35, -5.5, -232));
            assert_eq!((q.get().unwrap(), c.get().unwrap()), (1 << 33, 'é'));
        });
    }

    #[ganger::task]
    fn change_raw(i: RawValue<i32>, d: RawValue<f64>, b: RawValue<bool>, bytes: RawValue<[u8; 5]>) {
        i.set(35);
        d.set(-5.5);
        b.set(true);
        bytes.set(*b"hello");
    }

    #[test]
    fn test_rawvalue() {
        on_processes(|method| {
            let (i, d, b) = (RawValue::new(4).unwrap(), RawValue::new(3.5).unwrap(), RawValue::new(false).unwrap());
            let bytes = RawValue::new([0; 5]).unwrap();
            away(method, change_raw, (i.clone(), d.clone(), b.clone(), bytes.clone())).join();
            assert_eq!((i.get(), d.get(), b.get(), &bytes.get()), (35, -5.5, true, b"hello"));
        });
    }

    /// A lock that is none does not compile.
    #[test]
    fn test_getobj_getlock() {
        let own = Value::new(5).unwrap();
        let _: (&RLock, &RawValue<i32>) = (own.get_lock(), own.get_obj());
        let lock = Lock::new().unwrap();
        let given = Value::with_lock(5, lock.clone()).unwrap();
        let held = given.lock().unwrap();
        assert!(lock.locked() && given.try_lock().is_err());
        drop(held);
        assert!(!lock.locked());
        assert_eq!(given.get_obj().get(), 5);
    }
}

mod test_array {
    use ganger::state::{Array, RawArray};
    use ganger::sync::Lock;

    use super::on_processes;
    use crate::away::away;

    #[ganger::task]
    fn sum_up(numbers: Array<i32>) {
        let numbers = numbers.lock().unwrap();
        for n in 1..numbers.len() {
            numbers.set(n, numbers.get(n).unwrap() + numbers.get(n - 1).unwrap()).unwrap();
        }
    }

    #[ganger::task]
    fn sum_up_raw(numbers: RawArray<i32>) {
        for n in 1..numbers.len() {
            numbers.fetch_add(n, numbers.get(n - 1).unwrap()).unwrap();
        }
    }

    const NUMBERS: [i32; 10] = [680, 626, 934, 821, 150, 233, 548, 982, 714, 831];

    fn summed_up() -> Vec<i32> {
        let sums = NUMBERS.iter().scan(0, |sum, n| {
            *sum += n;
            Some(*sum)
        });
        sums.collect()
    }

    #[test]
    fn test_array() {
        on_processes(|method| {
            let array = Array::new(&NUMBERS).unwrap();
            assert_eq!(
                (array.len(), array.get(2).unwrap(), array.slice(2..7).unwrap()),
                (10, 934, NUMBERS[2..7].to_vec())
            );
            array.set_slice(4, &[1, 2, 3, 4]).unwrap();
            assert_eq!(array.slice(3..=8).unwrap(), [821, 1, 2, 3, 4, 714]);
            array.set_slice(4, &NUMBERS[4..8]).unwrap();
            away(method, sum_up, array.clone()).join();
            assert_eq!(array.to_vec().unwrap(), summed_up());
        });
        let given = Array::with_lock(&NUMBERS, Lock::new().unwrap()).unwrap();
        let held = given.lock().unwrap();
        assert!(given.get_lock().locked() && held.get(0) == Ok(680));
        drop(held);
        for error in [given.get(10).unwrap_err().to_string(), given.slice(5..11).unwrap_err().to_string()] {
            assert!(error.contains("out of range: there are 10"), "{error}");
        }
        assert!(given.set(10, 1).is_err() && given.set_slice(9, &[1, 2]).is_err() && given.get(9).unwrap() == 831);
    }

    #[test]
    fn test_array_from_size() {
        for _ in 0..3 {
            let array = Array::<i32>::zeroed(10).unwrap();
            assert_eq!(array.to_vec().unwrap(), [0; 10]);
            array.set_slice(0, &[1; 10]).unwrap();
            assert_eq!(array.to_vec().unwrap(), [1; 10]);
        }
        assert!(Array::<u8>::zeroed(0).unwrap().is_empty() && Array::<u64>::zeroed(usize::MAX).is_err());
    }

    #[test]
    fn test_rawarray() {
        on_processes(|method| {
            let array = RawArray::new(&NUMBERS).unwrap();
            away(method, sum_up_raw, array.clone()).join();
            assert_eq!(array.to_vec(), summed_up());
        });
    }
}

mod test_heap {
    use ganger::state::RawArray;

    /// There is no heap: each object has memory of its own, which ends with it.
    #[test]
    fn test_heap() {
        let mut arrays = Vec::new();
        for n in 0..5000_u64 {
            let random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let array = RawArray::zeroed(random as usize % 500 + 1).unwrap();
            assert_eq!(array.swap(0, n), Ok(0));
            arrays.push((n, array));
            if arrays.len() > 50 {
                let (n, array) = arrays.swap_remove(random as usize % 50);
                assert_eq!(array.get(0), Ok(n));
            }
        }
        assert!(arrays.iter().all(|(n, array)| array.get(0) == Ok(*n)));
    }
}

mod test_shared_ctypes {
    use ganger::state::{Array, Plain, RawArray, RawValue, Value};
    use ganger::sync::{Acquire, RLock};
    use ganger::{Portable, Task};

    use super::on_processes;
    use crate::away::away;

    /// `_Foo`: x, y, z.
    type Three = (i32, f64, i64);

    #[ganger::task]
    fn double(x: Value<i32>, y: Value<f64>, three: Value<Three>, array: Array<f64>, string: Array<u8>) {
        x.update(|x| x * 2).unwrap();
        y.update(|y| y * 2.0).unwrap();
        three.update(|(x, y, z)| (x * 2, y * 2.0, z * 2)).unwrap();
        string.set_slice(0, &string.to_vec().unwrap().repeat(2)[..20]).unwrap();
        let array = array.lock().unwrap();
        (0..array.len()).for_each(|n| array.set(n, array.get(n).unwrap() * 2.0).unwrap());
    }

    #[ganger::task]
    fn double_raw(x: RawValue<i32>, y: RawValue<f64>, three: RawValue<Three>, array: RawArray<f64>) {
        x.set(x.get() * 2);
        y.set(y.get() * 2.0);
        let (a, b, c) = three.get();
        three.set((a * 2, b * 2.0, c * 2));
        (0..array.len()).for_each(|n| array.set(n, array.get(n).unwrap() * 2.0).unwrap());
    }

    #[test]
    fn test_sharedctypes() {
        on_processes(|method| {
            let (x, y) = (RawValue::new(7).unwrap(), RawValue::new(1.0 / 3.0).unwrap());
            let three = RawValue::new((3, 2.0, 1 << 33)).unwrap();
            let array = RawArray::new(&[0.0, 1.0, 2.0]).unwrap();
            away(method, double_raw, (x.clone(), y.clone(), three.clone(), array.clone())).join();
            assert_eq!((x.get(), y.get(), three.get()), (14, 2.0 / 3.0, (6, 4.0, 1 << 34)));
            assert_eq!(array.to_vec(), [0.0, 2.0, 4.0]);
        });
    }

    #[test]
    fn test_synchronize() {
        on_processes(|method| {
            let (x, y) = (Value::new(7).unwrap(), Value::new(1.0 / 3.0).unwrap());
            let (three, array) = (Value::new((3, 2.0, 1 << 33)).unwrap(), Array::new(&[0.0, 1.0, 2.0]).unwrap());
            let string = Array::new(b"hellohello\0\0\0\0\0\0\0\0\0\0").unwrap();
            let all = (x.clone(), y.clone(), three.clone(), array.clone(), string.clone());
            away(method, double, all).join();
            assert_eq!((x.get().unwrap(), y.get().unwrap()), (14, 2.0 / 3.0));
            assert_eq!((three.get().unwrap(), array.to_vec().unwrap()), ((6, 4.0, 1 << 34), vec![0.0, 2.0, 4.0]));
            assert_eq!(string.slice(..10).unwrap(), b"hellohello");
        });
    }

    #[test]
    fn test_copy() {
        let three = RawValue::new((1, 2.5, 1_i64 << 33)).unwrap();
        let bar = three.copy().unwrap();
        three.set((0, 0.0, 0));
        assert_eq!(bar.get(), (1, 2.5, 1 << 33));
    }

    #[ganger::task]
    fn add(total: Value<i64>, n: i64) {
        for _ in 0..1000 {
            let total = total.lock().unwrap();
            total.set(total.get() + n);
        }
    }

    /// Nothing is lost between `get` and `set` behind the lock.
    #[test]
    fn what_is_behind_the_lock_adds_up() {
        on_processes(|method| {
            let total = Value::new(0).unwrap();
            let all: Vec<_> = (1..=3).map(|n| away(method, add, (total.clone(), n))).collect();
            all.into_iter().for_each(|one| one.join());
            assert_eq!(total.get().unwrap(), 6000);
        });
    }

    /// They are arguments of tasks, whatever they hold and whatever their lock is.
    #[test]
    fn all_of_them_travel() {
        fn travels<A: Portable>() {}
        fn each<T: Plain, L: Acquire + Portable>() {
            travels::<(Value<T>, RawValue<T>)>();
            travels::<(Array<T, L>, RawArray<T>)>();
        }
        each::<[char; 3], RLock>();
        fn is_task<S>(_: impl Task<(Value<i64>, i64), S>) {}
        is_task(add);
    }
}

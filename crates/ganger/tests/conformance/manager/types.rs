//! `TestSyncManagerTypes`: each object in another process.

mod test_sync_manager_types {
    use ganger::Pool;
    use ganger::manager::{
        BarrierProxy, BoundedSemaphoreProxy, ConditionProxy, DictProxy, EventProxy, JoinableQueueProxy, ListProxy,
        LockProxy, ManagerError, Namespace, QueueProxy, RLockProxy, SemaphoreProxy, SetProxy, ValueProxy,
    };
    use ganger::sync::{Acquired, SyncError};

    use super::super::{LONG, manager};
    use crate::away::{PROCESSES, away};
    use crate::deadline::{eventually, on_each};

    #[ganger::task]
    fn clear_event(event: EventProxy) -> bool {
        let was_set = event.is_set().unwrap();
        event.wait().unwrap();
        event.clear().unwrap();
        was_set && !event.wait_timeout(std::time::Duration::from_millis(1)).unwrap()
    }

    #[test]
    fn test_event() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let event = manager.event().unwrap();
            event.set().unwrap();
            assert!(away(method, clear_event, event.clone()).join());
            assert!(!event.is_set().unwrap());
        });
    }

    #[ganger::task]
    fn take_lock(lock: LockProxy) -> bool {
        assert_eq!(lock.acquire().unwrap(), Acquired::Clean);
        lock.locked().unwrap()
    }

    #[test]
    fn test_lock() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let lock = manager.lock().unwrap();
            let child = away(method, take_lock, lock.clone());
            eventually("the child has the lock", || lock.locked().unwrap());
            assert!(lock.try_acquire().unwrap().is_none());
            lock.release().unwrap();
            assert!(matches!(lock.release(), Err(ManagerError::Sync(SyncError::NotHeld))));
            child.join();
        });
    }

    #[ganger::task]
    fn use_rlock(lock: RLockProxy) -> bool {
        let guards = (lock.lock().unwrap(), lock.lock().unwrap());
        let locked = lock.locked().unwrap();
        drop(guards);
        locked && !lock.locked().unwrap()
    }

    #[test]
    fn test_rlock() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let lock = manager.rlock().unwrap();
            assert!(away(method, use_rlock, lock.clone()).join());
            assert!(matches!(lock.release(), Err(ManagerError::Sync(SyncError::NotHeld))));
        });
    }

    #[ganger::task]
    fn use_semaphore(semaphore: SemaphoreProxy) -> [usize; 3] {
        let before = semaphore.value().unwrap();
        assert_eq!(semaphore.acquire().unwrap(), Acquired::Clean);
        let held = semaphore.value().unwrap();
        semaphore.release().unwrap();
        [before, held, semaphore.value().unwrap()]
    }

    #[test]
    fn test_semaphore() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let semaphore = manager.semaphore(2).unwrap();
            assert_eq!(away(method, use_semaphore, semaphore).join(), [2, 1, 2]);
        });
    }

    #[ganger::task]
    fn use_bounded(semaphore: BoundedSemaphoreProxy) -> bool {
        assert_eq!(semaphore.acquire().unwrap(), Acquired::Clean);
        semaphore.release().unwrap();
        matches!(semaphore.release(), Err(ManagerError::Sync(SyncError::OverRelease)))
    }

    #[test]
    fn test_bounded_semaphore() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            assert!(away(method, use_bounded, manager.bounded_semaphore(1).unwrap()).join());
        });
    }

    #[ganger::task]
    fn use_condition(condition: ConditionProxy) {
        assert_eq!(condition.acquire().unwrap(), Acquired::Clean);
        condition.notify_all().unwrap();
        condition.release().unwrap();
    }

    #[test]
    fn test_condition() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let condition = manager.condition().unwrap();
            let held = condition.lock().unwrap();
            let child = away(method, use_condition, condition.clone());
            assert!(condition.wait_timeout(LONG).unwrap());
            drop(held);
            child.join();
        });
    }

    #[ganger::task]
    fn use_barrier(barrier: BarrierProxy) -> usize {
        barrier.reset().unwrap();
        barrier.parties().unwrap()
    }

    #[test]
    fn test_barrier() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let barrier = manager.barrier(5).unwrap();
            barrier.abort().unwrap();
            assert_eq!(away(method, use_barrier, barrier.clone()).join(), 5);
            assert!(!barrier.broken().unwrap());
        });
    }

    #[ganger::task]
    fn use_queue(queue: QueueProxy<u8>) -> bool {
        let full = queue.is_full().unwrap();
        let got = [queue.get().unwrap(), queue.get().unwrap()];
        full && got == [1, 2] && queue.is_empty().unwrap()
    }

    #[test]
    fn test_queue() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let queue = manager.queue(2).unwrap();
            queue.put(&1).unwrap();
            queue.put(&2).unwrap();
            assert!(away(method, use_queue, queue).join());
        });
    }

    #[ganger::task]
    fn use_joinable(queue: JoinableQueueProxy<u8>) -> u8 {
        let item = queue.get().unwrap();
        queue.task_done().unwrap();
        item
    }

    #[test]
    fn test_joinable_queue() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let queue = manager.joinable_queue(0).unwrap();
            queue.put(&7).unwrap();
            let child = away(method, use_joinable, queue.clone());
            queue.join().unwrap();
            assert_eq!(child.join(), 7);
            assert!(matches!(queue.task_done(), Err(ManagerError::Sync(SyncError::OverRelease))));
        });
    }

    #[ganger::task]
    fn use_list(list: ListProxy<i32>) {
        list.extend([3, 1, 2]).unwrap();
        list.sort().unwrap();
        list.reverse().unwrap();
        list.repeat(2).unwrap();
        list.remove(0).unwrap();
        list.pop().unwrap();
    }

    #[test]
    fn test_list() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let list = manager.list().unwrap();
            list.push(&0).unwrap();
            away(method, use_list, list.clone()).join();
            assert_eq!(list.to_vec().unwrap(), [2, 1, 0, 3, 2, 1]);
        });
    }

    #[ganger::task]
    fn use_dict(dict: DictProxy<String, i32>) -> bool {
        dict.extend([("b".to_owned(), 2), ("c".to_owned(), 3)]).unwrap();
        let setdefault = dict.get_or_insert("d", &4).unwrap();
        let last = dict.pop_last().unwrap();
        let popped = dict.remove("b").unwrap();
        setdefault == 4 && last == ("d".to_owned(), 4) && popped == Some(2) && dict.remove("b").unwrap().is_none()
    }

    #[test]
    fn test_dict() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let dict = manager.dict().unwrap();
            dict.insert("a", &1).unwrap();
            assert!(away(method, use_dict, dict.clone()).join());
            assert_eq!(dict.items().unwrap(), [("a".to_owned(), 1), ("c".to_owned(), 3)]);
        });
    }

    #[ganger::task]
    fn use_value(value: ValueProxy<u64>) {
        (0..500).for_each(|_| assert!(value.update(|seen| seen + 1).unwrap() > 0));
    }

    #[test]
    fn test_value() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let value = manager.value(&0).unwrap();
            let child = away(method, use_value, value.clone());
            (0..500).for_each(|_| assert!(value.update(|seen| seen + 1).unwrap() > 0));
            child.join();
            assert_eq!(value.get().unwrap(), 1000, "no step is lost");
        });
    }

    #[ganger::task]
    fn use_array(array: ganger::manager::ArrayProxy<i32>) -> Vec<i32> {
        array.set(1, &-1).unwrap();
        array.slice(0..2).unwrap()
    }

    #[test]
    fn test_array() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let array = manager.array(0..4).unwrap();
            assert_eq!(away(method, use_array, array.clone()).join(), [0, -1]);
            assert_eq!((array.to_vec().unwrap(), array.len().unwrap()), (vec![0, -1, 2, 3], 4));
        });
    }

    #[ganger::task]
    fn use_namespace(namespace: Namespace) -> i32 {
        namespace.set("y", &10).unwrap();
        namespace.get::<i32>("x").unwrap()
    }

    #[test]
    fn test_namespace() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let namespace = manager.namespace().unwrap();
            namespace.set("x", &1).unwrap();
            assert_eq!(away(method, use_namespace, namespace.clone()).join(), 1);
            assert_eq!(namespace.get::<i32>("y").unwrap(), 10);
        });
    }

    #[ganger::task]
    fn use_set(set: SetProxy<char>) {
        let of = |text: &str| text.chars().collect::<Vec<_>>();
        assert!(set.is_superset(of("ab")).unwrap() && set.is_subset(of("abcd")).unwrap());
        assert!(set.is_disjoint(of("xyz")).unwrap() && !set.is_disjoint(of("az")).unwrap());
        set.union_update(of("def")).unwrap();
        set.intersection_update(of("abcdx")).unwrap();
        set.difference_update(of("d")).unwrap();
        set.symmetric_difference_update(of("ax")).unwrap();
        assert!(set.insert(&'q').unwrap() && !set.insert(&'q').unwrap());
        assert!(set.remove(&'q').unwrap() && !set.remove(&'q').unwrap());
    }

    #[test]
    fn test_set() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let set = manager.set().unwrap();
            set.union_update("abc".chars()).unwrap();
            away(method, use_set, set.clone()).join();
            let mut members = set.members().unwrap();
            members.sort();
            assert_eq!((members, set.len().unwrap()), (vec!['b', 'c', 'x'], 3));
            assert!(set.contains(&'x').unwrap());
            set.clear().unwrap();
            assert!(matches!(set.pop(), Err(ManagerError::Absent)));
        });
    }

    /// A pool in a manager is a type of one's own that has one.
    struct Gang {
        pool: Pool,
    }

    #[ganger::managed]
    impl Gang {
        pub(crate) fn new(workers: usize) -> Self {
            Self { pool: Pool::new(workers).unwrap() }
        }

        pub(crate) fn squares(&self, items: Vec<i64>) -> Vec<i64> {
            self.pool.map(square, items).unwrap()
        }

        pub(crate) fn workers(&self) -> Vec<u32> {
            self.pool.worker_pids()
        }
    }

    #[ganger::task]
    fn square(n: i64) -> i64 {
        n * n
    }

    #[ganger::task]
    fn use_pool(gang: GangProxy) -> Vec<i64> {
        gang.squares((0..10).collect()).unwrap()
    }

    #[test]
    fn test_pool() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let gang = GangProxy::new(&manager, 2).unwrap();
            let squares: Vec<i64> = (0..10).map(|n| n * n).collect();
            assert_eq!(away(method, use_pool, gang.clone()).join(), squares);
            let later = gang.squares_later(vec![3]).unwrap();
            assert_eq!((gang.squares(vec![2]).unwrap(), later.result().unwrap()), (vec![4], vec![9]));
            let workers = gang.workers().unwrap();
            assert!(!workers.is_empty());
            drop(manager);
            eventually("its workers end with it", || !workers.iter().any(|pid| lives(*pid)));
        });
    }

    fn lives(pid: u32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    }

    #[test]
    fn test_set_init() {
        let manager = manager();
        let set = manager.set::<String>().unwrap();
        set.union_update(["a".to_owned(), "b".to_owned(), "a".to_owned()]).unwrap();
        let dict = manager.dict::<String, u8>().unwrap();
        dict.insert("c", &1).unwrap();
        set.union_update(dict.keys().unwrap()).unwrap();
        assert_eq!(set.len().unwrap(), 3);
    }
}

//! `_TestSharedMemory` and `TestSharedMemoryNames`.
//!
//! Not here: `test_shared_memory_SharedMemoryServer_ignores_sigint`. There is no server that a signal could reach: a name goes with its owner's
//! handle, and that is all that `SharedMemoryManager` does.

#[expect(non_snake_case, reason = "CPython's names")]
mod test_shared_memory {
    use std::sync::atomic::Ordering;

    use ganger::state::{Item, ListError, ShareableList, SharedMemory, SharedMemoryError};
    use ganger::{Connection, Pipe, Process};

    use crate::away::{PROCESSES, away};
    use crate::deadline::eventually;

    fn name(of: &str) -> String {
        format!("ganger-{of}-{}", std::process::id())
    }

    #[track_caller]
    fn is_absent(name: &str) -> bool {
        match SharedMemory::attach(name) {
            Err(SharedMemoryError::NotFound { .. }) => true,
            Ok(_) => false,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn test_shared_memory_name_with_embedded_null() {
        for wrong in ["a\0b", "", "a/b", ".."] {
            let invalid = |result| matches!(result, Err(SharedMemoryError::InvalidName { .. }));
            assert!(invalid(SharedMemory::create(wrong, 1)) && invalid(SharedMemory::attach(wrong)), "{wrong:?}");
        }
    }

    #[test]
    fn test_shared_memory_basics() {
        let name = name("basics");
        let memory = SharedMemory::create(&name, 512).unwrap();
        assert_eq!((memory.name(), memory.size(), memory.buf().len()), (Some(&*name), 512, 512));
        assert!(format!("{memory:?}").contains(&name));
        memory.buf()[0].store(42, Ordering::Release);
        let same = SharedMemory::attach(&format!("/{name}")).unwrap();
        assert_eq!((same.buf()[0].load(Ordering::Acquire), same.size()), (42, 512));
        assert!(matches!(SharedMemory::create(&name, 512), Err(SharedMemoryError::Exists { .. })));
        assert!(matches!(SharedMemory::new(0), Err(SharedMemoryError::InvalidSize { .. })));
        assert!(matches!(SharedMemory::create("x", usize::MAX), Err(SharedMemoryError::InvalidSize { .. })));
        assert!(memory.write(510, b"abc").is_err() && memory.read(usize::MAX, &mut [0; 2]).is_err());
        same.unlink().unwrap();
        assert!(matches!(memory.unlink(), Err(SharedMemoryError::NotFound { .. })));
        assert!(matches!(SharedMemory::new(1).unwrap().unlink(), Err(SharedMemoryError::NoName)));
        assert!(is_absent(&name) && memory.to_vec()[0] == 42);
    }

    #[test]
    fn test_shared_memory_recreate() {
        let first = SharedMemory::create_unique(1).unwrap();
        let taken = first.name().unwrap().rsplit_once('-').unwrap();
        let ahead: Vec<_> = (1..100)
            .map(|n| format!("{}-{}", taken.0, taken.1.parse::<u32>().unwrap() + n))
            .filter_map(|name| SharedMemory::create(&name, 1).ok())
            .collect();
        let next = SharedMemory::create_unique(1).unwrap();
        assert!(ahead.iter().chain([&first]).all(|other| other.name() != next.name()));
    }

    #[ganger::task]
    fn write_and_send_back(memory: SharedMemory) -> (Option<String>, Vec<u8>) {
        memory.write(0, b"newval").unwrap();
        (memory.name().map(str::to_owned), memory.to_vec())
    }

    #[test]
    fn test_shared_memory_pickle_unpickle() {
        for method in PROCESSES {
            let memory = SharedMemory::create_unique(6).unwrap();
            let (name, bytes) = away(*method, write_and_send_back, memory.clone()).join();
            assert_eq!((name.as_deref(), &*bytes, &*memory.to_vec()), (memory.name(), &b"newval"[..], &b"newval"[..]));
        }
    }

    #[ganger::task]
    fn attached(name: String) -> Result<Vec<u8>, String> {
        SharedMemory::attach(&name).map(|memory| memory.to_vec()).map_err(|e| e.to_string())
    }

    /// A handle is the memory itself: it outlives the name.
    #[test]
    fn test_shared_memory_pickle_unpickle_dead_object() {
        for method in PROCESSES {
            let memory = SharedMemory::create_unique(6).unwrap();
            let name = memory.name().unwrap().to_owned();
            assert_eq!(away(*method, attached, name.clone()).join(), Ok(vec![0; 6]));
            memory.unlink().unwrap();
            assert!(away(*method, attached, name).join().unwrap_err().contains("there is no shared memory"));
            assert_eq!(away(*method, write_and_send_back, memory).join().1, b"newval");
        }
    }

    #[ganger::task]
    fn write_by_name(name: String, bytes: Vec<u8>) {
        SharedMemory::attach(&name).unwrap().write(0, &bytes).unwrap();
    }

    #[ganger::task]
    fn write_by_handle(memory: SharedMemory, bytes: Vec<u8>) {
        memory.write(0, &bytes).unwrap();
    }

    #[test]
    fn test_shared_memory_across_processes() {
        for method in PROCESSES {
            let memory = SharedMemory::create_unique(512).unwrap();
            away(*method, write_by_name, (memory.name().unwrap().to_owned(), b"howdy".to_vec())).join();
            assert_eq!(memory.to_vec()[..5], *b"howdy");
            away(*method, write_by_handle, (memory.clone(), b"HELLO".to_vec())).join();
            assert_eq!(memory.to_vec()[..5], *b"HELLO");
            assert!(!is_absent(memory.name().unwrap()), "who has attached it does not take it away");
        }
    }

    #[test]
    fn test_shared_memory_SharedMemoryManager_basics() {
        let names = {
            let lists: Vec<_> =
                (5..10).map(|n| ShareableList::create(&name(&format!("list{n}")), 0..n).unwrap()).collect();
            let memories: Vec<_> = (32..128).step_by(16).map(|n| SharedMemory::create_unique(n).unwrap()).collect();
            assert_eq!(ShareableList::attach(lists[0].shm().name().unwrap()).unwrap().len(), 5);
            let all = lists.iter().map(ShareableList::shm).chain(&memories);
            let names: Vec<String> = all.map(|memory| memory.name().unwrap().to_owned()).collect();
            assert!(names.iter().all(|name| !is_absent(name)));
            names
        };
        assert!(names.iter().all(|name| is_absent(name)));
    }

    fn items() -> [Item; 7] {
        ["howdy".into(), b"HoWdY".into(), (-273.154).into(), 100.into(), ().into(), true.into(), 42.into()]
    }

    #[test]
    fn test_shared_memory_ShareableList_basics() {
        let list = ShareableList::new(items()).unwrap();
        assert!(matches!(list.get(7), Err(ListError::OutOfRange(_))));
        assert!(matches!(list.set(7, 2), Err(ListError::OutOfRange(_))));
        assert_eq!((list.len(), list.to_vec().unwrap()), (7, items().to_vec()));
        assert!(matches!(list.index(&"100".into()), Err(ListError::Absent)));
        assert_eq!(list.index(&100.into()).unwrap(), 3);
        list.set(3, 42).unwrap();
        list.set(4, "some").unwrap();
        list.set(0, "encodés").unwrap();
        let refused = [list.set(4, "far too many"), list.set(0, "encodées"), list.set(1, b"123456789")];
        assert!(refused.iter().all(|result| matches!(result, Err(ListError::TooLong { capacity: 8, .. }))));
        let now = [list.get(4).unwrap(), list.get(0).unwrap(), list.get(1).unwrap()];
        assert_eq!(now, ["some".into(), "encodés".into(), b"HoWdY".into()]);
        let counts = [42.into(), b"HoWdY".into(), b"adios".into()].map(|item| list.count(&item).unwrap());
        assert_eq!(counts, [2, 1, 0]);
    }

    #[test]
    fn copies_and_tethered_lists() {
        let list = ShareableList::create(&name("list"), items()).unwrap();
        let copy = ShareableList::create(&name("copy"), list.to_vec().unwrap()).unwrap();
        assert_eq!(copy.shm().name(), Some(&*name("copy")));
        copy.set(6, 77).unwrap();
        assert_eq!((copy.get(6).unwrap(), list.get(6).unwrap()), (77.into(), 42.into()));
        let tethered = ShareableList::attach(&name("list")).unwrap();
        tethered.set(6, 880).unwrap();
        assert_eq!(list.get(6).unwrap(), 880.into());
        let empty = ShareableList::new([(); 0]).unwrap();
        assert!(empty.is_empty() && empty.count(&"any".into()).unwrap() == 0 && empty.index(&Item::None).is_err());
        let memory = SharedMemory::new(100).unwrap();
        assert!(matches!(ShareableList::try_from(memory), Err(ListError::Malformed)));
    }

    #[test]
    fn test_shared_memory_ShareableList_pickling_dead_object() {
        let list = ShareableList::create(&name("dead"), 0..10).unwrap();
        list.shm().unlink().unwrap();
        let error = ShareableList::attach(&name("dead")).unwrap_err();
        assert!(matches!(error, ListError::Memory(SharedMemoryError::NotFound { .. })), "{error}");
    }

    #[ganger::task]
    fn create_and_wait(conn: Connection) {
        let memory = SharedMemory::create_unique(10).unwrap();
        conn.send(&memory.name()).unwrap();
        let _ = conn.recv::<u8>();
    }

    fn created_elsewhere() -> (Process, String, Connection) {
        let (ours, theirs) = Pipe::duplex().unwrap();
        let process = Process::new(create_and_wait, theirs).unwrap();
        process.start().unwrap();
        let name: Option<String> = ours.recv().unwrap();
        (process, name.unwrap(), ours)
    }

    #[test]
    fn test_shared_memory_cleaned_after_process_termination() {
        for end in [Process::terminate, Process::kill] {
            let (process, name, _conn) = created_elsewhere();
            let attached = SharedMemory::attach(&name).unwrap();
            end(&process).unwrap();
            process.join(None).unwrap();
            eventually("its name is gone", || is_absent(&name));
            assert!(!std::path::Path::new("/dev/shm").join(&name).exists());
            assert_eq!(attached.to_vec(), [0; 10]);
        }
    }

    /// Python's hazard is not there: who has attached it and ends takes nothing away.
    #[test]
    fn test_shared_memory_tracking() {
        let (process, name, conn) = created_elsewhere();
        for method in PROCESSES {
            assert!(away(*method, attached, name.clone()).join().is_ok());
        }
        assert!(!is_absent(&name));
        conn.send(&1u8).unwrap();
        process.join(None).unwrap();
        assert!(is_absent(&name));
    }

    #[test]
    fn what_has_no_room_is_an_error_and_no_signal() {
        let error = SharedMemory::create(&name("large"), 1 << 50).unwrap_err();
        assert!(matches!(error, SharedMemoryError::OutOfSpace { .. }), "{error}");
        assert!(is_absent(&name("large")));
    }
}

mod test_shared_memory_names {
    use ganger::state::SharedMemory;

    #[test]
    fn test_that_shared_memory_name_with_colons_has_no_resource_tracker_errors() {
        for name in ["a:b:c:foo:bar", "a\nb:c\nd"].map(|name| format!("{name}{}", std::process::id())) {
            let memory = SharedMemory::create(&name, 8).unwrap();
            assert_eq!(SharedMemory::attach(&name).unwrap().name(), Some(&*name));
            drop(memory);
            assert!(SharedMemory::attach(&name).is_err());
        }
    }
}

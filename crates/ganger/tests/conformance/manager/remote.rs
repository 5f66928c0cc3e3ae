//! `_TestRemoteManager`, `_TestManagerRestart`, `TestInitializers`, and managers of shared memory.

mod test_remote_manager {
    use ganger::manager::{Manager, ManagerError, QueueProxy};

    use crate::away::{PROCESSES, away};
    use crate::deadline::on_each;

    const KEY: &str = "a key that both know";

    #[ganger::task]
    fn put(address: ganger::connection::Address) {
        let manager = Manager::connect(address, KEY).unwrap();
        let queue: QueueProxy<(String, Option<bool>)> = manager.find("queue").unwrap();
        queue.put(&("hello world".to_owned(), Some(true))).unwrap();
    }

    #[test]
    fn test_remote() {
        on_each(PROCESSES, |method| {
            let manager = Manager::bind(("127.0.0.1", 0), KEY).unwrap();
            let queue = manager.queue::<(String, Option<bool>)>(0).unwrap();
            manager.publish("queue", &queue).unwrap();
            away(method, put, manager.address().clone()).join();
            let remote = Manager::connect(manager.address(), KEY).unwrap();
            let same: QueueProxy<(String, Option<bool>)> = remote.find("queue").unwrap();
            assert_eq!(same.get().unwrap(), ("hello world".to_owned(), Some(true)));
            assert!(matches!(remote.find::<QueueProxy<u8>>("other"), Err(ManagerError::Absent)));
            drop(remote);
            queue.put(&(String::new(), None)).unwrap();
            assert_eq!(same.get().unwrap().1, None, "who has only connected ends nothing");
        });
    }
}

mod test_manager_restart {
    use ganger::manager::{Manager, ManagerError};

    #[test]
    fn test_rapid_restart() {
        let mut manager = Manager::bind(("127.0.0.1", 0), "key").unwrap();
        let (address, list) = (manager.address().clone(), manager.list().unwrap());
        list.push(&1).unwrap();
        let taken = Manager::bind(&address, "key").unwrap_err();
        assert!(matches!(&taken, ManagerError::Connection(error) if error.is_address_in_use()), "{taken}");
        manager.shutdown().unwrap();
        let again = Manager::bind(&address, "key").unwrap();
        assert_eq!(again.address(), &address);
        let gone = list.push(&2).unwrap_err();
        assert!(gone.is_gone() && gone.to_string().contains("another server"), "{gone}");
        assert_eq!(again.number_of_objects().unwrap(), 0);
    }
}

mod test_initializers {
    use ganger::manager::{Manager, ValueProxy};

    #[ganger::task]
    fn initialize(calls: ValueProxy<u32>) -> Result<(), String> {
        calls.update(|calls| calls + 1).map(drop).map_err(|e| e.to_string())
    }

    #[ganger::task]
    fn refuse() -> Result<(), String> {
        Err("no luck".to_owned())
    }

    #[test]
    fn test_manager_initializer() {
        let other = super::super::manager();
        let calls = other.value(&0).unwrap();
        let manager = Manager::builder().initializer(initialize, calls.clone()).start().unwrap();
        let clients = (manager.list::<u8>().unwrap(), Manager::connect(manager.address(), manager.authkey()).unwrap());
        assert_eq!(calls.get().unwrap(), 1, "once");
        drop(clients);
        let refused = Manager::builder().initializer(refuse, ()).start().unwrap_err();
        assert!(refused.to_string().contains("no luck"), "{refused}");
    }
}

#[expect(non_snake_case, reason = "CPython's names")]
mod test_shared_memory {
    use std::path::Path;

    use ganger::Exit;
    use ganger::state::{Item, SharedMemory, SharedMemoryError};
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use super::super::manager;

    #[test]
    fn test_shared_memory_SharedMemoryServer_ignores_sigint() {
        let mut manager = manager();
        let memory = manager.shared_memory(100).unwrap();
        let pid = manager.process().unwrap().pid().unwrap();
        kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGINT).unwrap();
        manager.process().unwrap().interrupt().unwrap();
        memory.write(0, b"still there").unwrap();
        assert!(SharedMemory::attach(memory.name().unwrap()).is_ok());
        assert_eq!(manager.list::<u8>().unwrap().len().unwrap(), 0);
        assert!(manager.process().unwrap().is_alive());
        manager.shutdown().unwrap();
        assert_eq!(manager.process().unwrap().exit_status().unwrap(), Some(Exit::Code(0)));
    }

    #[test]
    fn test_shared_memory_SharedMemoryManager_basics() {
        let mut one = manager();
        let (a, b) = (one.shared_memory(32).unwrap(), one.shared_memory(64).unwrap());
        let list = one.shareable_list([1, 2, 3]).unwrap();
        assert_eq!((list.len(), list.get(1).unwrap()), (3, Item::from(2)));
        let names = [&a, &b, list.shm()].map(|memory| memory.name().unwrap().to_owned());
        assert!(names.iter().all(|name| SharedMemory::attach(name).is_ok()));
        a.write(0, b"abc").unwrap();
        one.shutdown().unwrap();
        let gone = |name: &String| matches!(SharedMemory::attach(name), Err(SharedMemoryError::NotFound { .. }));
        assert!(names.iter().all(gone));
        assert_eq!(&a.to_vec()[..3], b"abc", "who has it keeps it");

        let name = {
            let two = manager();
            two.shared_memory(8).unwrap().name().unwrap().to_owned()
        };
        assert!(gone(&name) && !Path::new("/dev/shm").join(&name).exists());
    }
}

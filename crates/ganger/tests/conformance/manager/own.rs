//! `_TestMyManager`: types of one's own.

mod test_my_manager {
    use ganger::Exit;
    use ganger::manager::{ListProxy, Manager, ManagerError};

    use super::super::manager;
    use crate::away::{PROCESSES, away};
    use crate::deadline::on_each;

    struct FooBar {
        seen: Vec<String>,
        kept: Option<ListProxy<u8>>,
    }

    #[ganger::managed]
    impl FooBar {
        /// With nothing seen.
        pub(crate) fn new() -> Self {
            Self { seen: Vec::new(), kept: None }
        }

        pub(crate) fn f(&self) -> String {
            "f()".to_owned()
        }

        pub(crate) fn g(&self) -> Result<(), String> {
            Err("a value like others".to_owned())
        }

        pub(crate) fn note(&mut self, what: String, times: usize) -> usize {
            self.remember(&what, times);
            self.seen.len()
        }

        pub(crate) fn panics(&mut self) {
            panic!("on purpose");
        }

        pub(crate) fn keep(&mut self, list: ListProxy<u8>) -> Option<ListProxy<u8>> {
            self.kept.replace(list)
        }

        pub(crate) fn push(&self, n: u8) {
            self.kept.as_ref().unwrap().push(&n).unwrap();
        }

        pub(crate) fn wait_for_ever(&self) {
            loop {
                std::thread::park();
            }
        }

        fn remember(&mut self, what: &str, times: usize) {
            self.seen.extend((0..times).map(|_| what.to_owned()));
        }
    }

    #[ganger::task]
    fn use_foo(mine: FooBarProxy) -> (String, usize) {
        (mine.f().unwrap(), mine.note("there".to_owned(), 2).unwrap())
    }

    fn common(manager: &Manager) {
        let mine = FooBarProxy::new(manager).unwrap();
        assert_eq!(mine.f().unwrap(), "f()");
        assert_eq!(mine.g().unwrap(), Err("a value like others".to_owned()));
        assert_eq!(mine.note("here".to_owned(), 1).unwrap(), 1);
        assert_eq!(mine.note_later("here".to_owned(), 1).unwrap().result().unwrap(), 2);
        let hidden = mine.as_ref().call::<_, ()>("remember", &("x".to_owned(), 1)).unwrap_err();
        assert!(matches!(&hidden, ManagerError::Remote { why } if why.contains("remember")), "{hidden}");
        let panicked = mine.panics().unwrap_err();
        assert!(matches!(&panicked, ManagerError::Remote { why } if why.contains("on purpose")), "{panicked}");
        assert_eq!(mine.f().unwrap(), "f()", "a panic ends nothing else");
        let wrong = mine.as_ref().call::<_, usize>("note", &1u8).unwrap_err();
        assert!(matches!(wrong, ManagerError::Remote { .. }), "{wrong}");
        let stuck = mine.wait_for_ever_later().unwrap();
        assert_eq!(mine.f().unwrap(), "f()", "a method that runs for ever holds up no other");
        assert!(!stuck.done());
    }

    fn ended(manager: &Manager) -> Option<Exit> {
        manager.process().unwrap().exit_status().unwrap()
    }

    #[test]
    fn test_mymanager() {
        let mut manager = manager();
        common(&manager);
        manager.shutdown().unwrap();
        assert_eq!(ended(&manager), Some(Exit::Code(0)));
    }

    #[test]
    fn test_mymanager_context() {
        let process = {
            let manager = manager();
            common(&manager);
            manager.process().unwrap().clone()
        };
        assert_eq!(process.exit_status().unwrap(), Some(Exit::Code(0)));
    }

    #[test]
    fn test_mymanager_context_prestarted() {
        let manager = Manager::builder().name("mine").start().unwrap();
        let process = manager.process().unwrap().clone();
        assert_eq!(process.name(), "mine");
        common(&manager);
        drop(manager);
        assert_eq!(process.exit_status().unwrap(), Some(Exit::Code(0)));
    }

    /// Says when it is dropped.
    struct Drops(ganger::Connection);

    #[ganger::managed]
    impl Drops {
        pub(crate) fn new(tell: ganger::connection::Address) -> Self {
            Self(ganger::Client::new().connect(tell).unwrap())
        }
    }

    impl Drop for Drops {
        fn drop(&mut self) {
            self.0.send("dropped").unwrap();
        }
    }

    #[test]
    fn an_object_of_ones_own_is_dropped_with_its_last_proxy_or_with_the_server() {
        let listener = ganger::Listener::builder().bind_anywhere().unwrap();
        let mut manager = manager();
        let (one, two) = (
            DropsProxy::new(&manager, listener.address().clone()).unwrap(),
            DropsProxy::new(&manager, listener.address().clone()).unwrap(),
        );
        let (of_one, of_two) = (listener.accept().unwrap(), listener.accept().unwrap());
        drop(one);
        assert_eq!(of_one.recv::<String>().unwrap(), "dropped");
        assert!(!of_two.poll(Some(std::time::Duration::ZERO)).unwrap());
        manager.shutdown().unwrap();
        assert_eq!(of_two.recv::<String>().unwrap(), "dropped");
        drop(two);
    }

    #[test]
    fn an_object_of_ones_own_goes_to_other_processes() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let mine = FooBarProxy::new(&manager).unwrap();
            assert_eq!(away(method, use_foo, mine.clone()).join(), ("f()".to_owned(), 2));
            assert_eq!(mine.note("here".to_owned(), 1).unwrap(), 3);
        });
    }

    #[test]
    fn an_object_of_ones_own_keeps_the_proxies_that_it_is_given() {
        let manager = manager();
        let mine = FooBarProxy::new(&manager).unwrap();
        let list = manager.list().unwrap();
        assert!(mine.keep(list.clone()).unwrap().is_none());
        mine.push(7).unwrap();
        assert_eq!(list.to_vec().unwrap(), [7]);
        drop(list);
        mine.push(8).unwrap();
        let back = mine.keep(manager.list().unwrap()).unwrap().unwrap();
        assert_eq!(back.to_vec().unwrap(), [7, 8]);
    }
}

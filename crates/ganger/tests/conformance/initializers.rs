//! `TestInitializers`, of pools; `InitializerMixin`, `FailingInitializerMixin`, on processes and on threads;
//! `FailingInitializerResourcesTest`.

use std::cell::Cell;

use ganger::{Executor, StartMethod, TaskOptions};

use crate::support::eventually;

thread_local! {
    /// Each worker's own.
    static STATUS: Cell<u32> = const { Cell::new(0) };
}

#[ganger::task]
fn initialize(by: u32) {
    STATUS.set(STATUS.get() + by);
}

#[ganger::task]
fn status() -> u32 {
    STATUS.get()
}

#[ganger::task]
fn fail(why: String) -> Result<(), String> {
    Err(why)
}

/// An executor whose initializer fails: who waits is told why, and so is the next.
fn breaks(method: StartMethod) {
    let failing = crate::support::builder(method, 2).initializer(fail, "error in initializer".to_owned());
    let executor = crate::executors::over(failing.restart(crate::support::at_once()), method);
    let options = TaskOptions::new();
    match executor.pool().submit_with(&options, status, ()) {
        Ok(future) => assert!(future.exception().unwrap().to_string().contains("error in initializer")),
        Err(refused) => assert!(refused.error.pool_failure().is_some(), "{refused}"),
    }
    eventually("it takes no more", || executor.submit(status, ()).is_err());
    let refused = executor.submit(status, ()).unwrap_err();
    assert!(
        refused.error.pool_failure().is_some() && refused.to_string().contains("error in initializer"),
        "{refused}"
    );
}

mod test_initializers {
    use super::{initialize, status};
    use crate::support::{WORKERS, builder, on_each};
    use crate::tasks::nap;

    /// What is no task does not compile, or is refused.
    #[test]
    fn test_pool_initializer() {
        on_each(WORKERS, |method| {
            fn stranger(_: u32) {}
            stranger(1);
            assert!(builder(method, 1).initializer(stranger, 1).build().unwrap_err().is_unregistered());
            let pool = builder(method, 2).initializer(initialize, 1).build().unwrap();
            pool.map(nap, [1; 20]).unwrap();
            let seen: Vec<u32> = (0..20).map(|_| pool.apply(status, ()).unwrap()).collect();
            assert_eq!(seen, [1; 20], "once in each");
        });
    }
}

mod initializer_mixin {
    use ganger::Executor;

    use super::{initialize, status};
    use crate::away::BOTH;
    use crate::executors::over;
    use crate::support::{builder, on_each};

    #[test]
    fn test_initializer() {
        on_each(BOTH, |method| {
            let executor = over(builder(method, 2).initializer(initialize, 7), method);
            let futures: Vec<_> = (0..50).map(|_| executor.submit(status, ()).unwrap()).collect();
            assert!(futures.iter().all(|future| future.result().unwrap() == 7));
        });
    }
}

mod failing_initializer_mixin {
    use log::LevelFilter;

    use super::breaks;
    use crate::away::BOTH;
    use crate::support::keeper::{kept_with, logged};

    #[test]
    fn test_initializer() {
        logged("initializers::failing_initializer_mixin::test_initializer", LevelFilter::Warn, BOTH, |method| {
            breaks(method);
            kept_with(&["error in initializer"]);
        });
    }
}

mod failing_initializer_resources_test {
    use ganger::StartMethod;

    use super::breaks;
    use crate::support::alone::alone;
    use crate::support::eventually;
    use crate::support::process::Holdings;

    fn leaves_nothing(name: &str, method: StartMethod) {
        alone(name, |_| {
            breaks(method);
            let mut before = Holdings::now();
            eventually("a quiet process", || {
                let now = Holdings::now();
                std::mem::replace(&mut before, now.clone()) == now && now.children == 0 && now.threads <= 2
            });
            (0..3).for_each(|_| breaks(method));
            eventually(&format!("no more than before: {before:?}"), || Holdings::now() == before);
        });
    }

    #[test]
    fn test_spawn() {
        leaves_nothing("initializers::failing_initializer_resources_test::test_spawn", StartMethod::Spawn);
    }

    /// Python's fork server is the zygote.
    #[test]
    fn test_forkserver() {
        leaves_nothing("initializers::failing_initializer_resources_test::test_forkserver", StartMethod::Zygote);
    }
}

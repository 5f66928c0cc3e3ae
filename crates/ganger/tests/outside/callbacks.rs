//! Callbacks of futures: once each, in order, and without harm to anyone.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use ganger::TaskError;

use crate::support::{ALL, Gate, PATIENCE, PROCESSES, WORKERS, hold, on_each, pool};
use crate::tasks::{panics, square};

type Told<T> = Result<T, TaskError>;
type Callback<T> = Box<dyn FnOnce(Told<T>) + Send>;

fn teller<T: Send + 'static>() -> (impl Fn() -> Callback<T>, Receiver<Told<T>>) {
    let (tell, told): (Sender<Told<T>>, _) = channel();
    let make = move || -> Callback<T> {
        let tell = tell.clone();
        Box::new(move |outcome| tell.send(outcome).unwrap())
    };
    (make, told)
}

#[test]
fn a_callback_is_told_the_outcome_once() {
    on_each(ALL, |method| {
        let (pool, (callback, told)) = (pool(method, 1), teller());
        pool.submit(square, 3).unwrap().add_done_callback(callback());
        assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap(), 9);
        pool.submit(panics, 3).unwrap().add_done_callback(callback());
        assert!(told.recv_timeout(PATIENCE).unwrap().unwrap_err().panic().is_some());
        drop(callback);
        assert!(told.recv_timeout(PATIENCE).is_err(), "each is dropped after its call");
    });
}

#[test]
fn a_callback_that_comes_late_is_called_all_the_same() {
    on_each(ALL, |method| {
        let (pool, (callback, told)) = (pool(method, 1), teller());
        let future = pool.submit(square, 3).unwrap();
        future.result().unwrap();
        future.add_done_callback(callback());
        future.add_done_callback(callback());
        for _ in 0..2 {
            assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap(), 9);
        }
    });
}

#[test]
fn a_callback_is_told_of_a_cancel() {
    on_each(PROCESSES, |method| {
        let (pool, gate, (callback, told)) = (pool(method, 1), Gate::new(), teller());
        let future = pool.submit(hold, gate.path()).unwrap();
        future.add_done_callback(callback());
        gate.await_begun(1);
        future.cancel();
        assert!(told.recv_timeout(PATIENCE).unwrap().unwrap_err().is_cancelled());
        future.add_done_callback(callback());
        assert!(told.recv_timeout(PATIENCE).unwrap().unwrap_err().is_cancelled());
    });
}

#[test]
fn callbacks_are_called_in_the_order_in_which_they_were_added() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let future = pool.submit(hold, gate.path()).unwrap();
        let (tell, told) = channel();
        for number in 0..20 {
            let tell = tell.clone();
            future.add_done_callback(move |_| tell.send(number).unwrap());
        }
        drop(tell);
        gate.open();
        assert_eq!(told.iter().collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn a_callback_that_panics_harms_nobody() {
    on_each(ALL, |method| {
        let (pool, (callback, told)) = (pool(method, 1), teller());
        let future = pool.submit(square, 3).unwrap();
        future.add_done_callback(|_| panic!("as this test wants it"));
        future.add_done_callback(callback());
        assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap(), 9);
        future.add_done_callback(|_| panic!("as this test wants it"));
        assert_eq!(pool.apply(square, 4).unwrap(), 16);
    });
}

#[test]
fn a_callback_may_use_the_pool() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        let (tell, told) = channel();
        let handle = pool.clone();
        pool.submit(square, 3).unwrap().add_done_callback(move |nine| {
            let squared = handle.apply(square, nine.unwrap());
            handle.close();
            tell.send(squared).unwrap();
        });
        assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap(), 81);
        pool.join(None).unwrap();
    });
}

#[test]
fn a_callback_that_has_the_last_handle_may_drop_it() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        let (tell, told) = channel();
        let future = pool.submit(square, 3).unwrap();
        future.add_done_callback(move |_| {
            drop(pool);
            tell.send(()).unwrap();
        });
        told.recv_timeout(PATIENCE).unwrap();
        assert_eq!(future.result().unwrap(), 9);
    });
}

#[test]
fn a_callback_that_blocks_holds_up_no_result() {
    on_each(WORKERS, |method| {
        let pool = pool(method, 1);
        let (release, blocked) = channel::<()>();
        pool.submit(square, 3).unwrap().add_done_callback(move |_| blocked.recv_timeout(PATIENCE).unwrap());
        for n in 0..100 {
            assert_eq!(pool.submit(square, n).unwrap().result_timeout(PATIENCE).unwrap(), n * n);
        }
        release.send(()).unwrap();
        pool.close();
        pool.join(Some(Duration::MAX)).unwrap();
    });
}

//! Tasks that run elsewhere: here in the workers of another pool, which is called by name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread;

use ganger::remote::{Call, Promise, Remote};
use ganger::{Error, Executor, Outcome, Pool, Report, Reports, TaskId, TaskOptions, Wait, Waiting, as_completed};

use crate::support::{Gate, PATIENCE, bounded, hold};
use crate::tasks::{add, fails, kills, panics, square};

/// The other side, in this process.
struct Loop {
    pool: Pool,
    reports: Reports,
    open: Mutex<HashMap<TaskId, Promise>>,
}

impl Loop {
    fn start(workers: usize) -> Arc<Self> {
        let pool = Pool::builder().workers(workers).for_calls().build().unwrap();
        let this = Arc::new(Self { pool, reports: Reports::new(1 << 20), open: Mutex::default() });
        let served = Arc::downgrade(&this);
        thread::spawn(move || {
            while let Some(this) = served.upgrade() {
                this.tell();
            }
        });
        this
    }

    fn tell(&self) {
        if let Some(Report::Ended { task, attempts, outcome, .. }) = self.reports.recv(Some(PATIENCE / 100)) {
            let promise = self.open.lock().unwrap().remove(&task).unwrap();
            // As over a wire.
            let bytes = ganger::remote::encode(&outcome);
            promise.keep(ganger::remote::decode(&bytes).unwrap(), attempts, None);
        }
    }
}

impl Remote for Loop {
    fn submit(&self, call: Call, promise: Promise) -> Result<(), Error> {
        let mut open = self.open.lock().unwrap();
        let task = self.pool.submit_call(&call, &TaskOptions::new().crash_attempts(2), &self.reports)?;
        open.insert(task, promise);
        Ok(())
    }

    fn cancel(&self, task: u64) {
        let open = self.open.lock().unwrap();
        open.iter().filter(|(_, promise)| promise.task() == task).for_each(|(task, _)| self.pool.cancel(*task));
    }

    fn close(&self, waiting: Waiting) {
        if waiting == Waiting::Cancel {
            self.pool.interrupt();
        }
    }
}

struct Elsewhere {
    pool: Pool,
}

impl Executor for Elsewhere {
    fn pool(&self) -> &Pool {
        &self.pool
    }
}

fn elsewhere(workers: usize) -> Elsewhere {
    Elsewhere { pool: Pool::builder().workers(workers).elsewhere(Loop::start(workers)).unwrap() }
}

#[test]
fn what_runs_elsewhere_ends_as_it_does_here() {
    bounded("elsewhere", || {
        let executor = elsewhere(2);
        assert_eq!(executor.submit(add, (2, 3)).unwrap().result().unwrap(), 5);
        assert_eq!(executor.submit(fails, 3).unwrap().result().unwrap(), Err("no threes".to_owned()));
        let error = executor.submit(panics, 3).unwrap().result().unwrap_err();
        assert!(error.panic().is_some(), "{error}");
        let error = executor.submit(kills, 3).unwrap().result().unwrap_err();
        assert_eq!(error.crashes().map(<[_]>::len), Some(2), "{error}");
        assert_eq!(as_completed((0..9).map(|n| executor.submit(square, n).unwrap())).count(), 9);
    });
}

#[test]
fn a_map_elsewhere_has_its_results_and_errors_in_their_places() {
    bounded("elsewhere", || {
        let executor = elsewhere(2);
        let squares: Vec<u64> = executor.map(square, 0..100).unwrap().map(Result::unwrap).collect();
        assert_eq!(squares, (0..100).map(|n| n * n).collect::<Vec<_>>());
        let packed = executor.pool.imap(square, 0..100).unwrap().chunk_size(7).map(Result::unwrap).sum::<u64>();
        assert_eq!(packed, squares.iter().sum::<u64>());
        let results: Vec<_> = executor.map(fails, 2..5).unwrap().map(Result::unwrap).collect();
        assert_eq!(results, [Ok(2), Err("no threes".to_owned()), Ok(4)]);
        let panicked: Vec<_> = executor.pool.imap_unordered(panics, 3..4).unwrap().collect();
        assert!(panicked[0].as_ref().unwrap_err().task().unwrap().panic().is_some());
    });
}

#[test]
fn what_is_cancelled_elsewhere_is_told() {
    bounded("elsewhere", || {
        let (executor, gate) = (elsewhere(1), Gate::new());
        let futures: Vec<_> = (0..3).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
        gate.await_begun(1);
        assert!(futures.iter().all(|future| future.cancel()));
        assert!(futures.iter().all(|future| future.result().unwrap_err().is_cancelled()));
        assert_eq!(executor.submit(square, 2).unwrap().result().unwrap(), 4);
        executor.shutdown(Wait::ForAll, Waiting::Run);
        assert_eq!(executor.pool.pending(), 0);
        assert!(executor.submit(add, (1, 1)).unwrap_err().error.is_closed());
    });
}

#[test]
fn what_waits_for_a_future_elsewhere_is_woken_and_called() {
    bounded("elsewhere", || {
        let (executor, (told, heard)) = (elsewhere(1), std::sync::mpsc::channel());
        let future = executor.submit(square, 7).unwrap();
        future.add_done_callback(move |result| told.send(result.unwrap()).unwrap());
        assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), 49);
        let (promise, future) = executor.pool.promise::<u64>("picked up").unwrap();
        assert!(!future.done() && future.remote_task() == Some(promise.task()));
        drop(promise);
        assert!(future.result().unwrap_err().to_string().starts_with("picked up was cancelled"));
    });
}

#[test]
fn nobody_is_called_by_a_name_or_a_type_that_is_not_its_own() {
    bounded("elsewhere", || {
        let (pool, reports) = (Pool::builder().workers(1).for_calls().build().unwrap(), Reports::new(1 << 20));
        let told = |function: &str, signature: &str, args: &[u8]| {
            let call = Call::named(function, signature, false, args.to_vec());
            pool.submit_call(&call, &TaskOptions::new(), &reports).unwrap();
            match reports.recv(Some(PATIENCE)) {
                Some(Report::Ended { outcome, .. }) => outcome,
                other => panic!("{other:?}"),
            }
        };
        let name = format!("{}::square", module_path!().replace("elsewhere", "tasks"));
        let refused = |outcome: Outcome, words: &[&str]| {
            let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
            assert!(words.iter().all(|word| failure.message.contains(word)), "{}", failure.message);
        };
        refused(told("outside::square", "", &[]), &["registers no outside::square", &name]);
        refused(told(&name, "fn(u8) -> u8", &[1]), &[&name, "u64", "u8", "same sources"]);
        refused(told(&name, "", &[1]), &["cannot decode u64"]);
        assert_eq!(told(&name, "", &3_u64.to_le_bytes()), Outcome::Returned(9_u64.to_le_bytes().to_vec()));
    });
}

#[test]
fn what_only_a_pool_of_ones_own_can_give_is_refused() {
    let executor = elsewhere(1);
    let error = executor.pool.share(7).map(drop).unwrap_err();
    assert!(error.to_string().contains("run elsewhere"), "{error}");
    assert!(Pool::new(1).unwrap().promise::<u64>("x").is_err());
}

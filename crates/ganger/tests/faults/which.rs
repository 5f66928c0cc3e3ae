//! Which worker, which task, which attempt, how often: and nobody else.

use ganger::testing::{Deed, Fault, Point, counts, workers};
use ganger::{Pool, TaskOptions};

use crate::bench::{Diary, PROCESSES, builder, end, outcome, square};

#[test]
fn only_that_attempt_of_that_task_is_struck() {
    for method in PROCESSES {
        let plan = [Fault::kill(Point::Begin).task(2).attempt(2), Fault::kill(Point::Write).task(2)];
        let (pool, diary) = (builder(method, plan).build().unwrap(), Diary::new());
        let futures: Vec<_> = (1..=4).map(|n| diary.submit(&pool, n)).collect();
        for (n, future) in (1..).zip(&futures) {
            assert_eq!(outcome("which", future).unwrap(), n * n);
        }
        assert_eq!([1, 2, 3, 4].map(|n| diary.runs(n)), [1, 2, 1, 1], "the second attempt did not come to run");
        let counts = counts(&pool);
        assert_eq!((counts.deaths, counts.returned), (2, 4));
        end("which", pool);
    }
}

#[test]
fn only_the_worker_in_that_slot_is_struck() {
    for method in PROCESSES {
        let pool = builder(method, [Fault::exit(7, Point::Begin).worker(2).any_attempt().times(2)]).build().unwrap();
        while counts(&pool).deaths < 2 {
            assert_eq!(pool.map(square, 0..50).unwrap()[49], 49 * 49);
        }
        assert_eq!(pool.map(square, 0..50).unwrap()[49], 49 * 49);
        let restarts: Vec<u32> = workers(&pool).iter().map(|worker| worker.restarts).collect();
        assert_eq!(restarts, [0, 2]);
        end("slot", pool);
    }
}

#[test]
fn a_fault_in_a_task_that_is_taken_back_strikes_where_the_task_goes() {
    for method in PROCESSES {
        let plan = [Fault::stop(Point::Begin).task(1), Fault::exit(9, Point::Begin).task(8).any_attempt().always()];
        let pool = builder(method, plan).build().unwrap();
        let hung = pool.submit(square, 1).unwrap();
        let futures: Vec<_> = (2..=12).map(|n| pool.submit(square, n).unwrap()).collect();
        for (n, future) in (2..).zip(&futures) {
            let result = outcome("taken back", future);
            assert!(
                if n == 8 { result.unwrap_err().crashes().is_some() } else { result.unwrap() == n * n },
                "task {n}"
            );
        }
        assert!(hung.cancel());
        end("taken back", pool);
    }
}

#[test]
fn a_large_result_is_cut_in_the_middle_and_made_anew() {
    #[ganger::task]
    fn zeroes(len: usize) -> ganger::Bytes {
        vec![0; len].into()
    }
    for method in PROCESSES {
        for point in [Point::Write, Point::Written] {
            let pool = builder(method, [Fault::kill(point).task(1)]).build().unwrap();
            assert_eq!(pool.apply(zeroes, 32 << 20).unwrap().len(), 32 << 20);
            assert_eq!(counts(&pool).returned, 1);
            end("large", pool);
        }
    }
}

#[test]
fn a_thread_can_be_made_to_panic_in_its_task() {
    let pool = builder(ganger::StartMethod::Thread, [Fault::panic(Point::Begin).task(2)]).reap_orphans(false);
    let pool = pool.task_defaults(TaskOptions::new().failure_attempts(2)).build().unwrap();
    let squares: Vec<u64> = (1..=3).map(|n| pool.apply(square, n).unwrap()).collect();
    assert_eq!(squares, [1, 4, 9]);
    end("thread", pool);
}

#[test]
fn a_pool_with_no_plan_has_none() {
    let pool = Pool::builder().workers(1).faults([Deed::Kill.at(Point::Begin).pool("another")]).build().unwrap();
    assert_eq!(pool.apply(square, 3).unwrap(), 9);
    assert_eq!(counts(&pool).deaths, 0);
}

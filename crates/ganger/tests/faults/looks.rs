//! What a test sees of a pool.

use ganger::testing::{Fault, Point, WorkerState, counts, eventually, workers};

use crate::bench::{PATIENCE, PROCESSES, builder, end, outcome, square};

#[test]
fn a_worker_is_seen_in_its_task_and_its_replacement_after_it() {
    for method in PROCESSES {
        let pool = builder(method, [Fault::stop(Point::Begin).task(1)]).build().unwrap();
        let hung = pool.submit(square, 1).unwrap();
        eventually(PATIENCE, || workers(&pool).iter().any(|worker| worker.task.is_some())).unwrap();
        let struck = *workers(&pool).iter().find(|worker| worker.task.is_some()).unwrap();
        assert_eq!((struck.state, struck.restarts), (WorkerState::Busy, 0));
        assert!(hung.cancel() && outcome("looks", &hung).unwrap_err().is_cancelled());
        let replaced = || workers(&pool).iter().any(|worker| worker.slot == struck.slot && worker.restarts == 1);
        eventually(PATIENCE, || replaced() && workers(&pool).iter().all(|worker| worker.state == WorkerState::Idle))
            .unwrap();
        let counts = counts(&pool);
        assert_eq!((counts.cancelled, counts.settled(), counts.restarts()), (1, 1, 1));
        end("looks", pool);
    }
}

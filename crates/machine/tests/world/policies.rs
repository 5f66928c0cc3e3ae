//! Random policies.

use std::time::Duration;

use ganger_proto::policy::{Backoff, PoolPolicy, Prefetch, Recycle, Restart, TaskPolicy};

use crate::step::Chance;

pub(crate) fn pool(chance: &mut Chance) -> PoolPolicy {
    PoolPolicy {
        workers: 1 + chance.below(4) as u32,
        eager: chance.one_in(2),
        start_timeout: Duration::from_secs(1),
        grace: Duration::from_millis(500),
        restart: Restart {
            healthy_after: Duration::from_millis(5),
            backoff: Backoff { first: Duration::from_millis(1), max: Duration::from_millis(20), jitter: 0.25 },
            intensity: if chance.one_in(4) { 1 } else { 100 },
            window: Duration::from_secs(10),
        },
        init_failures: 3,
        recycle: Recycle {
            after_tasks: chance.one_in(3).then(|| 1 + chance.below(4) as u32),
            jitter: chance.below(3) as u32,
            memory: chance.one_in(3).then_some(100),
        },
        prefetch: Prefetch { most: [1, 2, 4, 512][chance.below(4) as usize], ..Prefetch::default() },
        can_kill: !chance.one_in(6),
    }
}

pub(crate) fn task(chance: &mut Chance) -> TaskPolicy {
    let limit = |chance: &mut Chance| chance.one_in(4).then(|| Duration::from_micros(200 + chance.below(5000)));
    let pause = if chance.one_in(2) { Duration::ZERO } else { Duration::from_micros(300) };
    TaskPolicy {
        priority: if chance.one_in(3) { chance.below(5) as i32 - 2 } else { 0 },
        crash_attempts: 1 + chance.below(3) as u32,
        failure_attempts: 1 + chance.below(3) as u32,
        backoff: Backoff { first: pause, max: pause * 4, jitter: 0.5 },
        soft_timeout: limit(chance),
        timeout: limit(chance),
    }
}

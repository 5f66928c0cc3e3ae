//! A manager whose clients are killed at any moment: what they held comes free, what they wrote is whole, and it goes on.

use ganger::Process;
use ganger::manager::{DictProxy, LockProxy, Manager, QueueProxy};

use super::{Act, Round};
use crate::PATIENCE;

pub(super) const ACT: Act = Act { name: "managers", prepare, round };

/// The thread and the zygote that processes come from stay as long as this program.
fn prepare() {
    let first = Process::new(nothing, ()).expect("a process");
    first.start().expect("a process");
    first.join(Some(PATIENCE)).expect("its end");
    drop(Manager::start().expect("a manager"));
}

#[ganger::task]
fn nothing() {}

/// Longer than a packet, and it says of itself whether it is whole.
fn sealed(n: u64) -> Vec<u64> {
    vec![n; 10_000]
}

#[ganger::task]
fn use_manager(dict: DictProxy<u64, Vec<u64>>, lock: LockProxy, queue: QueueProxy<u64>, own: u64) {
    for n in 0.. {
        let guard = lock.lock().expect("the manager lives");
        dict.insert(&own, &sealed(n)).expect("the manager lives");
        drop(guard);
        queue.put(&n).expect("the manager lives");
        queue.get().expect("the manager lives");
    }
}

fn round(round: &mut Round<'_>) {
    let manager = Manager::start().expect("a manager");
    let dict = manager.dict::<u64, Vec<u64>>().expect("a dict");
    let (lock, queue) = (manager.lock().expect("a lock"), manager.queue::<u64>(64).expect("a queue"));
    let begin = |own: u64| {
        let process = Process::new(use_manager, (dict.clone(), lock.clone(), queue.clone(), own)).expect("a process");
        process.start().expect("a process");
        process
    };
    let mut clients: Vec<Process> = (0..4).map(begin).collect();
    let kills = round.some(100);
    for kill in 0..kills {
        round.chance.moment(std::time::Duration::from_millis(10));
        assert!(lock.lock_timeout(PATIENCE).expect("the manager lives").is_some(), "what the dead held comes free");
        let at = round.chance.below(clients.len());
        let victim = std::mem::replace(&mut clients[at], begin(4 + kill as u64));
        assert_eq!(victim.exit_status().expect("a status"), None, "nobody ends by another's death");
        victim.kill().expect("a process");
        victim.join(Some(PATIENCE)).expect("its end");
    }
    for client in &clients {
        client.kill().expect("a process");
        client.join(Some(PATIENCE)).expect("its end");
    }
    for (own, written) in dict.items().expect("the manager lives") {
        assert!(written.first().is_some_and(|n| written == sealed(*n)), "what client {own} wrote is torn");
    }
    round.tally.kills(kills + clients.len());
    round.tally.restarts(kills as u64);
    round.tally.tasks(kills);
}

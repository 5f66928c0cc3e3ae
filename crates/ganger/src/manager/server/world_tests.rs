//! Worlds of random calls, cancellations and deaths: each call has one answer, and nobody is left where he is not.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::super::protocol::{
    BarrierCall, Call, CallId, ConditionCall, Encoded, EventCall, Item, LockCall, ObjectId, QueueCall, Request, SERVER,
    SemaphoreCall, ServerCall,
};
use super::*;

/// So many worlds, each of so many steps.
const WORLDS: u64 = 300;
const STEPS: u64 = 400;

/// What others would be found to be in the end.
struct Play {
    world: World,
    random: u64,
    clients: Vec<ClientId>,
    objects: Vec<ObjectId>,
    /// Calls without an answer.
    open: BTreeSet<(ClientId, CallId)>,
    calls: u64,
}

impl Play {
    fn new(seed: u64) -> Self {
        let (clients, objects, open) = Default::default();
        let mut play = Self { world: World::default(), random: seed, clients, objects, open, calls: 0 };
        (0..3).for_each(|_| play.joins());
        let specs = [
            Spec::Queue { limit: 2, joinable: true },
            Spec::Queue { limit: 1, joinable: false },
            Spec::Lock { recursive: false },
            Spec::Lock { recursive: true },
            Spec::Semaphore { value: 1, bounded: true },
            Spec::Condition { lock: None },
            Spec::Barrier { parties: 2 },
            Spec::Event,
        ];
        specs.into_iter().for_each(|spec| play.creates(spec));
        play
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let place = self.random(all.len() as u64);
        all[usize::try_from(place).expect("it is less than their number")]
    }

    fn joins(&mut self) {
        let client = self.world.join();
        self.clients.push(client);
        // Each keeps all objects.
        let adopt = |object: &ObjectId| Request::Adopt { object: *object };
        let adopted: Vec<Request> = self.objects.iter().map(adopt).collect();
        adopted.into_iter().for_each(|request| self.says(client, request));
    }

    fn creates(&mut self, spec: Spec) {
        let client = self.clients[0];
        let object = ObjectId(self.objects.len() as u64 + 1);
        self.calls(client, SERVER, Call::Server(ServerCall::Create(spec)));
        self.objects.push(object);
        let others: Vec<ClientId> = self.clients[1..].to_vec();
        others.into_iter().for_each(|client| self.says(client, Request::Adopt { object }));
    }

    fn says(&mut self, client: ClientId, request: Request) {
        let mut deeds = Deeds::default();
        self.world.on(client, request, &mut deeds);
        self.takes(deeds);
    }

    fn calls(&mut self, client: ClientId, object: ObjectId, call: Call) {
        self.calls += 1;
        let (id, thread) = (CallId(self.calls), self.random(2));
        self.open.insert((client, id));
        self.says(client, Request::Call { id, thread, object, call });
    }

    /// Each answer is to an open call, and closes it.
    fn takes(&mut self, deeds: Deeds) {
        for Answered { caller, .. } in &deeds.answered {
            assert!(self.open.remove(&(caller.client, caller.call)), "answered twice, or one who is gone: {caller:?}");
        }
    }

    fn dies(&mut self, client: ClientId) {
        self.clients.retain(|other| *other != client);
        self.open.retain(|(caller, _)| *caller != client);
        let mut deeds = Deeds::default();
        self.world.forget(client, &mut deeds);
        self.takes(deeds);
    }

    fn steps(&mut self) {
        let clients = self.clients.clone();
        let client = self.one_of(&clients);
        match self.random(20) {
            0 => {
                self.joins();
                self.dies(client);
            }
            1..4 => {
                let open: Vec<CallId> = self.open.iter().filter(|call| call.0 == client).map(|call| call.1).collect();
                if !open.is_empty() {
                    let id = self.one_of(&open);
                    self.says(client, Request::Cancel { id });
                }
            }
            _ => {
                let (object, call) = self.some_call();
                self.calls(client, object, call);
            }
        }
    }

    fn some_call(&mut self) -> (ObjectId, Call) {
        let (object, what, wait) = (self.random(8), self.random(5), self.random(2) == 0);
        let lock = if what < 3 { LockCall::Acquire { wait } } else { LockCall::Release };
        let call = match object {
            0 | 1 => Call::Queue(match what {
                0 | 1 => QueueCall::Put { item: Item { bytes: Encoded(Arc::from([7])), refs: vec![] }, wait },
                2 => QueueCall::Get { wait },
                3 => QueueCall::TaskDone,
                _ => QueueCall::Join,
            }),
            2 | 3 => Call::Lock(lock),
            4 => Call::Semaphore(if what < 3 {
                SemaphoreCall::Acquire { wait }
            } else {
                SemaphoreCall::Release { count: 1 }
            }),
            5 => Call::Condition(match what {
                0 | 1 => ConditionCall::Lock(LockCall::Acquire { wait }),
                2 => ConditionCall::Wait,
                3 => ConditionCall::Notify { count: 1 },
                _ => ConditionCall::Lock(LockCall::Release),
            }),
            6 => Call::Barrier(if what < 4 { BarrierCall::Wait } else { BarrierCall::Reset }),
            _ => Call::Event(match what {
                0 | 1 => EventCall::Wait,
                2 => EventCall::Set,
                _ => EventCall::Clear,
            }),
        };
        (ObjectId(object + 1), call)
    }

    /// What is parked is what is open; and it ends with its clients.
    fn ends(mut self) {
        let parked: BTreeSet<(ClientId, CallId)> = self.world.parked.keys().copied().collect();
        assert_eq!(parked, self.open, "a call is parked or answered");
        while let Some(client) = self.clients.first().copied() {
            self.dies(client);
        }
        assert!(self.world.parked.is_empty() && self.open.is_empty() && self.world.clients.is_empty());
        assert!(self.world.objects.is_empty(), "nobody keeps them");
    }
}

#[test]
fn each_call_has_one_answer_and_the_dead_are_nowhere() {
    for seed in 0..WORLDS {
        let mut play = Play::new(seed);
        (0..STEPS).for_each(|_| play.steps());
        play.ends();
    }
}

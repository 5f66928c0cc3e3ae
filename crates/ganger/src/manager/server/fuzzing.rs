//! Clients that say anything: the body of a fuzz target.

use std::collections::BTreeSet;

use ganger_proto::codec;

use super::super::protocol::{Call, CallId, Request, ServerCall};
use super::turn::ClientId;
use super::world::{Deeds, World};

/// No more clients at a time.
const CLIENTS: usize = 3;

/// Requests of clients, as their encoded bytes: each behind a byte that says whose it is, and one for its length. A call is
/// answered once, or not as long as it waits; who is gone is nowhere.
pub fn clients(mut bytes: &[u8]) {
    let mut play = Play::default();
    (0..CLIENTS).for_each(|_| play.joins());
    while let Some(([who, length], rest)) = bytes.split_first_chunk() {
        let (request, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        bytes = rest;
        match codec::decode::<Request>(request, 1 << 20) {
            // Memory with a name is the system's matter, and anybody's to fill.
            Ok(Request::Call { call: Call::Server(ServerCall::Memory { .. }), .. }) => {}
            Ok(request) => play.says(usize::from(*who) % CLIENTS, request),
            // As one who is hung up on.
            Err(_) => play.leaves(usize::from(*who) % CLIENTS),
        }
    }
    play.ends();
}

#[derive(Default)]
struct Play {
    world: World,
    clients: Vec<ClientId>,
    /// Calls without an answer.
    open: BTreeSet<(ClientId, CallId)>,
}

impl Play {
    fn joins(&mut self) {
        let client = self.world.join();
        self.clients.push(client);
    }

    fn says(&mut self, who: usize, request: Request) {
        let client = self.clients[who];
        if let Request::Call { id, .. } = &request {
            // Who gives a number to two calls at a time is answered, but does not know for which.
            if !self.open.insert((client, *id)) {
                return;
            }
        }
        let mut deeds = Deeds::default();
        self.world.on(client, request, &mut deeds);
        self.takes(deeds);
    }

    fn takes(&mut self, mut deeds: Deeds) {
        // A call of user code has its answer from there.
        if let Some(job) = deeds.job.take() {
            self.open.remove(&(job.caller().client, job.caller().call));
        }
        for answered in &deeds.answered {
            let call = (answered.caller.client, answered.caller.call);
            assert!(self.open.remove(&call), "answered twice, or one who is gone: {call:?}");
        }
    }

    fn forgets(&mut self, client: ClientId) {
        self.open.retain(|(caller, _)| *caller != client);
        let mut deeds = Deeds::default();
        self.world.forget(client, &mut deeds);
        self.takes(deeds);
    }

    fn leaves(&mut self, who: usize) {
        let client = self.clients.swap_remove(who);
        self.forgets(client);
        self.joins();
    }

    fn ends(mut self) {
        while let Some(client) = self.clients.pop() {
            self.forgets(client);
        }
        assert!(self.open.is_empty(), "calls of nobody: {:?}", self.open);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn clients_may_say_anything() {
        ganger_corpus::replay("clients", super::clients);
    }
}

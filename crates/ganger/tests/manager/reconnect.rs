//! Connections that are lost while both sides live.

use std::io::copy;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use ganger::connection::Address;
use ganger::manager::{Manager, ManagerError, QueueProxy};

use crate::deadline::{bounded, eventually};
use crate::over_tcp;

/// A cable between client and server that can be cut.
struct Cable {
    address: SocketAddr,
    ends: Arc<Mutex<Vec<TcpStream>>>,
}

impl Cable {
    fn to(server: &Address) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (address, server, ends) = (listener.local_addr().unwrap(), server.to_string(), Arc::default());
        let cable = Self { address, ends };
        let ends = Arc::clone(&cable.ends);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&server).unwrap();
                for (mut from, mut to) in [(&client, &server), (&server, &client)].map(both) {
                    thread::spawn(move || copy(&mut from, &mut to));
                }
                ends.lock().unwrap().extend([client, server]);
            }
        });
        cable
    }

    fn cut(&self) {
        self.ends.lock().unwrap().drain(..).for_each(|end| end.shutdown(Shutdown::Both).unwrap_or_default());
    }
}

fn both((from, to): (&TcpStream, &TcpStream)) -> (TcpStream, TcpStream) {
    (from.try_clone().unwrap(), to.try_clone().unwrap())
}

#[test]
fn a_lost_connection_is_made_anew() {
    bounded("a lost connection", || {
        let manager = over_tcp();
        let cable = Cable::to(manager.address());
        let remote = Manager::connect(cable.address, "sesame").unwrap();
        let (list, lock) = (remote.list().unwrap(), remote.lock().unwrap());
        manager.publish("lock", &manager.rlock().unwrap()).unwrap();
        list.push(&1).unwrap();
        manager.publish("list", &manager.list::<u8>().unwrap()).unwrap();
        remote.publish("mine", &list).unwrap();
        remote.publish("my lock", &lock).unwrap();
        let guard = lock.lock().unwrap();
        assert!(lock.locked().unwrap());
        cable.cut();
        eventually("the server has released what was held", || {
            let here: ganger::manager::LockProxy = manager.find("my lock").unwrap();
            !here.locked().unwrap()
        });
        // The first call may have been sent before the loss was seen.
        let pushed = (0..2).map(|_| list.push(&2)).find(|pushed| !matches!(pushed, Err(ManagerError::Interrupted)));
        pushed.unwrap().unwrap();
        assert!(list.to_vec().unwrap().ends_with(&[2]));
        drop(guard);
    });
}

#[test]
fn a_call_that_waits_is_told_that_its_connection_was_lost() {
    bounded("an interrupted call", || {
        let manager = over_tcp();
        let cable = Cable::to(manager.address());
        let remote = Manager::connect(cable.address, "sesame").unwrap();
        let here = manager.queue::<u8>(0).unwrap();
        manager.publish("queue", &here).unwrap();
        let queue: QueueProxy<u8> = remote.find("queue").unwrap();
        let waiting = queue.get_later().unwrap();
        assert_eq!(queue.len().unwrap(), 0);
        cable.cut();
        assert!(matches!(waiting.result(), Err(ManagerError::Interrupted)));
        here.put(&5).unwrap();
        assert_eq!(queue.get().unwrap(), 5, "who was lost takes nothing along");
    });
}

#[test]
fn an_object_that_nobody_else_had_is_gone_after_a_loss_and_that_is_told() {
    bounded("a lost object", || {
        let manager = over_tcp();
        let cable = Cable::to(manager.address());
        let remote = Manager::connect(cable.address, "sesame").unwrap();
        let mine = remote.list::<u8>().unwrap();
        mine.push(&1).unwrap();
        cable.cut();
        eventually("the server has forgotten it", || manager.number_of_objects().unwrap() == 0);
        // The first call may have been sent before the loss was seen.
        assert!(mine.len().is_err());
        let told = mine.len().unwrap_err();
        assert!(matches!(told, ManagerError::NoObject), "{told}");
    });
}

//! A process for which the program is executed: `StartMethod::Spawn`.
//!
//! The thread that lives as long as this process executes it; the rest happens in the caller, so that many can start at a
//! time.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use ganger_proto::{WorkerId, codec};
use ganger_sys::{Child, Socket, wait_readable};

use crate::bootstrap::{Control, Freight, Order, PACKET, Solo};
use crate::engine::settings::Settings;
use crate::engine::zygote::{greet, unless_gone};
use crate::error::Error;
use crate::exit::translated;
use crate::process::launcher::{self, unfit};
use crate::title;

/// How long the end of a program that has hung up may take.
const LAST_WAIT: Duration = Duration::from_millis(200);

pub(super) fn start(settings: &Settings, solo: Solo, freight: &Freight, patience: Duration) -> Result<Child, Error> {
    let deadline = Instant::now() + patience;
    let title = title::of_process(&solo.name);
    let (mut child, socket, server) = launcher::exec(settings, title)?;
    let mut packet = [0; PACKET];
    let hello = hear(&socket, &mut packet, deadline).map_err(|why| unfit(settings, &why))?;
    let Some(hello) = hello else { return Err(unfit(settings, &silent_end(&mut child))) };
    let line = greet(hello, server, &settings.role).map_err(|why| unfit(settings, &why))?;
    let told = unless_gone(line.send(Control::Solo)).and_then(|()| send(&socket, solo, freight, deadline));
    told.map(|()| child).map_err(|error| launcher::not_started(settings, error))
}

/// Its first packet; none: it has hung up, or says nothing.
fn hear<'a>(socket: &Socket, packet: &'a mut [u8], deadline: Instant) -> Result<Option<&'a [u8]>, String> {
    match socket.recv(packet, 0, Some(deadline)) {
        Ok(heard) => Ok(heard.map(|(length, _)| &packet[..length])),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn silent_end(child: &mut Child) -> String {
    // What has closed its stdin and goes on is as little of use as what has ended.
    let _ = wait_readable([child.as_fd()], Some(LAST_WAIT));
    match child.try_wait() {
        Ok(Some(exit)) => launcher::ended(translated(exit)),
        Ok(None) | Err(_) => launcher::SILENT.to_owned(),
    }
}

fn send(socket: &Socket, solo: Solo, freight: &Freight, deadline: Instant) -> io::Result<()> {
    // Nobody answers, so nobody is named.
    let order = Order::Solo { id: WorkerId::new(0, 0), solo };
    let packet = codec::encode(&order, PACKET as u64).map_err(io::Error::other)?;
    unless_gone(socket.send(&packet, &freight.fds(), Some(deadline)))
}

//! The door for signals from outside: here they become values. The one file that names `signal_hook`.
//!
//! ```text
//!  kernel ─► handler (writes the number, one byte, into a pipe) ─► Door: poll its descriptor, then take()
//! ```
//!
//! A process may have many doors, one after the other or at once: each hears every signal that it has claimed.
//!
//! The handler, once installed, stays for good: signal-hook never takes one back, and another door could use it. What
//! gives a signal its default back when its last door is dropped is an action that stays as well, and does what the
//! default would do (end this process, by that very signal) whenever no door is open for it.
//!
//! A Ctrl-C, a Ctrl-\ or a hang-up that was ignored when the first door was opened stays ignored: this is how `nohup`
//! and a shell that runs a script in the background keep the terminal's signals away.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::SigId;
use signal_hook::low_level::{emulate_default_handler, register, unregister};

use crate::Signal;
use crate::errno::check;

/// Room for every signal that has a name.
const SIGNALS: usize = 32;

/// How many doors are open for each signal. Read by the handler, so no lock.
static OPEN: [AtomicUsize; SIGNALS] = [const { AtomicUsize::new(0) }; SIGNALS];

/// Which signals have an action that stands in for the default.
static STANDING_IN: Mutex<[bool; SIGNALS]> = Mutex::new([false; SIGNALS]);

/// Hears signals as long as it lives.
#[derive(Debug)]
pub struct Door {
    inside: UnixStream,
    /// Held for the handlers, which write to it by number.
    outside: Arc<UnixStream>,
    claimed: Vec<(Signal, SigId)>,
}

impl Door {
    /// Claims `signals`: from now on they do nothing but to be told by [`take`](Self::take).
    ///
    /// # Errors
    /// When one cannot be claimed (`Kill`, `Stop`, and the four that tell a fault), or there are no descriptors left.
    pub fn open(signals: &[Signal]) -> io::Result<Self> {
        let (inside, outside) = UnixStream::pair()?;
        inside.set_nonblocking(true)?;
        outside.set_nonblocking(true)?;
        let mut door = Self { inside, outside: Arc::new(outside), claimed: Vec::new() };
        for &signal in signals {
            door.claim(signal)?;
        }
        Ok(door)
    }

    /// Which signals have come since the last call, in order. After it, the descriptor is silent.
    #[must_use]
    pub fn take(&self) -> Vec<Signal> {
        let mut taken = Vec::new();
        let mut bytes = [0; 64];
        while let Ok(n @ 1..) = (&self.inside).read(&mut bytes) {
            taken.extend(bytes[..n].iter().filter_map(|b| Signal::from_number((*b).into())));
        }
        taken
    }

    fn claim(&mut self, signal: Signal) -> io::Result<()> {
        if !signal_is_claimable(signal) {
            let text = format!("{signal} cannot be claimed: it must end or stop the process");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        if let Signal::Int | Signal::Quit | Signal::Hup = signal
            && ignored(signal)?
        {
            return Ok(());
        }
        // First, since signal-hook acts in the order in which actions were registered: were the door told before, somebody
        // could close it at once, and the signal that it was told would end the process as well.
        stand_in(signal)?;
        let (outside, number) = (Arc::clone(&self.outside), signal.number());
        // SAFETY: the action only writes one byte, to a descriptor that it keeps open itself. A full pipe does not block;
        // the byte is then lost among the thousands before it.
        let id = unsafe { register(number, move || write_byte(outside.as_raw_fd(), number as u8)) }?;
        OPEN[number as usize].fetch_add(1, Ordering::SeqCst);
        self.claimed.push((signal, id));
        Ok(())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        for (signal, id) in self.claimed.drain(..) {
            OPEN[signal.number() as usize].fetch_sub(1, Ordering::SeqCst);
            unregister(id);
        }
    }
}

impl AsFd for Door {
    /// Readable when a signal has come.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inside.as_fd()
    }
}

fn signal_is_claimable(signal: Signal) -> bool {
    let number = signal.number();
    (number as usize) < SIGNALS && !signal_hook::consts::FORBIDDEN.contains(&number)
}

/// Registers, once, what does the default's work when no door is open.
fn stand_in(signal: Signal) -> io::Result<()> {
    let number = signal.number();
    let mut standing_in = STANDING_IN.lock().unwrap_or_else(PoisonError::into_inner);
    if standing_in[number as usize] {
        return Ok(());
    }
    let default = move || {
        if OPEN[number as usize].load(Ordering::SeqCst) == 0 {
            // Nothing to do about an error, in a handler: the signal is then without effect.
            let _ = emulate_default_handler(number);
        }
    };
    // SAFETY: an atomic read and `emulate_default_handler` are async-signal-safe.
    unsafe { register(number, default) }?;
    standing_in[number as usize] = true;
    Ok(())
}

fn ignored(signal: Signal) -> io::Result<bool> {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: the structure is written before it is read, and nothing is changed.
    unsafe {
        check(libc::sigaction(signal.number(), std::ptr::null(), now.as_mut_ptr()))?;
        Ok(now.assume_init().sa_sigaction == libc::SIG_IGN)
    }
}

/// Async-signal-safe; leaves errno as it was, as the interrupted code may be about to read it.
fn write_byte(fd: i32, byte: u8) {
    // SAFETY: one byte is read from a variable; errno is the thread's own word.
    unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        libc::write(fd, (&raw const byte).cast(), 1);
        *errno = before;
    }
}

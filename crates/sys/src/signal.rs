//! The names of signals.

use std::fmt;

macro_rules! signals {
    ($($(#[$doc:meta])* $name:ident = $number:ident,)*) => {
        /// A signal. Its number is the kernel's on this architecture.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum Signal {
            $($(#[$doc])* $name = libc::$number,)*
        }

        impl Signal {
            /// The signal with this number, unless it is a real-time signal or none at all.
            ///
            /// ```
            /// assert_eq!(ganger_sys::Signal::from_number(9), Some(ganger_sys::Signal::Kill));
            /// assert_eq!(ganger_sys::Signal::from_number(64), None);
            /// ```
            #[must_use]
            pub const fn from_number(number: i32) -> Option<Self> {
                match number {
                    $(libc::$number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The signal's name as `kill -l` and the manual have it: `SIGKILL`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($number),)*
                }
            }
        }
    };
}

signals! {
    /// The terminal is gone; many services read their configuration again.
    Hup = SIGHUP,
    /// Ctrl-C.
    Int = SIGINT,
    /// Ctrl-\: end, with a core.
    Quit = SIGQUIT,
    /// An illegal instruction.
    Ill = SIGILL,
    /// A breakpoint.
    Trap = SIGTRAP,
    /// `abort()`.
    Abrt = SIGABRT,
    /// Memory that is not there: a mapped file that was cut, for one.
    Bus = SIGBUS,
    /// An arithmetic fault.
    Fpe = SIGFPE,
    /// End at once; cannot be caught.
    Kill = SIGKILL,
    /// For the program's own use.
    Usr1 = SIGUSR1,
    /// Memory that is not ours.
    Segv = SIGSEGV,
    /// For the program's own use.
    Usr2 = SIGUSR2,
    /// Nobody reads the pipe.
    Pipe = SIGPIPE,
    /// A timer.
    Alrm = SIGALRM,
    /// End, in order.
    Term = SIGTERM,
    /// A child ended or stopped.
    Chld = SIGCHLD,
    /// Go on.
    Cont = SIGCONT,
    /// Stop; cannot be caught.
    Stop = SIGSTOP,
    /// Ctrl-Z.
    Tstp = SIGTSTP,
    /// Read from the terminal in the background.
    Ttin = SIGTTIN,
    /// Write to the terminal in the background.
    Ttou = SIGTTOU,
    /// Urgent data on a socket.
    Urg = SIGURG,
    /// Too much processor time.
    Xcpu = SIGXCPU,
    /// A file became too large.
    Xfsz = SIGXFSZ,
    /// A timer of processor time.
    Vtalrm = SIGVTALRM,
    /// A timer of the profiler.
    Prof = SIGPROF,
    /// The terminal's size changed.
    Winch = SIGWINCH,
    /// I/O is possible.
    Io = SIGIO,
    /// The power is failing.
    Pwr = SIGPWR,
    /// A system call that does not exist or is forbidden.
    Sys = SIGSYS,
}

impl Signal {
    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

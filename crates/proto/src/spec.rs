//! ① What is to be done: a registered function with encoded arguments, or a command.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A function of the registry, by its place in the sorted list of names.
///
/// Names cross, pointers do not: both sides sort the same names, and [`Hello`](crate::message::Hello) proves that the
/// names are the same before the first call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Function(pub u32);

/// The work of one task, as the supervisor keeps it until the outcome is told: enough for another attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// One call of a registered function.
    Call {
        /// Which function.
        function: Function,
        /// Its encoded arguments.
        args: Vec<u8>,
    },
    /// One registered function over many items.
    Map {
        /// Which function.
        function: Function,
        /// The encoded items.
        items: Vec<u8>,
    },
    /// A program.
    Command(Command),
}

/// A program with its arguments: started in a process group of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Program and arguments: bytes without NUL, not necessarily UTF-8. A program without a slash is looked up in PATH.
    /// [`SLOT`] inside an argument stands for the number of the worker's slot.
    pub argv: Vec<Bytes>,
    /// The directory to run in; the supervisor's own if none.
    pub dir: Option<Bytes>,
    /// Variables added to the environment, as name and value. A value that is [`SLOT`] stands for that number, too.
    pub env: Vec<(Bytes, Bytes)>,
    /// What it reads from standard input.
    pub stdin: Stdin,
    /// Where its output goes.
    pub output: Output,
    /// What it may use, and how it is treated, where that is not as most are.
    pub terms: Option<Box<Terms>>,
}

/// What a command reads from standard input: a file, there again from its start on each attempt, in which it can seek.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stdin {
    /// /dev/null.
    #[default]
    Null,
    /// These bytes, in a memory file.
    Bytes(Bytes),
    /// The file of this path, which its worker opens anew.
    File(Box<Bytes>),
    /// Some of a file, which its worker copies into a memory file.
    Part(Box<Part>),
}

/// Some of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What comes before it.
    pub head: Bytes,
    /// The file's path.
    pub path: Bytes,
    /// Where it begins, in bytes.
    pub start: u64,
    /// How long it is, in bytes.
    pub length: u64,
}

/// What a command may use with all that it starts, under what it runs, and how it is asked to end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The memory of its whole tree of processes, in bytes: above it all of them are killed.
    pub memory: Option<u64>,
    /// The processor time of its whole tree: then each process gets SIGXCPU, and what has used a second more is killed.
    pub cpu_time: Option<Duration>,
    /// Its niceness, from -20 to 19.
    pub nice: Option<i32>,
    /// The numbers of the processors that it may run on; none: as its worker.
    pub cpus: Vec<u32>,
    /// How it is asked to end; none: SIGTERM, and SIGKILL when its worker's grace is over.
    pub ending: Vec<EndingStep>,
    /// How the path of a control group begins that may be made for it. None: its tree is watched instead, which is
    /// coarser: what happens between two looks is not seen.
    pub cgroup: Option<Bytes>,
}

/// A step of asking a command to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndingStep {
    /// The number of the signal that its process group gets.
    pub signal: i32,
    /// How long it has until the next step. After the last one it is killed.
    pub pause: Duration,
}

/// What a pool's workers are for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// They call registered functions.
    #[default]
    Functions,
    /// They run programs, one a task.
    Commands,
    /// They answer lines, with the one function that their program registers for that.
    Lines,
    /// Each keeps a program that answers lines: see [`worker`](crate::worker).
    Host(Hosted),
    /// They call the functions that their program registers, whatever they are, by name.
    Named,
}

/// A program that is started once a worker, and is fed task after task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hosted {
    /// What it is called in errors.
    pub name: String,
    /// How it is started. Its output says nothing here: its standard output is for its answers, its standard error is its tasks'.
    pub command: Command,
    /// Whether it will say when it is ready, and has no task before.
    pub says_ready: bool,
}

/// A task whose work is a line of input, encoded by hand: 8 bytes of its number, then for each argument 4 bytes of its
/// length and the argument, all little endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineTask<'a> {
    /// The number of the input, from 1.
    pub number: u64,
    /// The input: one argument as a rule.
    pub args: Vec<&'a [u8]>,
}

impl<'a> LineTask<'a> {
    /// The task as bytes. None: an argument is above 4 GiB.
    #[must_use]
    pub fn encode<A: AsRef<[u8]>>(number: u64, args: &[A]) -> Option<Vec<u8>> {
        let size = args.iter().map(|arg| 4 + arg.as_ref().len()).sum::<usize>();
        let mut bytes = Vec::with_capacity(8 + size);
        bytes.extend_from_slice(&number.to_le_bytes());
        for arg in args.iter().map(AsRef::as_ref) {
            bytes.extend_from_slice(&u32::try_from(arg.len()).ok()?.to_le_bytes());
            bytes.extend_from_slice(arg);
        }
        Some(bytes)
    }

    /// The task that bytes make. None: they make none.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (number, mut rest) = bytes.split_first_chunk()?;
        let mut args = Vec::new();
        while !rest.is_empty() {
            let (length, after) = rest.split_first_chunk()?;
            let (arg, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            args.push(arg);
            rest = after;
        }
        Some(Self { number: u64::from_le_bytes(*number), args })
    }
}

/// A call by name, of a program that the supervisor does not know: encoded as a [`LineTask`] of four arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedCall<'a> {
    /// The function's module and name: `app::jobs::resize`.
    pub function: &'a str,
    /// Its type as its caller's program has it; empty: whatever it is.
    pub signature: &'a str,
    /// Whether `args` are many items, each an argument.
    pub many: bool,
    /// The encoded arguments, or items.
    pub args: &'a [u8],
}

impl<'a> NamedCall<'a> {
    /// The call as bytes. None: something of it is above 4 GiB.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let way: &[u8] = if self.many { b"map" } else { b"call" };
        LineTask::encode(0, &[self.function.as_bytes(), self.signature.as_bytes(), way, self.args])
    }

    /// The call that bytes make. None: they make none.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let task = LineTask::decode(bytes)?;
        let &[function, signature, way, args] = task.args.as_slice() else { return None };
        let text = |bytes| std::str::from_utf8(bytes).ok();
        Some(Self { function: text(function)?, signature: text(signature)?, many: way == b"map", args })
    }
}

/// Stands for the number of the worker's slot (1, 2, …) in an argument of a [`Command`]. It begins with a NUL, which
/// no argument of a program can contain, so no user's text is ever taken for it.
pub const SLOT: &[u8] = b"\0slot\0";

/// What becomes of a command's standard output and standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Sent to the supervisor as it comes.
    #[default]
    Captured,
    /// Left to the supervisor's own standard output and standard error.
    Inherited,
}

/// Bytes that are encoded as one run (25 times faster than element by element).
pub type Bytes = serde_bytes::ByteBuf;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_same_there_and_back() {
        for args in [&[][..], &[&b"a"[..]], &[b"", b"\0\xff", b"long, but not too long"]] {
            let bytes = LineTask::encode(7, args).expect("short");
            assert_eq!(LineTask::decode(&bytes), Some(LineTask { number: 7, args: args.to_vec() }));
            assert!((0..bytes.len()).all(|len| LineTask::decode(&bytes[..len]).is_none_or(|task| task.args != args)));
        }
    }
}

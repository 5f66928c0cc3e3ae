//! A command of a run, for who runs it alone.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use ganger::{Bytes, SLOT};

use crate::input::{Args, Task};
use crate::shell::Context;
use crate::template::Template;

/// What a command is started with, beside its directory and the environment of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Variables of its own.
    pub env: Vec<(OsString, OsString)>,
}

impl Template {
    /// The command for one task in one slot, as a run would start it.
    ///
    /// ```
    /// use ganger_batch::Template;
    ///
    /// let template = Template::parse(&["echo".into(), "{%}: {}".into()])?;
    /// let replay = template.replay(ganger_batch::Args::one(b"a b".to_vec()), 3, 2);
    /// assert_eq!(replay.argv, ["echo", "2: a b"]);
    /// # Ok::<(), ganger_batch::TemplateError>(())
    /// ```
    #[must_use]
    pub fn replay(&self, args: Args, number: u64, slot: u32) -> Replay {
        let command = self.command(&Task::first(number, args), None);
        let slot = slot.to_string();
        let text = |bytes: &Bytes| OsString::from_vec(in_slot(bytes.as_slice(), slot.as_bytes()));
        let mut env: Vec<_> = command.env.iter().map(|(name, value)| (text(name), text(value))).collect();
        env.push(("GANGER_SLOT".into(), slot.clone().into()));
        Replay { argv: command.argv.iter().map(text).collect(), env }
    }
}

fn in_slot(argument: &[u8], slot: &[u8]) -> Vec<u8> {
    let (mut rest, mut whole) = (argument, Vec::with_capacity(argument.len()));
    while let Some(at) = rest.windows(SLOT.len()).position(|part| part == SLOT) {
        whole.extend_from_slice(&rest[..at]);
        whole.extend_from_slice(slot);
        rest = &rest[at + SLOT.len()..];
    }
    whole.extend_from_slice(rest);
    whole
}

/// A word as it is typed into a shell.
///
/// ```
/// assert_eq!(ganger_batch::quoted("a b".as_ref()), b"'a b'");
/// ```
#[must_use]
pub fn quoted(word: &OsStr) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(word.len() + 2);
    Context::Bare.quote(word.as_bytes(), &mut quoted);
    quoted
}

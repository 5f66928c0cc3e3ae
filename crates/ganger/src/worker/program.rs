//! ③ A command as the launcher takes it.

use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use ganger_proto::TaskId;
use ganger_proto::spec::{Bytes, Command, SLOT, Stdin};
use ganger_sys::EnvBlock;

/// A program, its arguments and its surroundings, with everything filled in.
pub(super) struct Program {
    pub(super) argv: Vec<CString>,
    pub(super) dir: Option<CString>,
    /// What is added to the environment.
    pub(super) env_more: Vec<CString>,
    /// The file that is its standard input, if it has any.
    pub(super) stdin: Option<File>,
    /// The directories to look in, if the command itself says which.
    pub(super) path: Option<OsString>,
}

impl Program {
    /// Fills in the slot. An argument that no program can be given is an error, told in words.
    pub(super) fn new(command: Command, slot: u32, task: TaskId, attempt: u32) -> Result<Self, String> {
        let slot = slot.to_string();
        let path = command.env.iter().rev().find(|(name, _)| name.as_slice() == b"PATH");
        Ok(Self {
            stdin: stdin(&command.stdin)?,
            path: path.map(|(_, value)| OsString::from_vec(value.to_vec())),
            env_more: variables(&command.env, task, attempt, &slot)?,
            dir: command.dir.map(|dir| c_string("its directory", dir.into_vec())).transpose()?,
            argv: command
                .argv
                .into_iter()
                .map(|argument| fill_in(argument.into_vec(), &slot))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The same for one that is kept for many tasks: it learns of each by other ways than its environment.
    pub(super) fn lasting(command: Command, slot: u32) -> Result<Self, String> {
        let mut program = Self::new(command, slot, TaskId::from_bits(0), 0)?;
        program.env_more.retain(|entry| {
            !["GANGER_TASK=", "GANGER_ATTEMPT="].iter().any(|name| entry.to_bytes().starts_with(name.as_bytes()))
        });
        Ok(program)
    }

    /// The environment, with the command's own `PATH` in it if it has one.
    pub(super) fn environment(&self, inherited: &EnvBlock) -> Option<EnvBlock> {
        self.path.as_ref().map(|path| inherited.clone().with("PATH", path))
    }

    pub(super) fn dir(&self) -> Option<&CStr> {
        self.dir.as_deref()
    }
}

fn stdin(stdin: &Stdin) -> Result<Option<File>, String> {
    let memory = |error| format!("failed to keep its standard input in memory: {error}");
    match stdin {
        Stdin::Null => Ok(None),
        Stdin::Bytes(bytes) => {
            ganger_sys::sealed("stdin", bytes).and_then(|file| rewound(file.into())).map(Some).map_err(memory)
        }
        Stdin::File(path) => opened(path).map(Some),
        Stdin::Part(part) => {
            let mut file = opened(&part.path)?;
            let copied = file.seek(SeekFrom::Start(part.start)).and_then(|_| {
                ganger_sys::sealed_part("stdin", &part.head, &file, part.length).and_then(|file| rewound(file.into()))
            });
            let told = |error| format!("failed to read its part of {}: {error}", shown(&part.path));
            copied.map(Some).map_err(told)
        }
    }
}

fn opened(path: &[u8]) -> Result<File, String> {
    let told = |error| format!("failed to open its standard input {}: {error}", shown(path));
    File::open(OsStr::from_bytes(path)).map_err(told)
}

fn rewound(mut file: File) -> io::Result<File> {
    file.rewind()?;
    Ok(file)
}

/// What every command is told, and the variables that it brings with it. No name twice: the last value counts.
fn variables(own: &[(Bytes, Bytes)], task: TaskId, attempt: u32, slot: &str) -> Result<Vec<CString>, String> {
    let (task, attempt) = (task.to_bits().to_string(), attempt.to_string());
    let told = [(&b"GANGER_TASK"[..], task.as_bytes()), (b"GANGER_ATTEMPT", attempt.as_bytes())];
    let all = || told.into_iter().chain(own.iter().map(|(name, value)| (&name[..], &value[..])));
    // There may be ten thousand of them: those of a command with many arguments.
    let last: HashMap<&[u8], usize> = all().enumerate().map(|(at, (name, _))| (name, at)).collect();
    let kept = all().enumerate().filter(|(at, (name, _))| last.get(name) == Some(at));
    kept.map(|(_, (name, value))| {
        let value = if value == SLOT { slot.as_bytes() } else { value };
        let entry = EnvBlock::entry(OsStr::from_bytes(name), OsStr::from_bytes(value));
        entry.ok_or_else(|| format!("no environment can hold the variable {}", shown(name)))
    })
    .collect()
}

fn fill_in(argument: Vec<u8>, slot: &str) -> Result<CString, String> {
    let Some(at) = argument.windows(SLOT.len()).position(|part| part == SLOT) else {
        return c_string("an argument", argument);
    };
    let filled = [&argument[..at], slot.as_bytes(), &argument[at + SLOT.len()..]].concat();
    fill_in(filled, slot)
}

fn c_string(what: &str, bytes: Vec<u8>) -> Result<CString, String> {
    CString::new(bytes).map_err(|error| {
        format!("{what} holds a NUL byte, which no program can be given: {}", shown(&error.into_vec()))
    })
}

fn shown(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(bytes))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    fn command(argv: &[&[u8]], env: &[(&str, &str)]) -> Command {
        let bytes = |text: &str| Bytes::from(text.as_bytes().to_vec());
        Command {
            argv: argv.iter().map(|a| Bytes::from(a.to_vec())).collect(),
            env: env.iter().map(|(name, value)| (bytes(name), bytes(value))).collect(),
            ..Command::default()
        }
    }

    fn program(command: Command) -> Result<Program, String> {
        Program::new(command, 12, TaskId::new(1, 0), 2)
    }

    #[test]
    fn the_slot_is_filled_in_wherever_it_stands() {
        let marked = [b"a", SLOT, b"b", SLOT].concat();
        let argv = program(command(&[&marked, b"\xff", SLOT], &[])).unwrap().argv;
        assert_eq!(argv.iter().map(|a| a.to_bytes()).collect::<Vec<_>>(), [&b"a12b12"[..], b"\xff", b"12"]);
        let slot = [("S", str::from_utf8(SLOT).unwrap())];
        assert_eq!(program(command(&[b"x"], &slot)).unwrap().env_more.last().unwrap().to_bytes(), b"S=12");
    }

    #[test]
    fn the_later_of_two_values_counts() {
        let built = program(command(&[b"x"], &[("A", "1"), ("PATH", "/x"), ("A", "2")])).unwrap();
        let env: Vec<_> = built.env_more.iter().map(|e| e.to_str().unwrap()).collect();
        assert_eq!(
            env,
            [&*format!("GANGER_TASK={}", TaskId::new(1, 0).to_bits()), "GANGER_ATTEMPT=2", "PATH=/x", "A=2"]
        );
        assert_eq!(built.path.unwrap(), "/x");
    }

    #[test]
    fn what_no_program_can_be_given_is_named() {
        let told = program(command(&[b"x", b"a\0b"], &[])).err().unwrap();
        assert!(told.contains("NUL") && told.contains("a\\0b"), "{told}");
        assert!(program(command(&[b"x"], &[("A=B", "1")])).err().unwrap().contains("A=B"));
    }
}

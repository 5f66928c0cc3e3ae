//! Whether a command makes its inputs part of a script for another shell: `bash -c 'echo {}'`, `'eval "echo {}"'`.
//!
//! No quotes help there: that shell parses the input with the rest, and runs the `$(rm -rf ~)` in a file's name. The same
//! is true of programs with a language of their own. Where the script is an input and nothing else, as in `sh -c {}`, the
//! inputs are meant to be commands.
//!
//! What is looked at is the command as it stands. What it puts together only when it runs (`c={}; eval "$c"`) is not seen.

mod split;

mod programs;

mod names;

mod reading;

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::template::Word;
use programs::Program;
use split::{Command, beginning, has_input, text};

/// Those that take a script after `-c`, and the script's arguments after it.
const SHELLS: [&str; 7] = ["sh", "ash", "bash", "dash", "ksh", "mksh", "zsh"];

/// Words behind which another command begins: the shell's own.
const KEYWORDS: [&[u8]; 11] =
    [b"{", b"!", b"if", b"then", b"elif", b"else", b"while", b"until", b"do", b"time", b"command"];

/// Programs that run another, whose name stands anywhere behind theirs.
const WRAPPERS: [&[u8]; 18] = [
    b"env", b"nice", b"nohup", b"timeout", b"sudo", b"doas", b"exec", b"builtin", b"stdbuf", b"setsid", b"xargs",
    b"ionice", b"chroot", b"busybox", b"taskset", b"find", b"flock", b"chrt",
];

/// Inputs that are run as a part of a script: a warning that names the remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputsAsCode {
    by: By,
}

/// What runs the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Shell(&'static str),
    Program(&'static Program),
    /// What reads a script from a pipe or a here-document.
    Reader(&'static str),
    /// A shell of xargs, in whose script the mark stands for an input.
    Xargs,
    /// A shell with arrays.
    Name(&'static str),
}

impl fmt::Display for InputsAsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            By::Shell(shell) => write!(
                f,
                "inputs are run as code, since they are part of the script of {shell} -c: hand them over as arguments, \
                 {shell} -c '... \"$1\" ...' {shell} {{}}; or leave out {shell} -c and give the script itself as one \
                 word, in which they are quoted"
            ),
            By::Program(Program { name, remedy, .. }) => {
                write!(f, "inputs are run as code, since they are part of what {name} runs: {remedy}")
            }
            By::Reader(name) => write!(
                f,
                "inputs are run as code, since they are part of the script that {name} reads: hand them over as \
                 arguments (sh -s {{}} <<END, and \"\\$1\" in it)"
            ),
            By::Xargs => write!(
                f,
                "inputs are run as code, since xargs puts them into the script of a shell: let it hand them over as \
                 arguments, xargs sh -c '... \"$1\" ...' sh"
            ),
            By::Name(place) => write!(
                f,
                "inputs may be run as code: {place} takes them for a name or a number, and where sh is bash it runs the \
                 $(...) in a[$(...)]; see to it that they are plain names or numbers"
            ),
        }
    }
}

/// Looks at a command that is started as it is.
pub(crate) fn in_words(words: &[Word]) -> Option<InputsAsCode> {
    by_words(words).map(|by| InputsAsCode { by })
}

/// Looks at a command that is itself a script.
pub(crate) fn in_program(program: &Word) -> Option<InputsAsCode> {
    let parts = split::split(program);
    let in_one = parts.commands.iter().find_map(|command| by_words(&command.words).or_else(|| by_name(command)));
    let calculated = parts.calculates.then_some(By::Name("((...))"));
    in_one.or_else(|| reading::by_reading(&parts)).or(calculated).map(|by| InputsAsCode { by })
}

fn by_words(words: &[Word]) -> Option<By> {
    let by_shell = words.iter().enumerate().find_map(|(at, word)| {
        let shell = shell(word)?;
        let script = script(&words[at + 1..])?;
        (has_input(script) && script.len() > 1).then_some(By::Shell(shell))
    });
    let program = |at: usize| {
        let program = Program::called(&words[at])?;
        program.runs_inputs(&words[at + 1..]).then_some(By::Program(program))
    };
    by_shell.or_else(|| starts(words).into_iter().find_map(program))
}

fn by_name(command: &Command) -> Option<By> {
    let (words, _) = reading::without_redirections(&command.words);
    let start = starts(&words).first().copied()?;
    names::evaluated(&words[start..]).map(By::Name)
}

/// Where the name of a program may stand.
fn starts(words: &[Word]) -> Vec<usize> {
    let is_before = |word: &Word| is_assignment(word) || text(word).is_some_and(|text| KEYWORDS.contains(&text));
    let first = words.iter().take_while(|word| is_before(word)).count();
    let wraps = words.get(first).and_then(text).is_some_and(|name| WRAPPERS.contains(&name));
    let last = if wraps { words.len() } else { words.len().min(first + 1) };
    // `rsync -e ssh`
    (first..last).filter(|at| *at == first || text(&words[at - 1]) != Some(b"-e")).collect()
}

/// `NAME=…`
fn is_assignment(word: &Word) -> bool {
    let name = beginning(word).split(|byte| *byte == b'=').next().unwrap_or_default();
    name.len() < beginning(word).len() && names::is_name(name)
}

fn shell(word: &Word) -> Option<&'static str> {
    let text = text(word)?;
    if text.starts_with(b"$SHELL") || text.starts_with(b"${SHELL") {
        return Some("$SHELL");
    }
    let name = Path::new(OsStr::from_bytes(text)).file_name()?;
    SHELLS.into_iter().find(|shell| name == *shell)
}

/// What stands behind a shell's options, if `-c` is one of them.
fn script(words: &[Word]) -> Option<&Word> {
    let (mut words, mut has_c) = (words.iter(), false);
    loop {
        let word = words.next()?;
        let Some(option) = text(word).filter(|text| text.starts_with(b"-") || text.starts_with(b"+")) else {
            return has_c.then_some(word);
        };
        let is_long = option.starts_with(b"--");
        has_c |= !is_long && option.contains(&b'c');
        if matches!(option, b"--rcfile" | b"--init-file") || !is_long && option.to_ascii_lowercase().ends_with(b"o") {
            words.next();
        }
    }
}

#[cfg(test)]
mod tests;

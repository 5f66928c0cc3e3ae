//! Whether a command makes its inputs part of a script for another shell: `bash -c 'echo {}'`, `'eval "echo {}"'`.
//!
//! No quotes help there: that shell parses the input with the rest, and runs the `$(rm -rf ~)` in a file's name. Where
//! the script is an input and nothing else, as in `sh -c {}`, the inputs are meant to be commands.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::shell::{Quoting, Role};
use crate::template::{Piece, Word};

/// Those that take a script after `-c`, and the script's arguments after it.
const SHELLS: [&str; 7] = ["sh", "ash", "bash", "dash", "ksh", "mksh", "zsh"];

/// Inputs that are run as a part of a script: a warning that names the remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputsAsCode {
    by: By,
}

/// What runs the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Eval,
    Shell(&'static str),
}

impl fmt::Display for InputsAsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            By::Eval => write!(
                f,
                "inputs are run as code, since they are part of what eval runs: leave out the eval, and they are quoted; \
                 or let the whole of it be an input: eval {{}}"
            ),
            By::Shell(shell) => write!(
                f,
                "inputs are run as code, since they are part of the script of {shell} -c: hand them over as arguments, \
                 {shell} -c '... \"$1\" ...' {shell} {{}}; or leave out {shell} -c and give the script itself as one \
                 word, in which they are quoted"
            ),
        }
    }
}

/// Looks at a command that is started as it is.
pub(crate) fn in_words(words: &[Word]) -> Option<InputsAsCode> {
    words.iter().enumerate().find_map(|(at, word)| {
        let shell = shell(word)?;
        let script = script(&words[at + 1..])?;
        (has_input(script) && script.len() > 1).then_some(InputsAsCode { by: By::Shell(shell) })
    })
}

/// Looks at a command that is itself a script.
pub(crate) fn in_program(program: &Word) -> Option<InputsAsCode> {
    commands(program).iter().find_map(|words| eval(words).or_else(|| in_words(words)))
}

fn eval(words: &[Word]) -> Option<InputsAsCode> {
    let eval = words.iter().position(|word| text(word) == Some(b"eval"))?;
    let script = words[eval + 1..].concat();
    (has_input(&script) && script.len() > 1).then_some(InputsAsCode { by: By::Eval })
}

fn shell(word: &Word) -> Option<&'static str> {
    let name = Path::new(OsStr::from_bytes(text(word)?)).file_name()?;
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

fn text(word: &Word) -> Option<&[u8]> {
    match word.as_slice() {
        [Piece::Text(text)] => Some(text),
        _ => None,
    }
}

fn has_input(word: &Word) -> bool {
    word.iter().any(|piece| matches!(piece, Piece::Input(..)))
}

/// The commands of a script, and the words of each without their quotes. Those inside `$(…)` are commands, too.
fn commands(program: &Word) -> Vec<Vec<Word>> {
    let (mut quoting, mut commands) = (Quoting::default(), Commands::default());
    for piece in program {
        match piece {
            Piece::Text(text) => text.iter().for_each(|&byte| commands.add(byte, quoting.follow(byte))),
            Piece::Input(..) | Piece::Number | Piece::Total | Piece::Slot => {
                quoting.skip();
                commands.word.push(piece.clone());
            }
        }
    }
    commands.end_command();
    commands.ended
}

#[derive(Default)]
struct Commands {
    ended: Vec<Vec<Word>>,
    command: Vec<Word>,
    word: Word,
}

impl Commands {
    fn add(&mut self, byte: u8, role: Role) {
        match role {
            Role::Quote => {}
            Role::Blank => self.end_word(),
            Role::Separator => self.end_command(),
            Role::Text => match self.word.last_mut() {
                Some(Piece::Text(text)) => text.push(byte),
                Some(Piece::Input(..) | Piece::Number | Piece::Total | Piece::Slot) | None => {
                    self.word.push(Piece::Text(vec![byte]));
                }
            },
        }
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            self.command.push(std::mem::take(&mut self.word));
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.ended.push(std::mem::take(&mut self.command));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;

    /// What runs the inputs of a command as code.
    fn by(words: &[&str]) -> Option<By> {
        let template = Template::parse(&words.iter().map(Into::into).collect::<Vec<_>>()).expect("a command");
        template.inputs_as_code().map(|found| found.by)
    }

    #[test]
    fn inputs_in_a_script_are_found() {
        let table: [(&[&str], By); 16] = [
            (&["sh", "-c", "echo {}"], By::Shell("sh")),
            (&["/bin/bash", "-c", "echo {/}"], By::Shell("bash")),
            (&["sh", "-c", "\"{}\""], By::Shell("sh")),
            (&["env", "-i", "zsh", "-ec", "echo {.}", "x"], By::Shell("zsh")),
            (&["bash", "-eo", "pipefail", "-c", "--", "cat {} | wc"], By::Shell("bash")),
            (&["bash", "--norc", "--rcfile", "x", "-c", "cat {}"], By::Shell("bash")),
            (&["sh -c 'echo {}'"], By::Shell("sh")),
            (&["cd x && sh -c \"echo {}\""], By::Shell("sh")),
            (&["echo \"$(dash -c \"echo {}\")\""], By::Shell("dash")),
            (&["echo `ksh -c 'echo {}'`"], By::Shell("ksh")),
            (&["sh -c '\"{}\"'"], By::Shell("sh")),
            (&["sh -c echo\\ {}"], By::Shell("sh")),
            (&["sh -c 'f() { echo {}; }; f'"], By::Shell("sh")),
            (&["eval echo {}"], By::Eval),
            (&["cd x; eval \"echo {}\""], By::Eval),
            (&["eval 'x={}'"], By::Eval),
        ];
        for (words, shell) in table {
            assert_eq!(by(words), Some(shell), "{words:?}");
        }
    }

    #[test]
    fn inputs_elsewhere_are_left_alone() {
        let table: [&[&str]; 18] = [
            &["sh", "-c", "{}"],
            &["sh", "-c"],
            &["sh -c {}"],
            &["sh -c \"{}\""],
            &["cd x; eval {}"],
            &["eval \"{}\""],
            &["echo {}"],
            &["sh", "-c", "echo \"$1\"", "sh", "{}"],
            &["bash -c 'echo \"$1\"' bash {}"],
            &["sh", "-c", "echo {#} {%}; cat", "sh", "{}"],
            &["bash", "script", "-c", "echo {}"],
            &["bash", "-x", "run-{}.sh"],
            &["bash; echo -c 'echo {}'"],
            &["gzip -c {} > {}.gz # sh -c 'echo {}'"],
            &["wash", "-c", "echo {}"],
            &["find", "{}", "-exec", "sh", "-c", "echo \\{}", ";"],
            &["evaluate 'echo {}'"],
            &["bash", "-o", "c", "echo {}"],
        ];
        for words in table {
            assert_eq!(by(words), None, "{words:?}");
        }
    }

    #[test]
    fn the_remedy_is_named() {
        let told = |by| InputsAsCode { by }.to_string();
        assert!(told(By::Shell("bash")).contains("bash -c '... \"$1\" ...' bash {}"));
        assert!(told(By::Eval).contains("leave out the eval"));
    }
}

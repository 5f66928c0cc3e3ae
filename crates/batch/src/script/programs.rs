//! Programs that run what stands in one of their arguments, and where it stands.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::split::{has_input, text};
use crate::template::{Piece, Word};

/// A program that runs a part of its command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) name: &'static str,
    others: &'static [&'static str],
    code: Code,
    /// How inputs get there otherwise.
    pub(super) remedy: &'static str,
}

#[derive(Debug, PartialEq, Eq)]
enum Code {
    /// Behind an option of one of these letters, or of one of these names. Before it there are so many operands at most.
    Option { letters: &'static [u8], long: &'static [&'static str], operands: usize, valued: &'static [u8] },
    /// The operands behind so many; with one of the options `instead` there is none.
    Operands { skip: usize, only: Only, valued: &'static [u8], instead: &'static [u8] },
}

/// Which of its operands a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    /// The first, and an input that is all of it is meant to be code.
    First,
    /// The first, whatever it is.
    FirstAlways,
    All,
}

const fn option(letters: &'static [u8], long: &'static [&'static str]) -> Code {
    Code::Option { letters, long, operands: 0, valued: b"" }
}

const SHELL_REMEDY: &str = "let it be a script that takes them as arguments, or hand them over in a variable: \
                            export x={}, and \"$x\" in single quotes there";
const IN_PARTS: &str = "leave it out, and give the words as they are";

/// What runs a part of its command line; shells are known apart from these.
static PROGRAMS: [Program; 17] = [
    Program {
        name: "eval",
        others: &[],
        code: operands(0, Only::All),
        remedy: "leave out the eval, and they are quoted; or let the whole of it be an input: eval {}",
    },
    Program {
        name: "trap",
        others: &[],
        code: operands(0, Only::FirstAlways),
        remedy: "take a variable there: x={}; trap 'echo \"$x\"' EXIT",
    },
    Program {
        name: "su",
        others: &["runuser"],
        code: Code::Option { letters: b"c", long: &["--command", "--session-command"], operands: 2, valued: b"gGsTw" },
        remedy: SHELL_REMEDY,
    },
    Program {
        name: "script",
        others: &[],
        code: Code::Option { letters: b"c", long: &["--command"], operands: 1, valued: b"tTIOBEom" },
        remedy: SHELL_REMEDY,
    },
    Program {
        name: "flock",
        others: &[],
        code: Code::Option { letters: b"c", long: &["--command"], operands: 1, valued: b"wE" },
        remedy: "leave out the -c, and give the words as they are",
    },
    Program { name: "env", others: &[], code: option(b"S", &["--split-string"]), remedy: IN_PARTS },
    Program {
        name: "watch",
        others: &[],
        code: Code::Operands { skip: 0, only: Only::All, valued: b"nq", instead: b"x" },
        remedy: "say watch -x, and give the words as they are",
    },
    Program {
        name: "ssh",
        others: &[],
        code: Code::Operands { skip: 1, only: Only::All, valued: b"BbcDEeFIiJLlmOopPQRSWw", instead: b"" },
        remedy: "let the other side read them: printf '%s\\n' {} | ssh HOST 'read -r x; ... \"$x\"'",
    },
    Program {
        name: "awk",
        others: &["gawk", "mawk", "nawk"],
        code: Code::Operands { skip: 0, only: Only::First, valued: b"Fv", instead: b"f" },
        remedy: "hand them over in a variable: export x={}, and ENVIRON[\"x\"] in the program",
    },
    Program {
        name: "python",
        others: &["pypy"],
        code: option(b"c", &[]),
        remedy: "hand them over as arguments: python3 -c '... sys.argv[1] ...' {}",
    },
    Program {
        name: "perl",
        others: &[],
        code: option(b"eE", &[]),
        remedy: "hand them over as arguments: perl -e '... $ARGV[0] ...' {}",
    },
    Program {
        name: "ruby",
        others: &[],
        code: option(b"e", &[]),
        remedy: "hand them over as arguments: ruby -e '... ARGV[0] ...' {}",
    },
    Program {
        name: "node",
        others: &["nodejs"],
        code: option(b"ep", &["--eval", "--print"]),
        remedy: "hand them over as arguments: node -e '... process.argv[1] ...' {}",
    },
    Program {
        name: "php",
        others: &[],
        code: option(b"r", &["--run"]),
        remedy: "hand them over as arguments: php -r '... $argv[1] ...' {}",
    },
    Program {
        name: "lua",
        others: &["luajit"],
        code: option(b"e", &[]),
        remedy: "hand them over in a variable: export x={}, and os.getenv(\"x\") there",
    },
    Program {
        name: "Rscript",
        others: &[],
        code: option(b"e", &[]),
        remedy: "hand them over as arguments, and take commandArgs() there",
    },
    Program {
        name: "julia",
        others: &[],
        code: option(b"eE", &["--eval", "--print"]),
        remedy: "hand them over as arguments: julia -e '... ARGS[1] ...' {}",
    },
];

const fn operands(skip: usize, only: Only) -> Code {
    Code::Operands { skip, only, valued: b"", instead: b"" }
}

impl Program {
    /// What is called so; versions do not count.
    pub(super) fn called(word: &Word) -> Option<&'static Program> {
        let name = Path::new(OsStr::from_bytes(text(word)?)).file_name()?.to_str()?;
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        PROGRAMS.iter().find(|program| program.name == name || program.others.contains(&name))
    }

    /// Whether inputs are a part of what it runs.
    pub(super) fn runs_inputs(&self, words: &[Word]) -> bool {
        let is_part = |script: &Word| has_input(script) && script.len() > 1;
        match &self.code {
            Code::Option { letters, long, operands, valued } => {
                behind_option(words, (letters, long), *operands, valued).as_ref().is_some_and(is_part)
            }
            Code::Operands { skip, only, valued, instead } => {
                let Some(operands) = behind_options(words, valued, instead) else { return false };
                let code = operands.get(*skip..).unwrap_or_default();
                match only {
                    Only::First => code.first().is_some_and(is_part),
                    Only::FirstAlways => code.len() > 1 && code.first().is_some_and(has_input),
                    Only::All => is_part(&code.concat()),
                }
            }
        }
    }

    /// Whether it runs what it reads, if it is given nothing else.
    pub(super) fn reads_a_script(&self, words: &[Word]) -> bool {
        let interprets = ["python", "perl", "ruby", "node", "php", "lua", "Rscript", "julia"];
        let is_stdin = |word: &Word| matches!(text(word), Some(b"-" | b"/dev/stdin"));
        interprets.contains(&self.name) && words.iter().all(is_stdin)
    }
}

fn behind_option(words: &[Word], (letters, long): (&[u8], &[&str]), operands: usize, valued: &[u8]) -> Option<Word> {
    let (mut words, mut left) = (words.iter(), operands);
    while let Some(word) = words.next() {
        let Some(Piece::Text(begin)) = word.first() else {
            left = left.checked_sub(1)?;
            continue;
        };
        let is_whole = word.len() == 1;
        match begin.as_slice() {
            option if long.iter().any(|name| name.as_bytes() == option) && is_whole => return words.next().cloned(),
            option if long.iter().any(|name| option.starts_with(format!("{name}=").as_bytes())) => {
                return Some(word.clone());
            }
            [b'-', b'-', ..] => {}
            [b'-', .., last] if is_whole && letters.contains(last) => return words.next().cloned(),
            [b'-', first, _, ..] if letters.contains(first) => return Some(word.clone()),
            [b'-', first] if !is_whole && letters.contains(first) => return Some(word.clone()),
            [b'-', .., last] if is_whole && valued.contains(last) => _ = words.next(),
            [b'-', ..] => {}
            _ => left = left.checked_sub(1)?,
        }
    }
    None
}

/// None: it has one of the options with which there is no code.
fn behind_options<'w>(words: &'w [Word], valued: &[u8], instead: &[u8]) -> Option<&'w [Word]> {
    let mut at = 0;
    while let Some(option) = words.get(at).and_then(text).filter(|word| word.len() > 1 && word.starts_with(b"-")) {
        at += 1;
        if option == b"--" {
            break;
        }
        if !option.starts_with(b"--") && option[1..].iter().any(|letter| instead.contains(letter)) {
            return None;
        }
        at += usize::from(option.len() == 2 && valued.contains(&option[1]));
    }
    Some(words.get(at..).unwrap_or_default())
}

//! A command as words alone, for who runs it elsewhere and hands over no variables: a service.
//!
//! ```text
//!  gzip -9 {}            gzip -9 │ a.log        what is the same for every task, and what each adds
//!  'gzip < {} > {}.gz'   /bin/sh -c │ "__GANGER_INPUT='a b'⏎gzip < "${__GANGER_INPUT}" > …"
//! ```
//! What would be variables of the environment are variables of the script, set before it begins: in single quotes, so that
//! the shell reads nothing in them.

use ganger::SLOT;

use super::expand::{self, Values};
use super::{Kind, Piece, Template, Word};
use crate::input::Task;
use crate::shell::Context;

/// What runs a script.
const SHELL: [&[u8]; 2] = [b"/bin/sh", b"-c"];

impl Template {
    /// The words that the command of every task begins with.
    #[must_use]
    pub fn prefix(&self) -> Vec<Vec<u8>> {
        match &self.kind {
            Kind::Inputs | Kind::Shell(_) => SHELL.map(<[u8]>::to_vec).to_vec(),
            Kind::Direct(words) => words[..prefix_length(words)].iter().map(fixed).collect(),
        }
    }

    /// The words of a task, of which there are `total`, behind the [`prefix`](Self::prefix).
    pub(crate) fn words(&self, task: &Task, total: Option<u64>) -> Vec<Vec<u8>> {
        let values = Values { args: &task.args, number: task.number, total, slot: SLOT };
        match &self.kind {
            Kind::Inputs => vec![task.args.joined().to_vec()],
            Kind::Shell(words) => vec![script(words, self.repeat_words, &values)],
            Kind::Direct(words) => {
                let mut added = Vec::new();
                let varying = &words[prefix_length(words)..];
                expand::arguments(varying, self.repeat_words, &values, |word| added.push(word.to_vec()));
                added
            }
        }
    }

    /// Whether it names the slot, which is known when a task begins and not before.
    #[must_use]
    pub fn needs_slot(&self) -> bool {
        match &self.kind {
            Kind::Inputs => false,
            Kind::Shell(words) | Kind::Direct(words) => words.iter().flatten().any(|piece| *piece == Piece::Slot),
        }
    }
}

/// How many words at the beginning are the same for every task. None, where tasks need not have any of the others: a service
/// takes no job of which some tasks have words and others none.
fn prefix_length(words: &[Word]) -> usize {
    let varies = |word: &Word| word.iter().any(|piece| !matches!(piece, Piece::Text(_)));
    let length = words.iter().position(varies).unwrap_or(words.len());
    let may_be_absent = |word: &Word| matches!(word.as_slice(), [Piece::Input(..)]) && !word.iter().any(Piece::is_all);
    let rest = &words[length..];
    if !rest.is_empty() && rest.iter().all(may_be_absent) { 0 } else { length }
}

fn fixed(word: &Word) -> Vec<u8> {
    let text = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Input(..) | Piece::Number | Piece::Total | Piece::Slot => Vec::new(),
    };
    word.iter().flat_map(text).collect()
}

fn script(words: &[Word], repeat: bool, values: &Values<'_>) -> Vec<u8> {
    let mut variables = Vec::new();
    let program = expand::program(words, repeat, values, &mut variables);
    let mut script = Vec::with_capacity(program.len() + 64);
    for (name, value) in variables {
        script.extend_from_slice(name.as_slice());
        script.extend_from_slice(b"='");
        Context::Single.quote(value.as_slice(), &mut script);
        script.extend_from_slice(b"'\n");
    }
    script.extend_from_slice(&program);
    script
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::grammar::Grammar;
    use crate::input::Args;

    /// The words of a task with these arguments: those before the bar are of all tasks.
    fn words(command: &[&str], args: &[&str]) -> String {
        let width = Some(args.len());
        let grammar = Grammar { width, ..Grammar::default() };
        let command: Vec<_> = command.iter().map(Into::into).collect();
        let template = Template::with(&grammar, &command).expect("a command");
        let task = Task::first(7, args.iter().map(|arg| arg.as_bytes()).collect::<Args>());
        let text = |words: Vec<Vec<u8>>| String::from_utf8(words.join(&b' ')).expect("text");
        format!("{}|{}", text(template.prefix()), text(template.words(&task, Some(9))))
    }

    #[test]
    fn what_is_the_same_for_all_is_told_apart() {
        let table = [
            (&["gzip", "-9"][..], &["a b"][..], "gzip -9|a b"),
            (&["mv", "{}", "-v", "{.}"], &["a.b"], "mv|a.b -v a"),
            (&["cp", "{2}", "{1}"], &["a", "b"], "|cp b a"),
            (&["{}"], &["ls"], "|ls"),
            (&["echo", "{#}/{##}"], &["a"], "echo|7/9"),
            (&[], &["ls -l"], "/bin/sh -c|ls -l"),
            (&["wc < {}"], &["a"], "/bin/sh -c|wc < a"),
        ];
        for (command, args, wanted) in table {
            assert_eq!(words(command, args), wanted, "{command:?}");
        }
    }

    #[test]
    fn no_input_is_run_by_the_shell() {
        let nasty = "it's $(touch no) `x` \"q\" \\ \n;";
        for script in ["printf %s {}", "printf %s \"{}\"", "printf %s '{}'"] {
            let told = words(&[script], &[nasty]);
            let text = told.strip_prefix("/bin/sh -c|").expect("a script");
            let done = Command::new("/bin/sh").args(["-c", text]).output().expect("a shell");
            assert_eq!(String::from_utf8_lossy(&done.stdout), nasty, "{text}");
        }
    }
}

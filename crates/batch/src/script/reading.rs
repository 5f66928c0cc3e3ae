//! What runs the script that it reads: from a pipe (`echo 'rm {}' | sh`), a here-document, a string, or by xargs.

use super::programs::Program;
use super::split::{Command, Parts, beginning, has_input, text};
use super::{By, script, shell, starts};
use crate::template::Word;

/// Inputs that are printed, or stand in a here-document, for what runs it.
pub(super) fn by_reading(Parts { commands, has_documents, .. }: &Parts) -> Option<By> {
    commands.iter().enumerate().find_map(|(at, command)| {
        let prints = |from: &Command| prints_input(from) || *has_documents && feeds_document(from);
        let is_fed = *has_documents && feeds_document(command) || sources(commands, at).any(prints);
        let (words, reads_input) = without_redirections(&command.words);
        if is_fed || reads_input {
            return starts(&words).into_iter().find_map(|start| reader(&words[start..])).map(By::Reader);
        }
        let is_behind_input = commands[..at].iter().flat_map(|from| &from.words).any(has_input);
        (is_behind_input && fills_in(&command.words)).then_some(By::Xargs)
    })
}

/// The commands whose output one reads.
fn sources(commands: &[Command], at: usize) -> impl Iterator<Item = &Command> {
    let mut first = at;
    while first > 0 && commands[first].is_piped() {
        first = if commands[first].reads_a_list(&commands[first - 1]) { 0 } else { first - 1 };
    }
    commands[first..at].iter()
}

/// Whether it prints text with inputs in it. An input alone is meant to be run.
fn prints_input(command: &Command) -> bool {
    let words = command.words.as_slice();
    starts(words).into_iter().any(|start| {
        let rest = words[start + 1..].iter();
        let printed = rest.skip_while(|word| is_option(word) || beginning(word).starts_with(b"%s"));
        let printed: Word = printed.flatten().cloned().collect();
        matches!(text(&words[start]), Some(b"echo" | b"printf")) && has_input(&printed) && printed.len() > 1
    })
}

fn feeds_document(command: &Command) -> bool {
    command.words.iter().map(beginning).any(|word| word.starts_with(b"<<") && !word.starts_with(b"<<<"))
}

fn is_option(word: &Word) -> bool {
    text(word).is_some_and(|text| text.len() > 1 && text.starts_with(b"-"))
}

/// What a command is without what it reads from and writes to; and whether it reads a string with a part that is an input.
pub(super) fn without_redirections(words: &[Word]) -> (Vec<Word>, bool) {
    let (mut kept, mut reads_input, mut words) = (Vec::new(), false, words.iter());
    while let Some(word) = words.next() {
        let digits = beginning(word).iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mark = &beginning(word)[digits..];
        if !mark.starts_with(b"<") && !mark.starts_with(b">") {
            kept.push(word.clone());
        } else if mark.iter().all(|byte| b"<>-&|".contains(byte)) && word.len() == 1 {
            let next = words.next();
            reads_input |= mark == b"<<<" && next.is_some_and(|next| has_input(next) && next.len() > 1);
        } else {
            reads_input |= mark.starts_with(b"<<<") && has_input(word) && (mark.len() > 3 || word.len() > 2);
        }
    }
    (kept, reads_input)
}

/// What runs the script that it reads, if that is what stands here.
fn reader(words: &[Word]) -> Option<&'static str> {
    let (first, rest) = words.split_first()?;
    let is_stdin = |word: &Word| matches!(text(word), Some(b"-" | b"/dev/stdin"));
    if matches!(text(first), Some(b"." | b"source")) {
        return rest.first().is_some_and(is_stdin).then_some("a shell");
    }
    let Some(shell) = shell(first) else {
        return Program::called(first).filter(|program| program.reads_a_script(rest)).map(|program| program.name);
    };
    let options = rest.iter().take_while(|word| is_option(word)).map(beginning);
    let letters = options.filter(|option| !option.starts_with(b"--")).collect::<Vec<_>>().concat();
    let operand = rest.iter().find(|word| !is_option(word));
    let reads = letters.contains(&b's') || operand.is_none_or(is_stdin);
    (reads && !letters.contains(&b'c')).then_some(shell)
}

/// Whether it is an xargs that puts what it reads into the script of a shell.
fn fills_in(words: &[Word]) -> bool {
    let Some(xargs) = words.iter().position(|word| text(word) == Some(b"xargs")) else { return false };
    let mut words = words[xargs + 1..].iter();
    let mut mark = None;
    while let Some(word) = words.next() {
        match text(word) {
            Some(b"-I") => mark = words.next().and_then(text),
            Some(b"-i" | b"--replace") => mark = Some(b"{}".as_slice()),
            Some(option) if option.starts_with(b"-I") || option.starts_with(b"-i") => mark = Some(&option[2..]),
            Some(option) if option.starts_with(b"--replace=") => mark = Some(&option[10..]),
            _ if shell(word).is_some() => break,
            _ => {}
        }
    }
    let script = script(words.as_slice()).map(beginning).unwrap_or_default();
    let stands_in = |mark: &[u8]| script.len() > mark.len() && script.windows(mark.len()).any(|part| part == mark);
    mark.is_some_and(|mark| !mark.is_empty() && stands_in(mark))
}

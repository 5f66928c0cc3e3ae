//! What people and files give to `ganger run`, tried with anything: bodies of fuzz targets.

use std::ffi::OsString;
use std::io::Cursor;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use ganger::SLOT;

use crate::input::{Args, Columns, Input, Join, Packing, Reading, Source, Task, Trim};
use crate::{Expansion, Grammar, Regex, Template, Upcoming, parse_duration, parse_ending, parse_size};

/// Nobody types more.
const LONGEST: usize = 2048;

/// A line of options, a line of words between tabs, and a line of arguments between tabs. Whatever runs a task is given
/// the same words; and what is shown to people is what a shell would make those words of.
pub fn template(bytes: &[u8]) {
    let mut lines = bytes[..bytes.len().min(LONGEST)].splitn(3, |byte| *byte == b'\n');
    let (options, words) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let grammar = grammar(options);
    let words: Vec<_> = words.split(|byte| *byte == b'\t').map(|word| OsString::from_vec(word.to_vec())).collect();
    let Ok(template) = Template::with(&grammar, &words) else { return };
    let args: Args = lines.next().unwrap_or_default().split(|byte| *byte == b'\t').collect();
    let task = Task::first(3, args);
    let command = template.command(&task, Some(9));
    let told = [template.prefix(), template.words(&task, Some(9))].concat();
    let argv: Vec<_> = command.argv.iter().map(|word| word.to_vec()).collect();
    let _as_a_tag = (template.program(), template.inputs_as_code(), template.needs_slot());
    if argv.first().is_none_or(|program| program != b"/bin/sh") {
        assert_eq!(argv, told, "a service is told something else");
        let shown = template.show_of(&task.args, 3, Some(9));
        if !template.needs_slot() {
            assert_eq!(words_of(&shown).as_deref(), Some(&told[..]), "{}", String::from_utf8_lossy(&shown));
        }
    }
    assert!(
        template.needs_slot() || !told.concat().windows(SLOT.len()).any(|part| part == SLOT) || contains_slot(bytes)
    );
}

fn contains_slot(bytes: &[u8]) -> bool {
    bytes.windows(SLOT.len()).any(|part| part == SLOT)
}

fn grammar(options: &[u8]) -> Grammar {
    let has = |letter| options.contains(&letter);
    let names = [b"name".to_vec(), b"size".to_vec()];
    let digit = options.iter().find(|byte| byte.is_ascii_digit()).map(|digit| usize::from(digit - b'0'));
    Grammar {
        renamed: if has(b'I') { vec![("".into(), b"@@".to_vec()), (".".into(), b",".to_vec())] } else { Vec::new() },
        names: if has(b'N') { names.to_vec() } else { Vec::new() },
        width: if has(b'w') { None } else { digit.or(Some(1)) },
        plus: has(b'p'),
        repeat_words: has(b'r'),
        no_shell: has(b'n'),
        append: !has(b'a'),
        piped: has(b'b'),
    }
}

/// The words that a shell reads, of what was quoted for it: bare words and single quotes. None: a quote is not closed.
fn words_of(shown: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut words, mut word, mut bytes) = (Vec::new(), None::<Vec<u8>>, shown.iter());
    while let Some(&byte) = bytes.next() {
        match byte {
            b' ' => words.extend(word.take()),
            b'\\' => word.get_or_insert_default().push(*bytes.next()?),
            b'\'' => {
                let end = bytes.as_slice().iter().position(|byte| *byte == b'\'')?;
                word.get_or_insert_default().extend_from_slice(&bytes.as_slice()[..end]);
                bytes = bytes.as_slice()[end + 1..].iter();
            }
            byte => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    Some(words)
}

/// A byte of options, one for the separator, then a list or, between NULs, several. What is taken as it is comes out as it
/// went in; all else in tasks, or as one error.
pub fn rows(bytes: &[u8]) {
    let Some(([options, separator], lists)) = bytes.split_first_chunk() else { return };
    let lists: Vec<&[u8]> = lists[..lists.len().min(LONGEST)].split(|byte| *byte == 0).take(3).collect();
    let reading = reading(*options, *separator);
    let join = [Join::Product, Join::Linked, Join::Wrapped][usize::from(options >> 4) % 3];
    let streams = lists.iter().map(|list| (join, stream(list)));
    let packing = (options & 8 != 0).then_some(Packing {
        most: Some(usize::from(separator % 4) + 1),
        longest: 256,
        exact: options & 0x40 != 0,
        continued: options & 0x80 != 0,
        withheld: false,
        share: 1,
    });
    let template = Template::parse(&["true".into()]).expect("a command");
    let plain = reading.is_plain() && lists.len() == 1 && packing.is_none();
    let mut expansion = Expansion::new(template, Source::open(streams.collect(), &reading), packing, false);
    let tasks = all(&mut expansion);
    if plain && let Some(tasks) = tasks {
        let lines = lists[0].strip_suffix(b"\n").unwrap_or(lists[0]).split(|byte| *byte == b'\n');
        let lines: Vec<_> = lines.filter(|_| !lists[0].is_empty()).map(|line| vec![line.to_vec()]).collect();
        assert_eq!(tasks, lines);
    }
}

fn stream(list: &[u8]) -> Input {
    Input::Stream { name: "list".to_owned(), reader: Box::new(Cursor::new(list.to_vec())) }
}

fn reading(options: u8, separator: u8) -> Reading {
    let columns = match options & 3 {
        1 => Columns::Csv(separator),
        2 => Columns::Separated(Regex::new(&regex_of(separator)).expect("a pattern")),
        _ => Columns::One,
    };
    let trims = options & 4 != 0;
    let end = (separator == b'E').then(|| b"E".to_vec());
    Reading { end, skip_blank: trims, trim: Trim { left: trims, right: trims }, columns, ..Reading::default() }
}

fn regex_of(separator: u8) -> String {
    ["\\t", ",", "\\s*;\\s*", "", "x*"][usize::from(separator) % 5].to_owned()
}

/// No more tasks: two long lists that are combined are very many.
const MOST: usize = 2000;

/// All tasks; none where they cannot be had, or are too many.
fn all(expansion: &mut Expansion) -> Option<Vec<Vec<Vec<u8>>>> {
    let mut tasks = Vec::new();
    while tasks.len() < MOST {
        match expansion.upcoming() {
            Ok(Upcoming::Words(words)) => tasks.push(words),
            Ok(Upcoming::NotYet) => expansion.wait(Duration::from_secs(1)),
            Ok(Upcoming::End) => return Some(tasks),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(matches!(expansion.upcoming(), Ok(Upcoming::End)), "an error is told once, and ends it");
                return None;
            }
        }
    }
    None
}

/// A word that is an amount: one that is taken, or refused with a reason.
pub fn amounts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let whys = [parse_duration(text).err(), parse_size(text).err(), parse_ending(text).err()];
    assert!(whys.iter().flatten().all(|why| !why.is_empty()));
}

#[cfg(test)]
mod tests {
    use ganger_corpus::replay;

    #[test]
    fn any_template_is_expanded_or_refused() {
        replay("template", super::template);
    }

    #[test]
    fn any_list_becomes_rows_or_an_error() {
        replay("rows", super::rows);
    }

    #[test]
    fn any_amount_is_taken_or_refused() {
        replay("amounts", super::amounts);
    }
}

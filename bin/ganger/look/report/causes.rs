//! Why tasks failed, those alike together.

use std::collections::HashMap;

use ganger_store::{Job, Reader, State, StoreError, Stream, Task};

use super::super::plain;
use super::super::rows::Bytes;
use super::Cause;

/// How many causes are told apart; what comes later is put together.
const CAUSES: usize = 100;
/// Of how many tasks is looked up what they said.
const HEARD: usize = 20_000;
/// How much of a line is looked at.
const LINE: u32 = 300;
/// What is said of the rest.
const OTHER: &str = "(other causes)";

/// Groups the failed tasks of a job by how their last attempt ended and what it said first on standard error.
pub(crate) fn causes(reader: &Reader, job: &Job) -> Result<Vec<Cause>, StoreError> {
    let mut groups = HashMap::new();
    for (at, task) in reader.each_task(job.id, Some(State::Failed)).enumerate() {
        let task = task?;
        let Some(last) = reader.last_attempt(task.id)? else { continue };
        let said = if at < HEARD { reader.beginning(last.id, Stream::Stderr, LINE)? } else { Vec::new() };
        count(&mut groups, &task, plain::end(&last.end), first_line(&said, &task.input));
    }
    let mut causes: Vec<Cause> = groups.into_values().collect();
    causes.sort_by(|a, b| b.tasks.cmp(&a.tasks).then(a.number.cmp(&b.number)));
    Ok(causes)
}

fn count(groups: &mut HashMap<(String, String), Cause>, task: &Task, end: String, said: String) {
    let known = groups.contains_key(&(end.clone(), said.clone()));
    let (end, said) = if known || groups.len() < CAUSES { (end, said) } else { (OTHER.to_owned(), String::new()) };
    let new =
        || Cause { end: end.clone(), said: said.clone(), tasks: 0, number: task.number, input: Bytes::of(&task.input) };
    groups.entry((end.clone(), said.clone())).or_insert_with(new).tasks += 1;
}

/// The first line that is not empty, with `{}` in place of the input, so that the same complaint about two files is one.
fn first_line(said: &[u8], input: &[u8]) -> String {
    let line = said.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    plain::line(&without(line, input))
}

fn without(line: &[u8], input: &[u8]) -> Vec<u8> {
    if input.is_empty() || input.len() > line.len() {
        return line.to_vec();
    }
    let part_of_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let (mut kept, mut at) = (Vec::with_capacity(line.len()), 0);
    while at < line.len() {
        let before = at.checked_sub(1).and_then(|before| line.get(before));
        if line[at..].starts_with(input) && !part_of_word(before) && !part_of_word(line.get(at + input.len())) {
            kept.extend_from_slice(b"{}");
            at += input.len();
        } else {
            kept.push(line[at]);
            at += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_complaint_about_two_inputs_is_one() {
        let heard = |said: &str, input: &str| first_line(said.as_bytes(), input.as_bytes());
        assert_eq!(heard("\ncat: a.txt: No such file\nx", "a.txt"), "cat: {}: No such file");
        assert_eq!(heard("line 12 of 1", "1"), "line 12 of {}");
        assert_eq!((heard("", "a"), heard("a", "")), (String::new(), "a".to_owned()));
    }
}

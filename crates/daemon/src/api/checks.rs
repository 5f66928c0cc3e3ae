//! Whether what is handed in can be run at all.

use std::time::Duration;

use utoipa::ToSchema;

use super::problem::Problem;

/// A word of a program: the kernel ends it with a NUL.
#[derive(ToSchema)]
#[schema(pattern = "^[^\\x00]*$")]
#[expect(dead_code, reason = "it describes")]
pub(super) struct Word(String);

/// A name is shown in lists, so it is short.
pub(super) const NAME: usize = 200;

/// What is called by people.
pub(super) fn name(field: &str, name: &str) -> Result<(), Problem> {
    if name.is_empty() || name.chars().count() > NAME || name.contains(char::is_control) {
        let form = format!("from 1 to {NAME} characters, and no control characters");
        return Err(Problem::invalid(format!("`{field}`: {form}")));
    }
    Ok(())
}

pub(super) fn count(field: &str, tasks: usize, limit: usize) -> Result<(), Problem> {
    if tasks > limit {
        let remedy = format!("at most {limit}, so send several jobs, or an open one and the rest later");
        return Err(Problem::too_large(format!("`{field}`: {tasks} in one request: {remedy}")));
    }
    Ok(())
}

/// All tasks have words of their own, or none has.
pub(super) fn alike(tasks: &[Vec<String>]) -> Result<(), Problem> {
    if tasks.iter().any(Vec::is_empty) && !tasks.iter().all(Vec::is_empty) {
        return Err(Problem::invalid("`tasks`: some have words and others none: give two jobs"));
    }
    Ok(())
}

/// Words of a program: the kernel ends them with a NUL.
pub(super) fn words(field: &str, words: Vec<String>) -> Result<Vec<Vec<u8>>, Problem> {
    let found = words.iter().find(|word| word.contains('\0'));
    match found {
        Some(word) => Err(Problem::invalid(format!("`{field}`: a NUL in {word:?}, which no argument can hold"))),
        None => Ok(words.into_iter().map(String::into_bytes).collect()),
    }
}

pub(super) fn all_words(tasks: Vec<Vec<String>>) -> Result<Vec<Vec<Vec<u8>>>, Problem> {
    tasks.into_iter().map(|task| words("tasks", task)).collect()
}

pub(super) fn directory(directory: String) -> Result<Vec<u8>, Problem> {
    if directory.contains('\0') || !(directory.is_empty() || directory.starts_with('/')) {
        return Err(Problem::invalid(format!("`directory` is {directory:?}: give a path that begins with /")));
    }
    Ok(directory.into_bytes())
}

pub(super) fn variable((name, value): (String, String)) -> Result<Vec<u8>, Problem> {
    if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
        return Err(Problem::invalid(format!(
            "`environment`: {name:?} cannot be the name of a variable, or its value has a NUL"
        )));
    }
    Ok(format!("{name}={value}").into_bytes())
}

/// A time that is not nothing. The store counts microseconds.
pub(super) fn some_time(field: &str, seconds: f64) -> Result<Duration, Problem> {
    if seconds > 0.0 {
        return Ok(time(field, seconds)?.max(Duration::from_micros(1)));
    }
    Err(Problem::invalid(format!("`{field}` is {seconds}: give seconds above 0")))
}

/// A time: what is above a century is a mistake.
pub(super) fn time(field: &str, seconds: f64) -> Result<Duration, Problem> {
    if (0.0..=f64::from(u32::MAX)).contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err(Problem::invalid(format!("`{field}` is {seconds}: give seconds from 0 to {}", u32::MAX)))
}

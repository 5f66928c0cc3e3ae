//! A plan as text, there and back: faults with `;` or a new line between them, each a deed and `key=value`s.

use std::fmt;
use std::str::FromStr;

use super::{ALWAYS, Deed, Fault, FaultError, Point};

/// The faults that a text lists, each checked. An empty one has none.
///
/// ```
/// let plan = ganger_proto::fault::parse("kill at=begin worker=2 task=7; exit(3) at=write times=always")?;
/// assert_eq!(plan.len(), 2);
/// # Ok::<(), ganger_proto::fault::FaultError>(())
/// ```
///
/// # Errors
/// For the first that is none, or makes no sense: its word that is wrong, and what could stand there.
pub fn parse(text: &str) -> Result<Vec<Fault>, FaultError> {
    text.split([';', '\n']).map(str::trim).filter(|text| !text.is_empty()).map(Fault::from_str).collect()
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut words = text.split_whitespace();
        let missing = || error(text, "a fault begins with what is done", &deeds());
        let mut fault = deed(words.next().ok_or_else(missing)?)?.at(Point::Begin);
        let mut placed = false;
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| error(word, "no key=value", KEYS))?;
            placed |= key == "at";
            set(&mut fault, word, key, value)?;
        }
        if !placed {
            return Err(error(text, "it does not say where; add at=POINT", &points()));
        }
        fault.check().map(|()| fault)
    }
}

const KEYS: &str = "at, worker, task, attempt, pool, times";

fn set(fault: &mut Fault, word: &str, key: &str, value: &str) -> Result<(), FaultError> {
    match (key, value) {
        ("at", _) => fault.point = point(value)?,
        ("worker", _) => fault.worker = Some(number(word, value)?),
        ("task", _) => fault.task = Some(number(word, value)?),
        ("attempt", "any") => fault.attempt = None,
        ("attempt", _) => fault.attempt = Some(number(word, value)?),
        ("pool", _) => fault.pool = Some(value.to_owned()),
        ("times", "always") => fault.times = ALWAYS,
        ("times", _) => fault.times = number(word, value)?,
        _ => return Err(error(word, "unknown key", KEYS)),
    }
    Ok(())
}

fn number<N: FromStr>(word: &str, value: &str) -> Result<N, FaultError> {
    value.parse().map_err(|_| FaultError(format!("'{word}': '{value}' is no number from 1")))
}

fn point(word: &str) -> Result<Point, FaultError> {
    let found = Point::ALL.into_iter().find(|point| point.word() == word);
    found.ok_or_else(|| error(word, "no such point", &points()))
}

fn deed(word: &str) -> Result<Deed, FaultError> {
    if let Some(status) = word.strip_prefix("exit(").and_then(|rest| rest.strip_suffix(')')) {
        let wrong = |_| FaultError(format!("'{word}': an exit's status is 0 to 255"));
        return status.parse().map(Deed::Exit).map_err(wrong);
    }
    let found = Deed::ALL.into_iter().find(|deed| deed.word() == word && !matches!(deed, Deed::Exit(_)));
    found.ok_or_else(|| error(word, "nothing that can be done", &deeds()))
}

fn error(word: &str, what: &str, choices: &str) -> FaultError {
    FaultError(format!("'{word}': {what} (there are {choices})"))
}

fn points() -> String {
    Point::ALL.map(Point::word).join(", ")
}

fn deeds() -> String {
    let word = |deed: Deed| if matches!(deed, Deed::Exit(_)) { "exit(STATUS)" } else { deed.word() };
    Deed::ALL.map(word).join(", ")
}

/// The text of one: what stands for itself is left out.
pub(super) fn write(fault: &Fault, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Fault { point, deed, worker, task, attempt, pool, times } = fault;
    write!(f, "{deed} at={point}")?;
    worker.iter().try_for_each(|slot| write!(f, " worker={slot}"))?;
    task.iter().try_for_each(|nth| write!(f, " task={nth}"))?;
    match attempt {
        Some(1) => {}
        Some(attempt) => write!(f, " attempt={attempt}")?,
        None => f.write_str(" attempt=any")?,
    }
    pool.iter().try_for_each(|name| write!(f, " pool={name}"))?;
    match *times {
        1 => Ok(()),
        ALWAYS => f.write_str(" times=always"),
        times => write!(f, " times={times}"),
    }
}

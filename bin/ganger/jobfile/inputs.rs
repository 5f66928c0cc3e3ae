//! What a job is run with, as it stands in the file.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::toml::{Fault, Node};

/// What a job is run with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inputs {
    /// Nothing: it runs once.
    None,
    /// Each of these, which are one argument each.
    Each(Vec<OsString>),
    /// Each of these, which are several arguments each.
    Rows(Vec<Vec<OsString>>),
    /// Each combination of one of each list.
    Product(Vec<Vec<OsString>>),
    /// Each line of a file.
    From(PathBuf),
}

/// An array of more is a list that somebody else should write.
const MOST: u64 = 1_000_000;

/// Reads the value of one of the keys that give inputs.
pub(super) fn read(key: &str, value: Node<'_>) -> Result<Inputs, Fault> {
    match key {
        "inputs_from" => Ok(Inputs::From(value.text()?.into())),
        "array" => array(value),
        "product" => value.elements()?.into_iter().map(strings).collect::<Result<_, _>>().map(Inputs::Product),
        _ => inputs(value),
    }
}

fn inputs(value: Node<'_>) -> Result<Inputs, Fault> {
    let elements = value.elements()?;
    if elements.iter().any(Node::is_array) {
        return elements.into_iter().map(strings).collect::<Result<_, _>>().map(Inputs::Rows);
    }
    elements.into_iter().map(|input| input.word().map(OsString::from)).collect::<Result<_, _>>().map(Inputs::Each)
}

fn strings(value: Node<'_>) -> Result<Vec<OsString>, Fault> {
    value.elements()?.into_iter().map(|input| input.word().map(OsString::from)).collect()
}

fn array(value: Node<'_>) -> Result<Inputs, Fault> {
    let document = value.document();
    let at = value.at.clone();
    let numbers = indices(&value.word()?).map_err(|why| document.fault(at, why))?;
    Ok(Inputs::Each(numbers.into_iter().map(|number| number.to_string().into()).collect()))
}

/// Reads `1-1000`, `0-100:5`, `1,3,7-9`, as Slurm and HyperQueue do.
fn indices(text: &str) -> Result<Vec<u64>, String> {
    let mut numbers = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (first, last, step) = range(part).ok_or_else(|| {
            format!("`{part}` is no part of an array: that is numbers and ranges, as in `1-1000`, `0-100:5`, `1,3,7-9`")
        })?;
        if ((last - first) / step).saturating_add(numbers.len() as u64) >= MOST {
            return Err(format!(
                "an array has at most {MOST} numbers; for more write them to a file (seq), and say inputs_from"
            ));
        }
        numbers.extend((first..=last).step_by(usize::try_from(step).unwrap_or(usize::MAX)));
    }
    Ok(numbers)
}

fn range(part: &str) -> Option<(u64, u64, u64)> {
    let (range, step) = part.split_once([':', '%']).map_or((part, "1"), |(range, step)| (range, step));
    let is_slurms_limit = part.contains('%');
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (first, last, step) = (first.parse().ok()?, last.parse().ok()?, step.parse().ok()?);
    (first <= last && step > 0 && !is_slurms_limit).then_some((first, last, step))
}

impl Inputs {
    /// How many there are, where that is known without looking.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Inputs::None => Some(1),
            Inputs::Each(inputs) => Some(inputs.len() as u64),
            Inputs::Rows(rows) => Some(rows.len() as u64),
            Inputs::Product(lists) => Some(lists.iter().map(|list| list.len() as u64).product()),
            Inputs::From(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read() {
        let table: [(&str, &[u64]); 6] = [
            ("1-3", &[1, 2, 3]),
            ("0-10:5", &[0, 5, 10]),
            ("1-6:4", &[1, 5]),
            ("7", &[7]),
            ("1, 3,7-9", &[1, 3, 7, 8, 9]),
            ("5-5", &[5]),
        ];
        for (text, numbers) in table {
            assert_eq!(indices(text).as_deref(), Ok(numbers), "{text}");
        }
        for text in ["", "a", "3-1", "1-", "-1", "1-3:0", "1-10%2", "1..3", "1,,2", "1-99999999999999999999"] {
            assert!(indices(text).expect_err(text).contains("1-1000"), "{text}");
        }
        assert!(indices("1-1000001").expect_err("too many").contains("inputs_from"));
        assert_eq!(indices("1-1000000").map(|all| all.len()), Ok(1_000_000));
        assert!(indices("0-18446744073709551615").is_err());
    }
}

//! Things that commands take in turn: a value of a list, in the environment; processors of their own.

use std::collections::BTreeSet;
use std::str::FromStr;

use ganger::{Bytes, Command};

/// A list of values, each of which one command has at a time: `CUDA_VISIBLE_DEVICES=0,1`. A value that stands there twice
/// is had by two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    /// The environment variable that tells a command its value.
    pub name: String,
    /// One for each command that runs at a time.
    pub values: Vec<String>,
}

impl FromStr for Slots {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "it is a variable and its values, of which each is had by one command at a time: `CUDA_VISIBLE_DEVICES=0,1`";
        let (name, values) = text.split_once('=').ok_or(wrong)?;
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.is_empty();
        let values: Vec<String> = values.split(',').map(str::to_owned).collect();
        if !is_name || name.as_bytes()[0].is_ascii_digit() || values.iter().any(String::is_empty) {
            return Err(wrong.to_owned());
        }
        if let Some(why) = reserved(name) {
            return Err(format!("{name} {why}: give the variable another name"));
        }
        Ok(Self { name: name.to_owned(), values })
    }
}

/// Why commands need a variable as it is, if they do.
fn reserved(name: &str) -> Option<&'static str> {
    match name {
        "PATH" => Some("says where programs are found, and none of its values would be"),
        "LD_PRELOAD" | "LD_LIBRARY_PATH" => Some("says what programs are linked with"),
        _ if name.trim_start_matches('_').starts_with("GANGER") => Some("is ganger's own"),
        _ if name.starts_with("PARALLEL_") => Some("is set as GNU parallel sets it"),
        _ => None,
    }
}

/// Places, of which each command that runs has one: the first value of each list belongs to the first place.
pub(crate) struct Places {
    slots: Vec<Slots>,
    /// The processors of each place; empty if commands run on all.
    cpus: Vec<Vec<u32>>,
    free: BTreeSet<usize>,
}

impl Places {
    /// None if there is nothing to take in turn. `pinned`: how many processors each command gets of `cpus`.
    pub(crate) fn new(slots: Vec<Slots>, pinned: Option<usize>, cpus: &[u32]) -> Option<Self> {
        let cpus: Vec<Vec<u32>> =
            pinned.map(|each| cpus.chunks_exact(each.max(1)).map(<[u32]>::to_vec).collect()).unwrap_or_default();
        let shortest = slots.iter().map(|slots| slots.values.len()).chain(pinned.map(|_| cpus.len())).min()?;
        Some(Self { slots, cpus, free: (0..shortest).collect() })
    }

    /// How many commands can run at a time.
    pub(crate) fn count(&self) -> usize {
        self.free.len()
    }

    /// Takes the first place that is free.
    pub(crate) fn take(&mut self) -> Option<usize> {
        self.free.pop_first()
    }

    /// A command has ended, with its tree: another may have its place.
    pub(crate) fn give_back(&mut self, place: usize) {
        self.free.insert(place);
    }

    /// Tells a command its values.
    pub(crate) fn tell(&self, place: usize, command: &mut Command) {
        for Slots { name, values } in &self.slots {
            let entry = values.get(place).map(|value| (Bytes::from(name.as_bytes()), Bytes::from(value.as_bytes())));
            command.env.extend(entry);
        }
    }

    /// The processors of a place.
    pub(crate) fn cpus(&self, place: usize) -> Vec<u32> {
        self.cpus.get(place).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(text: &str) -> Slots {
        text.parse().expect("a list")
    }

    #[test]
    fn a_list_is_read() {
        let list = slots("GPU=0,1,a b");
        assert_eq!((list.name.as_str(), list.values), ("GPU", ["0", "1", "a b"].map(str::to_owned).to_vec()));
        for text in ["", "GPU", "=1", "G PU=1", "1GPU=1", "GPU=", "GPU=1,,2"] {
            assert!(text.parse::<Slots>().is_err_and(|told| told.contains("0,1")), "{text}");
        }
    }

    #[test]
    fn names_that_commands_need_are_refused() {
        for name in ["GANGER_INPUT", "__GANGER_INPUT", "GANGER_TASK", "PARALLEL_SEQ", "PATH"] {
            let told = format!("{name}=1,2").parse::<Slots>().expect_err(name);
            assert!(told.starts_with(name) && told.ends_with("give the variable another name"), "{told}");
        }
        assert_eq!(slots("MANPATH=1,2").name, "MANPATH");
    }

    #[test]
    fn a_place_is_had_by_one() {
        let mut places = Places::new(vec![slots("A=x,y,z"), slots("B=1,2")], None, &[]).expect("places");
        assert_eq!(places.count(), 2);
        assert_eq!((places.take(), places.take(), places.take()), (Some(0), Some(1), None));
        places.give_back(1);
        assert_eq!(places.take(), Some(1));
        let mut command = Command::default();
        places.tell(1, &mut command);
        let told: Vec<_> = command.env.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        assert_eq!(told, [(b"A".to_vec(), b"y".to_vec()), (b"B".to_vec(), b"2".to_vec())]);
    }

    #[test]
    fn processors_are_dealt_out() {
        let places = Places::new(Vec::new(), Some(2), &[0, 2, 4, 6, 8]).expect("places");
        assert_eq!((places.count(), places.cpus(0), places.cpus(1)), (2, vec![0, 2], vec![4, 6]));
        assert!(Places::new(Vec::new(), None, &[0]).is_none());
    }
}

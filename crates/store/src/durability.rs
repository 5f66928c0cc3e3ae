//! What an acknowledgement survives.

use std::str::FromStr;

/// What a committed group survives. The price stands beside it: groups of 64 records a second on the machine of the README.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: the file may be damaged by a loss of power, and is whole after a crash of the program.
    Off,
    /// A crash of the program, `kill -9` included. A loss of power may cost the last moments, never the file.
    #[default]
    Process,
    /// A loss of power as well: each group waits for the disk.
    Full,
}

impl Durability {
    /// SQLite's word for it, with a write-ahead log.
    pub(crate) fn synchronous(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Process => "NORMAL",
            Self::Full => "FULL",
        }
    }
}

impl FromStr for Durability {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "off" => Ok(Self::Off),
            "process" => Ok(Self::Process),
            "full" => Ok(Self::Full),
            _ => Err(format!("{word:?} is none of off, process, full")),
        }
    }
}

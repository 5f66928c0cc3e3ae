//! Values that spring when they are encoded or decoded.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::tasks::{Death, die};

/// Something goes wrong when it is encoded or decoded, as the value says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trap {
    None,
    Fails,
    Panics,
    Dies,
}

impl Trap {
    const ALL: [Self; 4] = [Self::None, Self::Fails, Self::Panics, Self::Dies];

    fn spring<E>(self, error: fn(&str) -> E) -> Result<Self, E> {
        match self {
            Trap::None => Ok(self),
            Trap::Fails => Err(error("a trap")),
            Trap::Panics => panic!("a trap"),
            Trap::Dies => {
                die(Death::Kill);
                Ok(self)
            }
        }
    }
}

/// Springs when it is encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Going(pub(crate) Trap);

impl Serialize for Going {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.spring(|why| serde::ser::Error::custom(why))?;
        serializer.serialize_u8(0)
    }
}

impl<'de> Deserialize<'de> for Going {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer).map(|_| Going(Trap::None))
    }
}

/// Springs when it is decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coming(pub(crate) Trap);

impl Serialize for Coming {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0 as u8)
    }
}

impl<'de> Deserialize<'de> for Coming {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let trap = Trap::ALL[usize::from(u8::deserialize(deserializer)?)];
        trap.spring(|why| serde::de::Error::custom(why)).map(Coming)
    }
}

#[ganger::task]
pub(crate) fn take_going(_: Going) -> u8 {
    7
}

#[ganger::task]
pub(crate) fn take_coming(_: Coming) -> u8 {
    7
}

#[ganger::task]
pub(crate) fn give_going(trap: u8) -> Going {
    Going(Trap::ALL[usize::from(trap)])
}

#[ganger::task]
pub(crate) fn give_coming(trap: u8) -> Coming {
    Coming(Trap::ALL[usize::from(trap)])
}

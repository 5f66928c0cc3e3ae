//! Places in a queue, and the records that begin there.

/// A record's parts lie at multiples of so many bytes.
pub(super) const UNIT: usize = 8;

/// The head of a record, in units.
const RECORD_HEAD: u32 = 2;

/// Where an item is: its number, and so many units behind the beginning. Both in one word, so that one store moves both;
/// both go round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u64);

impl Place {
    pub(super) fn new(number: u32, units: u32) -> Self {
        Self(u64::from(number) << 32 | u64::from(units))
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) fn to_bits(self) -> u64 {
        self.0
    }

    /// How many items were put before this one.
    #[must_use]
    pub fn number(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) fn units(self) -> u32 {
        self.0 as u32
    }

    /// The place of the next item.
    pub(super) fn behind(self, record: &Record) -> Self {
        Self::new(self.number().wrapping_add(1), self.units().wrapping_add(record.units()))
    }

    /// How many items lie between an earlier place and this.
    pub(super) fn items_since(self, earlier: Self) -> u32 {
        self.number().wrapping_sub(earlier.number())
    }

    /// How many units lie between an earlier place and this.
    pub(super) fn units_since(self, earlier: Self) -> u32 {
        self.units().wrapping_sub(earlier.units())
    }

    /// Whether it lies between two others, the first one included.
    pub(super) fn is_within(self, first: Self, last: Self) -> bool {
        self.items_since(first) < last.items_since(first) && self.units_since(first) < last.units_since(first)
    }

    /// Where the state of the record lies that begins here.
    pub(super) fn state(self) -> u32 {
        self.units().wrapping_add(1)
    }

    /// Where the bytes of the record lie that begins here.
    pub(super) fn bytes(self) -> u32 {
        self.units().wrapping_add(RECORD_HEAD)
    }
}

const ATTACHED: u64 = 1 << 63;

/// What the first word of a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The item's number, without its highest bit.
    number: u32,
    pub(super) len: u32,
    /// Whether descriptors go with it.
    pub(super) attached: bool,
}

impl Record {
    pub(super) fn new(place: Place, len: u32, attached: bool) -> Self {
        Self { number: place.number() & !(1 << 31), len, attached }
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        Self { number: ((bits & !ATTACHED) >> 32) as u32, len: bits as u32, attached: bits & ATTACHED != 0 }
    }

    pub(super) fn to_bits(self) -> u64 {
        u64::from(self.number) << 32 | u64::from(self.len) | if self.attached { ATTACHED } else { 0 }
    }

    /// Whether it is the record that was written at a place.
    pub(super) fn is_of(&self, place: Place) -> bool {
        self.number == place.number() & !(1 << 31)
    }

    /// How long it is, with its head.
    pub(super) fn units(&self) -> u32 {
        units_for(self.len)
    }
}

/// How many units a record of so many bytes takes.
pub(super) fn units_for(len: u32) -> u32 {
    RECORD_HEAD + len.div_ceil(UNIT as u32)
}

/// The states of a record beside the identity of who has the item in hand.
pub(super) const WAITING: u64 = 0;
/// The lowest bit of an identity is never set.
pub(super) const DONE: u64 = 1;

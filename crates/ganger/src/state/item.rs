//! What a slot of a list can hold.

/// A value in a [`ShareableList`](super::ShareableList).
///
/// Made from what it holds; `()` is none.
///
/// ```
/// use ganger::state::Item;
///
/// assert_eq!(Item::from("text"), Item::Str("text".to_owned()));
/// assert_eq!([Item::from(7), Item::from(())], [Item::Int(7), Item::None]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Item {
    /// Nothing.
    #[default]
    None,
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// Text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<()> for Item {
    fn from((): ()) -> Self {
        Self::None
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident;)*) => {$(
        impl From<$type> for Item {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

from! {
    i64 => Int;
    i32 => Int;
    u32 => Int;
    f64 => Float;
    f32 => Float;
    bool => Bool;
    &str => Str;
    String => Str;
    &[u8] => Bytes;
    Vec<u8> => Bytes;
}

impl<const N: usize> From<&[u8; N]> for Item {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

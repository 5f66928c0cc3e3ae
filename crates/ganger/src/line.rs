//! Functions that answer lines of input: `#[ganger::worker]`, for `ganger run --worker`.

use std::fmt::{Display, Write as _};

use ganger_proto::spec::LineTask;

/// Registers the function of this program that answers lines: `ganger run --worker PROGRAM` then calls it with each input, in
/// processes that it starts as any pool's, and no line is written or read on the way.
///
/// It takes the input ([`FromInput`]: text, bytes, a number, or [`Input`] with all there is to know) and gives what is to be
/// printed ([`Answer`]), or a `Result` with that. A program has one such function, and calls [`init`](crate::init) first in `main`. What
/// the function itself prints goes where ganger's own output does, and not with the task's.
///
/// ```
/// #[ganger::worker]
/// fn square(n: u64) -> Result<u64, String> {
///     n.checked_mul(n).ok_or_else(|| format!("{n} is too large"))
/// }
///
/// fn main() {
///     ganger::init();
/// }
/// ```
pub use ganger_macros::worker;

/// An input, as the worker has it.
///
/// ```
/// use ganger::Input;
///
/// #[ganger::worker]
/// fn numbered(input: Input<'_>) -> Result<String, String> {
///     Ok(format!("{}: {} bytes", input.number(), input.bytes()?.len()))
/// }
/// # fn main() { ganger::init() }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    pub(crate) task: &'a LineTask<'a>,
}

impl<'a> Input<'a> {
    /// The number of the input, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.task.number
    }

    /// All arguments: one, unless `ganger run` was given several sources.
    #[must_use]
    pub fn args(&self) -> &'a [&'a [u8]] {
        &self.task.args
    }

    /// The one argument.
    ///
    /// # Errors
    /// When there are several, or none.
    pub fn bytes(&self) -> Result<&'a [u8], String> {
        match self.args() {
            [only] => Ok(only),
            several => {
                Err(format!("it takes one argument, and was given {}; ganger::Input has them all", several.len()))
            }
        }
    }

    /// The same as text.
    ///
    /// # Errors
    /// When there is not one, or it is no UTF-8.
    pub fn text(&self) -> Result<&'a str, String> {
        self.bytes().and_then(|bytes| std::str::from_utf8(bytes).map_err(|e| format!("the input is no UTF-8: {e}")))
    }
}

/// What a function with [`#[ganger::worker]`](macro@crate::worker) can take: an input, or a part of it.
pub trait FromInput<'a>: Sized {
    /// Takes it out of the input.
    ///
    /// # Errors
    /// When it is not there; the task then has failed.
    fn from_input(input: Input<'a>) -> Result<Self, String>;
}

impl<'a> FromInput<'a> for Input<'a> {
    fn from_input(input: Input<'a>) -> Result<Self, String> {
        Ok(input)
    }
}

impl<'a> FromInput<'a> for &'a [u8] {
    fn from_input(input: Input<'a>) -> Result<Self, String> {
        input.bytes()
    }
}

impl<'a> FromInput<'a> for &'a str {
    fn from_input(input: Input<'a>) -> Result<Self, String> {
        input.text()
    }
}

impl FromInput<'_> for Vec<u8> {
    fn from_input(input: Input<'_>) -> Result<Self, String> {
        input.bytes().map(<[u8]>::to_vec)
    }
}

/// What a function with [`#[ganger::worker]`](macro@crate::worker) can return.
///
/// Text and numbers are printed with a newline at their end, bytes as they are, and of `()` nothing. An error is text for
/// people, and the task has failed.
pub trait Answer {
    /// Appends what is to be printed.
    ///
    /// # Errors
    /// Those of the function itself.
    fn write(self, out: &mut Vec<u8>) -> Result<(), String>;
}

impl Answer for () {
    fn write(self, _: &mut Vec<u8>) -> Result<(), String> {
        Ok(())
    }
}

impl Answer for Vec<u8> {
    fn write(mut self, out: &mut Vec<u8>) -> Result<(), String> {
        out.append(&mut self);
        Ok(())
    }
}

impl Answer for &str {
    fn write(self, out: &mut Vec<u8>) -> Result<(), String> {
        out.extend_from_slice(self.as_bytes());
        out.extend_from_slice(if self.ends_with('\n') { b"" } else { b"\n" });
        Ok(())
    }
}

impl Answer for String {
    fn write(self, out: &mut Vec<u8>) -> Result<(), String> {
        self.as_str().write(out)
    }
}

impl<T: Answer, E: Display> Answer for Result<T, E> {
    fn write(self, out: &mut Vec<u8>) -> Result<(), String> {
        self.map_err(|error| error.to_string())?.write(out)
    }
}

/// What is read from text and shown as text.
macro_rules! parsed {
    ($($type:ty)*) => {$(
        impl FromInput<'_> for $type {
            fn from_input(input: Input<'_>) -> Result<Self, String> {
                let text = input.text()?;
                text.parse().map_err(|error| format!("{text:?} is no {}: {error}", stringify!($type)))
            }
        }
    )*};
}

macro_rules! shown {
    ($($type:ty)*) => {$(
        impl Answer for $type {
            fn write(self, out: &mut Vec<u8>) -> Result<(), String> {
                let mut text = String::new();
                // Into memory, which does not fail.
                let _ = writeln!(text, "{self}");
                out.append(&mut text.into_bytes());
                Ok(())
            }
        }
    )*};
}

parsed! { String bool char f32 f64 i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }
shown! { bool char f32 f64 i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

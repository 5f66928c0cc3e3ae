//! Arrays and tuples of plain values: each part is read and written in one step, the whole is not.

use super::plain::sealed::Layout;
use super::plain::{Plain, mix};

const ARRAY: u64 = 101;
const TUPLE: u64 = 102;

// SAFETY: every part lies at a multiple of its own size, which is one of its alignment, and is touched as it says.
unsafe impl<T: Plain, const N: usize> Layout for [T; N] {
    const SIZE: usize = T::SIZE * N;
    const ALIGN: usize = T::ALIGN;
    const TAG: u64 = mix(mix(ARRAY, T::TAG), N as u64);

    unsafe fn load(at: *const u8) -> Self {
        // SAFETY: the caller's promise, of which this is a part.
        std::array::from_fn(|n| unsafe { T::load(at.add(n * T::SIZE)) })
    }

    unsafe fn store(at: *const u8, value: Self) {
        for (n, part) in value.into_iter().enumerate() {
            // SAFETY: as above.
            unsafe { T::store(at.add(n * T::SIZE), part) };
        }
    }
}

impl<T: Plain, const N: usize> Plain for [T; N] {}

/// Where the next part begins.
const fn aligned(offset: usize, align: usize) -> usize {
    offset.next_multiple_of(align)
}

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

macro_rules! tuples {
    ($($($part:ident $value:ident),+;)*) => {$(
        // SAFETY: every part begins at a multiple of its alignment and before the next, and is touched as it says; the
        // whole is a multiple of the largest alignment.
        unsafe impl<$($part: Plain),+> Layout for ($($part,)+) {
            const SIZE: usize = {
                let end = 0;
                $(let end = aligned(end, $part::ALIGN) + $part::SIZE;)+
                aligned(end, Self::ALIGN)
            };
            const ALIGN: usize = {
                let align = 1;
                $(let align = larger(align, $part::ALIGN);)+
                align
            };
            const TAG: u64 = {
                let tag = TUPLE;
                $(let tag = mix(tag, $part::TAG);)+
                tag
            };

            unsafe fn load(at: *const u8) -> Self {
                let end = 0;
                $(
                    let begin = aligned(end, $part::ALIGN);
                    // SAFETY: the caller's promise, of which this is a part.
                    let $value = unsafe { $part::load(at.add(begin)) };
                    let end = begin + $part::SIZE;
                )+
                let _ = end;
                ($($value,)+)
            }

            unsafe fn store(at: *const u8, ($($value,)+): Self) {
                let end = 0;
                $(
                    let begin = aligned(end, $part::ALIGN);
                    // SAFETY: as above.
                    unsafe { $part::store(at.add(begin), $value) };
                    let end = begin + $part::SIZE;
                )+
                let _ = end;
            }
        }

        impl<$($part: Plain),+> Plain for ($($part,)+) {}
    )*};
}

tuples! {
    A a;
    A a, B b;
    A a, B b, C c;
    A a, B b, C c, D d;
    A a, B b, C c, D d, E e;
    A a, B b, C c, D d, E e, F f;
}

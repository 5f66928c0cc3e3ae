//! What can lie in a cell.

use std::sync::atomic::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize,
    Ordering,
};

/// A value that is all there in its bytes: an integer, a float, `bool`, `char`, and arrays and tuples of them.
///
/// Any bytes are some value of it: a byte other than 0 is `true`, and what is no `char` is U+FFFD. All zeros are its zero.
/// Nobody else implements it.
pub trait Plain: sealed::Layout {}

/// A plain value that is read, written and exchanged in one step: all but arrays and tuples. Nobody else implements it.
pub trait Scalar: Plain + sealed::Atom {}

/// A scalar that can be added to in one step. Nobody else implements it.
pub trait Integer: Scalar + sealed::Sum {}

pub(crate) mod sealed {
    /// How a value lies in memory.
    ///
    /// # Safety
    /// `load` and `store` touch `SIZE` bytes, and only by atomic operations; `SIZE` is a multiple of `ALIGN`, and that one
    /// of 1, 2, 4 and 8.
    pub unsafe trait Layout: Copy + Send + Sync + 'static {
        const SIZE: usize;
        const ALIGN: usize;
        /// Which type it is, so that nobody takes one for another.
        const TAG: u64;

        /// # Safety
        /// `at` is a multiple of `ALIGN`, and `SIZE` bytes from there are mapped and used by atomics alone.
        unsafe fn load(at: *const u8) -> Self;

        /// # Safety
        /// As [`load`](Self::load).
        unsafe fn store(at: *const u8, value: Self);
    }

    pub trait Atom: Layout {
        /// # Safety
        /// As [`load`](Layout::load).
        unsafe fn swap(at: *const u8, value: Self) -> Self;

        /// # Safety
        /// As [`load`](Layout::load).
        unsafe fn compare_exchange(at: *const u8, current: Self, new: Self) -> Result<Self, Self>;

        /// # Safety
        /// As [`load`](Layout::load).
        unsafe fn fetch_update(at: *const u8, update: impl FnMut(Self) -> Option<Self>) -> Result<Self, Self>;
    }

    pub trait Sum: Atom {
        /// # Safety
        /// As [`load`](Layout::load).
        unsafe fn fetch_add(at: *const u8, value: Self) -> Self;

        /// # Safety
        /// As [`load`](Layout::load).
        unsafe fn fetch_sub(at: *const u8, value: Self) -> Self;
    }
}

use sealed::{Atom, Layout, Sum};

/// A tag from the tags of parts.
pub(crate) const fn mix(tag: u64, part: u64) -> u64 {
    (tag.rotate_left(23) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1
}

/// # Safety
/// As [`Layout::load`], for the type whose atomic `A` is.
unsafe fn atomic<'a, A>(at: *const u8) -> &'a A {
    // SAFETY: the caller's promise; for atomics of integers any bytes are valid.
    unsafe { &*at.cast::<A>() }
}

macro_rules! scalars {
    ($($type:ty: $tag:literal, $atomic:ty, $to:expr, $from:expr;)*) => {$(
        // SAFETY: each operation is one on an atomic of the type's own size and alignment.
        unsafe impl Layout for $type {
            const SIZE: usize = size_of::<$atomic>();
            const ALIGN: usize = align_of::<$atomic>();
            const TAG: u64 = $tag;

            unsafe fn load(at: *const u8) -> Self {
                // SAFETY: the caller's promise.
                ($from)(unsafe { atomic::<$atomic>(at) }.load(Ordering::Acquire))
            }

            unsafe fn store(at: *const u8, value: Self) {
                // SAFETY: the caller's promise.
                unsafe { atomic::<$atomic>(at) }.store(($to)(value), Ordering::Release);
            }
        }

        impl Atom for $type {
            unsafe fn swap(at: *const u8, value: Self) -> Self {
                // SAFETY: the caller's promise.
                ($from)(unsafe { atomic::<$atomic>(at) }.swap(($to)(value), Ordering::AcqRel))
            }

            unsafe fn compare_exchange(at: *const u8, current: Self, new: Self) -> Result<Self, Self> {
                // SAFETY: the caller's promise.
                let atomic = unsafe { atomic::<$atomic>(at) };
                let result = atomic.compare_exchange(($to)(current), ($to)(new), Ordering::AcqRel, Ordering::Acquire);
                result.map($from).map_err($from)
            }

            unsafe fn fetch_update(
                at: *const u8,
                mut update: impl FnMut(Self) -> Option<Self>,
            ) -> Result<Self, Self> {
                // SAFETY: the caller's promise.
                let atomic = unsafe { atomic::<$atomic>(at) };
                let update = |bits| update(($from)(bits)).map($to);
                let result = atomic.fetch_update(Ordering::AcqRel, Ordering::Acquire, update);
                result.map($from).map_err($from)
            }
        }

        impl Plain for $type {}
        impl Scalar for $type {}
    )*};
}

scalars! {
    u8: 1, AtomicU8, same, same;
    i8: 2, AtomicI8, same, same;
    u16: 3, AtomicU16, same, same;
    i16: 4, AtomicI16, same, same;
    u32: 5, AtomicU32, same, same;
    i32: 6, AtomicI32, same, same;
    u64: 7, AtomicU64, same, same;
    i64: 8, AtomicI64, same, same;
    usize: 9, AtomicUsize, same, same;
    isize: 10, AtomicIsize, same, same;
    f32: 11, AtomicU32, f32::to_bits, f32::from_bits;
    f64: 12, AtomicU64, f64::to_bits, f64::from_bits;
    bool: 13, AtomicU8, u8::from, |bits| bits != 0;
    char: 14, AtomicU32, u32::from, |bits| char::from_u32(bits).unwrap_or(char::REPLACEMENT_CHARACTER);
}

fn same<T>(value: T) -> T {
    value
}

macro_rules! integers {
    ($($type:ty: $atomic:ty;)*) => {$(
        impl Sum for $type {
            unsafe fn fetch_add(at: *const u8, value: Self) -> Self {
                // SAFETY: the caller's promise.
                unsafe { atomic::<$atomic>(at) }.fetch_add(value, Ordering::AcqRel)
            }

            unsafe fn fetch_sub(at: *const u8, value: Self) -> Self {
                // SAFETY: the caller's promise.
                unsafe { atomic::<$atomic>(at) }.fetch_sub(value, Ordering::AcqRel)
            }
        }

        impl Integer for $type {}
    )*};
}

integers! {
    u8: AtomicU8;
    i8: AtomicI8;
    u16: AtomicU16;
    i16: AtomicI16;
    u32: AtomicU32;
    i32: AtomicI32;
    u64: AtomicU64;
    i64: AtomicI64;
    usize: AtomicUsize;
    isize: AtomicIsize;
}

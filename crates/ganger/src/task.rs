//! What can be a task: a registered function, and arguments and results that can cross.

use std::any::{TypeId, type_name};

use ganger_proto::spec::Function;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind};
use crate::registry;

/// What can be an argument or a result of a task: it can be encoded and decoded, and holds no borrow.
pub trait Portable: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Portable for T {}

/// A function that can be handed to a pool: registered with [`#[ganger::task]`](macro@crate::task), with up to six arguments.
///
/// `Args` is the argument itself for one, a tuple for more, `()` for none; `Shape` only tells the compiler how many
/// there are, and is never named.
///
/// ```
/// # use ganger::Pool;
/// #[ganger::task]
/// fn add(a: u64, b: u64) -> u64 { a + b }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// let pool = Pool::new(1)?;
/// assert_eq!(pool.apply(add, (2, 3))?, 5);
/// # Ok(()) }
/// ```
pub trait Task<Args, Shape>: Copy + Send + 'static {
    /// What the function returns.
    type Output;

    /// Calls it, here and now.
    fn call(self, args: Args) -> Self::Output;
}

macro_rules! tasks {
    ($(($($arg:ident $value:ident),*))*) => {$(
        impl<F, R, $($arg),*> Task<($($arg,)*), fn($($arg),*) -> R> for F
        where
            F: Fn($($arg),*) -> R + Copy + Send + 'static,
        {
            type Output = R;

            fn call(self, ($($value,)*): ($($arg,)*)) -> R {
                self($($value),*)
            }
        }
    )*};
}

tasks! {
    ()
    (A a, B b)
    (A a, B b, C c)
    (A a, B b, C c, D d)
    (A a, B b, C c, D d, E e)
    (A a, B b, C c, D d, E e, G g)
}

impl<F, R, A> Task<A, fn(A) -> R> for F
where
    F: Fn(A) -> R + Copy + Send + 'static,
{
    type Output = R;

    fn call(self, arg: A) -> R {
        self(arg)
    }
}

/// The number under which a function is registered.
pub(crate) fn lookup<F: 'static>() -> Result<Function, Error> {
    registry::number_of(TypeId::of::<F>())
        .ok_or_else(|| Error::new(ErrorKind::Unregistered { function: type_name::<F>().to_owned() }))
}

/// The type of a value, for the registry.
#[must_use]
pub fn type_id<F: 'static>(_: &F) -> TypeId {
    TypeId::of::<F>()
}

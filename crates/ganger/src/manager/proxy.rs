//! What all proxies have in common.

use std::sync::Arc;

use super::encoding::Kind;
use super::referent::Referent;

/// A proxy of an object of a manager. It travels in the arguments of tasks, in messages, and into objects of managers; the
/// object lives as long as somebody has a proxy of it. Nobody else implements this.
///
/// ```
/// use ganger::manager::{ListProxy, Manager};
///
/// # fn main() -> Result<(), ganger::manager::ManagerError> {
/// # ganger::init();
/// let manager = Manager::start()?;
/// let lists: ListProxy<ListProxy<u8>> = manager.list()?;
/// lists.push(&manager.list()?)?;
/// lists.get(0)?.push(&7)?;
/// assert_eq!(lists.get(0)?.len()?, 1);
/// # Ok(()) }
/// ```
pub trait Proxy: Clone + sealed::Sealed {}

pub(super) mod sealed {
    use super::{Arc, Kind, Referent};

    pub trait Sealed: Sized {
        const KIND: Kind;

        fn over(referent: Arc<Referent>) -> Self;

        fn referent(&self) -> &Arc<Referent>;
    }
}

/// A type of proxies, without its own methods.
macro_rules! proxy {
    ($(#[$doc:meta])* $name:ident<$($param:ident),*>, $kind:ident) => {
        $(#[$doc])*
        pub struct $name<$($param),*> {
            referent: std::sync::Arc<$crate::manager::referent::Referent>,
            types: std::marker::PhantomData<fn() -> ($($param,)*)>,
        }

        /// Of the same object.
        impl<$($param),*> Clone for $name<$($param),*> {
            fn clone(&self) -> Self {
                $crate::manager::proxy::sealed::Sealed::over(std::sync::Arc::clone(&self.referent))
            }
        }

        impl<$($param),*> std::fmt::Debug for $name<$($param),*> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), " of {:?}"), self.referent)
            }
        }

        /// Whether both are of one object.
        impl<$($param),*> PartialEq for $name<$($param),*> {
            fn eq(&self, other: &Self) -> bool {
                self.referent == other.referent
            }
        }

        impl<$($param),*> Eq for $name<$($param),*> {}

        impl<$($param),*> serde::Serialize for $name<$($param),*> {
            fn serialize<Ser: serde::Serializer>(&self, serializer: Ser) -> Result<Ser::Ok, Ser::Error> {
                $crate::manager::encoding::write(&self.referent, $crate::manager::encoding::Kind::$kind, serializer)
            }
        }

        impl<'de, $($param),*> serde::Deserialize<'de> for $name<$($param),*> {
            fn deserialize<De: serde::Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
                let referent = $crate::manager::encoding::read($crate::manager::encoding::Kind::$kind, deserializer)?;
                Ok($crate::manager::proxy::sealed::Sealed::over(referent))
            }
        }

        impl<$($param),*> $crate::manager::Proxy for $name<$($param),*> {}

        impl<$($param),*> $crate::manager::proxy::sealed::Sealed for $name<$($param),*> {
            const KIND: $crate::manager::encoding::Kind = $crate::manager::encoding::Kind::$kind;

            fn over(referent: std::sync::Arc<$crate::manager::referent::Referent>) -> Self {
                Self { referent, types: std::marker::PhantomData }
            }

            fn referent(&self) -> &std::sync::Arc<$crate::manager::referent::Referent> {
                &self.referent
            }
        }
    };
}
pub(super) use proxy;

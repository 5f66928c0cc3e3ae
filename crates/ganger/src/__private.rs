//! For the code that `#[ganger::task]` and the other macros write, and for the command `ganger`.

pub use crate::__error_text as error_text;
pub use crate::line::{Answer, FromInput};
pub use crate::manager::served as managed;
pub use crate::registry::{Entry, GANGER_WORKERS, LineEntry, TASKS};
pub use crate::task::type_id;
pub use crate::testing::run_test;
pub use crate::worker::invocation::{Debugged, Displayed, Invocation, NoError, Probe};
pub use ganger_sys::before_main;
pub use linkme;
pub use serde;

//! Bodies of fuzz targets, which stand beside what they try.

pub use crate::engine::fuzzing::workers;
pub use crate::manager::clients;

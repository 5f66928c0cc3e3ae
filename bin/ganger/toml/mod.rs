//! What people write into files for ganger: TOML, whose faults are told with file, line and column.

mod document;
pub(crate) use document::{Document, Entry, Fault, Node};

mod setting;
pub(crate) use setting::{Setting, Settings, given, layered, nearest};

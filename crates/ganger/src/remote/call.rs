//! A call of a registered function, as it leaves the program.

use std::time::Duration;

use ganger_proto::policy::Backoff;
use ganger_proto::spec::{Function, NamedCall};

use crate::error::{Error, ErrorKind};
use crate::options::TaskOptions;
use crate::registry;

/// A call of a registered function.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its function's module and name: `app::jobs::resize`.
    pub function: String,
    /// The function's type, as the caller's program has it. Empty: whatever it is; then arguments that do not fit are only
    /// seen where they are decoded.
    pub signature: String,
    /// Whether `args` are many items, each an argument.
    pub many: bool,
    /// The encoded arguments, or items.
    pub args: Vec<u8>,
    pub(crate) options: TaskOptions,
}

impl Call {
    pub(crate) fn new(function: Function, many: bool, args: Vec<u8>, options: &TaskOptions) -> Self {
        let signature = registry::entry(function).map_or_else(String::new, |entry| entry.signature.to_owned());
        Self { function: registry::name_of(function), signature, many, args, options: options.clone() }
    }

    /// A call of this name, with default options.
    #[must_use]
    pub fn named(function: &str, signature: &str, many: bool, args: Vec<u8>) -> Self {
        let (function, signature) = (function.to_owned(), signature.to_owned());
        Self { function, signature, many, args, options: TaskOptions::new() }
    }

    /// How long an attempt may run.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.options.policy.timeout
    }

    /// How often it may be tried when it fails, panics, or runs out of time.
    #[must_use]
    pub fn failure_attempts(&self) -> u32 {
        self.options.policy.failure_attempts
    }

    /// How often it may be tried when its worker dies under it.
    #[must_use]
    pub fn crash_attempts(&self) -> u32 {
        self.options.policy.crash_attempts
    }

    /// The pause before another attempt.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        self.options.policy.backoff
    }

    /// Higher is sooner.
    #[must_use]
    pub fn priority(&self) -> i32 {
        self.options.policy.priority
    }

    /// What it is called: the name it was given, or its function's.
    #[must_use]
    pub fn name(&self) -> &str {
        self.options.name.as_deref().unwrap_or(&self.function)
    }

    /// Whether it can share what is said of it with another: all but the arguments is the same.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.function == other.function
            && self.signature == other.signature
            && self.many == other.many
            && self.options.policy == other.options.policy
            && self.options.name == other.options.name
    }

    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Error> {
        let Self { function, signature, many, args, .. } = self;
        let too_large = || Error::new(ErrorKind::Invalid { what: "submit_call", why: "its arguments are above 4 GiB" });
        NamedCall { function, signature, many: *many, args }.encode().ok_or_else(too_large)
    }
}

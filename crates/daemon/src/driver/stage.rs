//! From open to ending.

use std::time::Instant;

/// How far the service is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Open,
    /// Nothing more begins; what runs may go on until then.
    Draining(Instant),
    /// What runs was asked to end.
    Ending,
}

impl Stage {
    /// Whoever asks again may be in more of a hurry.
    pub(super) fn drained(self, until: Instant) -> Self {
        match self {
            Self::Open => Self::Draining(until),
            Self::Draining(before) => Self::Draining(before.min(until)),
            Self::Ending => Self::Ending,
        }
    }
}

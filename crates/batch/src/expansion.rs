//! The commands of a plan, expanded for who runs them elsewhere.

use std::time::Duration;

use crate::error::Error;
use crate::input::{Next, Packing, Source};
use crate::plan::Plan;
use crate::template::Template;

/// A command over many inputs, as words, task after task as the inputs come.
///
/// ```
/// use ganger_batch::{Args, Expansion, Source, Template, Upcoming};
///
/// let template = Template::parse(&["gzip".into(), "-9".into()])?;
/// let inputs: Source = [Args::one(b"a.log".to_vec())].into_iter().collect();
/// let mut expansion = Expansion::new(template, inputs, None, false);
/// assert_eq!(expansion.prefix(), [&b"gzip"[..], b"-9"]);
/// assert_eq!(expansion.upcoming()?, Upcoming::Words(vec![b"a.log".to_vec()]));
/// assert_eq!(expansion.upcoming()?, Upcoming::End);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Expansion {
    template: Template,
    source: Source,
}

/// What [`Expansion::upcoming`] has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upcoming {
    /// The words of a task, behind those of all.
    Words(Vec<Vec<u8>>),
    /// No input that could be taken has come yet.
    NotYet,
    /// There is none any more.
    End,
}

impl Expansion {
    /// `packing`: several inputs for a command. All inputs are read first where they come in a random order, and where the
    /// command says how many tasks there are; else none before it is asked for.
    #[must_use]
    pub fn new(template: Template, inputs: impl Into<Source>, packing: Option<Packing>, shuffle: bool) -> Self {
        let plan = Plan { packing, shuffle, ..Plan::new(template.clone(), inputs) };
        Self { template, source: plan.opened().input }
    }

    /// The words that all tasks begin with.
    #[must_use]
    pub fn prefix(&self) -> Vec<Vec<u8>> {
        self.template.prefix()
    }

    /// The next task, if its input has come.
    ///
    /// # Errors
    /// When an input could not be read or cannot be an argument: once, and then there is no more.
    pub fn upcoming(&mut self) -> Result<Upcoming, Error> {
        Ok(match self.source.next()? {
            Next::Ready(task) => Upcoming::Words(self.template.words(&task, self.source.total())),
            Next::NotYet => Upcoming::NotYet,
            Next::End => Upcoming::End,
        })
    }

    /// Waits until there may be something to be said by [`upcoming`](Self::upcoming), at most `limit`.
    pub fn wait(&mut self, limit: Duration) {
        self.source.wait(limit);
    }
}

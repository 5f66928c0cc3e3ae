//! Where a task is to be found.

use std::fmt;
use std::io;
use std::str::FromStr;

/// A task of a service: its job's number and its own number there. As text, `JOB/NUMBER`, it can be written down.
///
/// ```
/// use ganger_client::TaskRef;
///
/// let task: TaskRef = "17/3".parse()?;
/// assert_eq!((task.job, task.number, task.to_string()), (17, 3, "17/3".to_owned()));
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskRef {
    /// The job's number.
    pub job: i64,
    /// The task's in its job, from 1.
    pub number: u64,
}

impl fmt::Display for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.job, self.number)
    }
}

impl FromStr for TaskRef {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        let parsed = text.split_once('/').and_then(|(job, number)| Some((job.parse().ok()?, number.parse().ok()?)));
        let refused = || io::Error::new(io::ErrorKind::InvalidInput, format!("{text:?} is no task: give JOB/NUMBER"));
        parsed.map(|(job, number)| Self { job, number }).ok_or_else(refused)
    }
}

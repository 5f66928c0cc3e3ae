//! What can be wrong with inputs that commands read.

use std::fmt;
use std::path::PathBuf;

use crate::flags::{PipeFlags, RunFlags};

/// Why blocks cannot be made or taken as they were asked for.
#[derive(Debug)]
pub(crate) enum PipeError {
    /// Flags that say how, and none that says that there are blocks.
    Without { flag: &'static str },
    /// `--round-robin`
    RoundRobin,
    /// `--tee`
    Tee,
    /// `--shard`, `--bin`
    Shard { flag: &'static str },
    /// There are arguments after `:::`.
    Arguments,
    /// A block would be the command.
    NoCommand,
    /// A fraction of a stream.
    UnknownLength,
    /// `--pipe-part` of something else than a file.
    NoPositions { path: PathBuf },
    /// No regular expression.
    Expression(Box<dyn std::error::Error>),
    /// `--header` of lists.
    Header,
    /// `{##}`, or a limit of so many percent.
    Total,
    /// `--resume` by a job log.
    ResumeByLog,
    /// `--retry-failed`
    Retry,
}

impl fmt::Display for PipeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PipeError::Without { flag } => {
                write!(f, "{flag} is about blocks that commands read: say --pipe, or --pipe-part with -a FILE")
            }
            PipeError::RoundRobin => write!(
                f,
                "--round-robin: each command gets one block, which is there again when it is tried again, so none can be fed \
                 on and on; leave it out, or say --pipe-part --block -1 -a FILE for one command a job. For a program whose \
                 start is expensive there is --worker"
            ),
            PipeError::Tee => write!(
                f,
                "--tee: no input goes to several commands here; put it into a file, and name that in the command: \
                 ganger run 'grep {{}} < FILE' ::: PATTERN..."
            ),
            PipeError::Shard { flag } => {
                write!(f, "{flag}: sort by the column, and let a command have all records with its value: --group-by")
            }
            PipeError::Arguments => write!(
                f,
                "with --pipe commands read standard input, or the files of -a: leave out ::: and what follows it"
            ),
            PipeError::NoCommand => {
                write!(f, "--pipe: there is no command to read the blocks: `ganger run --pipe wc -l`")
            }
            PipeError::UnknownLength => write!(
                f,
                "--block -N is a share of a file, and a stream's length is not known: say --pipe-part -a FILE, or a size"
            ),
            PipeError::NoPositions { path } => {
                write!(f, "--pipe-part: {} is no regular file, and has no positions: say --pipe", path.display())
            }
            PipeError::Expression(error) => write!(f, "it is no regular expression: {error}"),
            PipeError::Header => write!(f, "without --pipe there is `--header :` alone, the first input of each list"),
            PipeError::Total => write!(
                f,
                "how many blocks there are is known when all are cut, and commands run before: leave out {{##}}, and give \
                 --halt a number instead of a percentage"
            ),
            PipeError::ResumeByLog => write!(
                f,
                "--resume: a job log does not tell one block from another; record the run in a store (--store FILE)"
            ),
            PipeError::Retry => write!(
                f,
                "--retry-failed: the job's inputs were blocks, and a store keeps only what they were called: give the inputs \
                 again, and say --resume instead"
            ),
        }
    }
}

/// Refuses what can be refused before anything is opened.
pub(super) fn refuse(flags: &RunFlags) -> Result<(), PipeError> {
    let RunFlags { pipe, inputs, record, .. } = flags;
    if pipe.tee {
        return Err(PipeError::Tee);
    }
    for (flag, given) in [("--shard", &pipe.shard), ("--bin", &pipe.bin)] {
        given.as_ref().map_or(Ok(()), |_| Err(PipeError::Shard { flag }))?;
    }
    if !pipe.is_used() {
        let header = inputs.header.as_ref().is_some_and(|header| header != ":");
        return unused(pipe).map_or(Ok(()), |flag| Err(PipeError::Without { flag })).and(match header {
            true => Err(PipeError::Header),
            false => Ok(()),
        });
    }
    match () {
        () if pipe.round_robin => Err(PipeError::RoundRobin),
        () if flags.words.is_empty() => Err(PipeError::NoCommand),
        () if record.resume && record.store.is_none() && record.joblog.is_some() => Err(PipeError::ResumeByLog),
        () if record.retry_failed => Err(PipeError::Retry),
        () => Ok(()),
    }
}

/// A flag that has nothing to say.
fn unused(pipe: &PipeFlags) -> Option<&'static str> {
    let given = [
        ("--block", pipe.block.is_some()),
        ("--recstart", pipe.recstart.is_some()),
        ("--recend", pipe.recend.is_some()),
        ("--regexp", pipe.regexp),
        ("--remove-rec-sep", pipe.remove_rec_sep),
        ("--cat", pipe.cat),
        ("--round-robin", pipe.round_robin),
    ];
    given.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
}

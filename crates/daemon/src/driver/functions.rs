//! Tasks that call a function of a worker program.
//!
//! A job's command is the function's name, its type, and whether its tasks are many items each; a task's one word are its
//! arguments. What an attempt prints is how it ended: an encoded [`Outcome`], for the client that asks.

use ganger::remote::{self, Call};
use ganger::{Failure, FailureKind, Outcome, PoolBuilder};
use ganger_store::Claim;

use crate::config::Runs;

/// The workers are the program's.
pub(super) fn pool(pool: PoolBuilder, words: &[String]) -> PoolBuilder {
    let pool = pool.for_calls();
    let Some((program, args)) = words.split_first() else { return pool };
    pool.worker_program(program).worker_args(args.iter().map(Into::into))
}

/// What a task calls.
pub(super) fn call(claim: &Claim) -> Call {
    let word = |at: usize| claim.command.get(at).map(|word| String::from_utf8_lossy(word).into_owned());
    let (function, signature) = (word(0).unwrap_or_default(), word(1).unwrap_or_default());
    Call::named(&function, &signature, word(2).as_deref() == Some(MANY), claim.args.join(&0))
}

/// A job's third word, if each of its tasks is many items.
pub(crate) const MANY: &str = "many";

/// What is kept of an outcome, and what it thereby is: a result that is too large to be kept is none. None: it is no
/// function's.
pub(super) fn answer(runs: &Runs, outcome: &Outcome, most: usize) -> Option<(Vec<u8>, Outcome)> {
    let Runs::Functions(_) = runs else { return None };
    let bytes = remote::encode(outcome);
    if bytes.len() <= most {
        return Some((bytes, outcome.clone()));
    }
    let size = bytes.len();
    let message =
        format!("its result has {size} bytes, and the queue keeps {most}: give it more `output`, or return less");
    let failed = Outcome::Failed(Failure { kind: FailureKind::Result, message, value: None });
    Some((remote::encode(&failed), failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_is_not_kept_is_told_and_not_cut() {
        let (runs, large) = (Runs::Functions(Vec::new()), Outcome::Returned(vec![7; 1000]));
        let (bytes, outcome) = answer(&runs, &large, 5000).expect("a function's");
        assert!(outcome == large && remote::decode(&bytes).is_ok_and(|kept| kept == large));
        let (bytes, outcome) = answer(&runs, &large, 100).expect("a function's");
        assert!(matches!(&outcome, Outcome::Failed(why) if why.message.contains("1012 bytes")), "{outcome:?}");
        assert_eq!(remote::decode(&bytes).ok(), Some(outcome));
        assert!(answer(&Runs::Commands, &large, 100).is_none());
    }
}

//! Everything at once, for as long as one likes: pools of each start method, what processes share, managers, `ganger run` and
//! `ganger serve`, round after round with choices by chance, while whoever takes part is killed. After each round every promise
//! is looked at; the first that is broken ends the soak with what it takes to see it again.
//!
//! | variable | means |
//! |---|---|
//! | `GANGER_SOAK_MINUTES=N` | for so long; without it, each act once and small |
//! | `GANGER_SOAK_SEED=N` | the same choices as in the soak that printed it |
//! | `GANGER_SOAK_ROUND=N` | that round of it alone |
//! | `GANGER_SOAK_ACT=NAME` | that act alone |
#![expect(clippy::print_stdout, reason = "its lines are what it is for")]

use std::process::ExitCode;
use std::time::Duration;

mod acts;
mod chance;
mod ledger;
#[path = "../sandbox.rs"]
#[expect(dead_code, reason = "it is made for the end-to-end tests")]
mod sandbox;
mod soak;

/// Nothing in a round takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    ganger::init();
    if std::env::args().skip(1).any(|arg| !arg.starts_with('-') && !"soak".contains(arg.as_str())) {
        // Other tests are asked for.
        return ExitCode::SUCCESS;
    }
    match soak::Soak::from_environment().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(broken) => {
            println!("{broken}");
            ExitCode::FAILURE
        }
    }
}

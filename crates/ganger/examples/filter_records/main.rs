//! Keeps the records whose id is in a list, of any number of files, wherever they are: the ids are loaded once and shared
//! by all workers, a file is a task, what fails is tried again, and what stays broken is named and left behind.
//!
//! ```text
//! cargo build --release -p ganger-jobs --example filter_records        # --features s3 for s3: addresses
//! filter_records generate --output hours --ids ids.csv --files 24 --records 1000000
//! filter_records --source hours --output kept --ids ids.csv [--workers N] [--retries N]
//! ```
//!
//! Source and output are directories, or addresses (`file:///data/hours`, `s3://bucket/hours`; the keys of S3 are taken from
//! the environment, `AWS_ACCESS_KEY_ID` and its relatives). Each file of the source, at any depth, becomes one of the same
//! name in the output, packed as it was.
//!
//! A record is an optional sort id of 8 bytes, a length of 8 bytes in either byte order, and so many bytes of a protobuf
//! message, of which the filter needs no more than
//!
//! ```text
//! message Line   { LineId line_id = 1; … }
//! message LineId { uint64 gid = 1; … }
//! ```
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that tells what it did")]

mod flags;
mod run;
mod filter;
mod records;
mod framing;
mod store;
mod generate;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "s3"))]
mod s3_tests;

use std::process::ExitCode;

use flags::Flags;

fn main() -> ExitCode {
    ganger::init();
    let ended = match Flags::parse(std::env::args_os()).unwrap_or_else(|wrong| wrong.exit()) {
        Flags::Generate(wanted) => generate::generate(&wanted).map(|()| ExitCode::SUCCESS),
        Flags::Job(wanted) => run::run(&wanted).map(|summary| {
            println!("{summary}");
            summary.exit_code()
        }),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("filter_records: {error}");
        ExitCode::from(2)
    })
}

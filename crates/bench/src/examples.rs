//! Example programs that were built together with this one.

use std::error::Error;
use std::path::PathBuf;

pub(crate) fn built(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let program = std::env::current_exe()?.with_file_name("examples").join(name);
    if program.exists() {
        return Ok(program);
    }
    Err(format!("{} is missing: cargo build --release -p ganger-jobs --examples", program.display()).into())
}

//! The command `ganger`; all of it is in the library beside, so that fuzz targets find it as well.

use std::process::ExitCode;

fn main() -> ExitCode {
    ganger_cli::main()
}

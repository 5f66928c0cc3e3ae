//! What is generated from the flags for those who install ganger: completions of shells, and manual pages.

mod man;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use crate::flags::Flags;
use crate::flags::pages::{CompletionFlags, ManFlags};
use crate::show;

/// Why a page could not be written.
#[derive(Debug)]
pub(crate) struct PageError {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to write {}: {}", self.path.display(), self.source)
    }
}

/// `ganger completions SHELL`: on standard output.
pub(crate) fn completions(flags: &CompletionFlags) -> Result<u8, PageError> {
    let mut text = Vec::new();
    clap_complete::generate(flags.shell, &mut Flags::command(), "ganger", &mut text);
    print(&text)
}

/// `ganger man [DIR]`: a page for each verb as a file in a directory, or that of ganger on standard output.
pub(crate) fn man(flags: &ManFlags) -> Result<u8, PageError> {
    let command = Flags::command();
    let pages = man::pages(&command);
    match &flags.dir {
        None => pages.first().map_or(Ok(0), |(_, page)| print(page)),
        Some(dir) => {
            fs::create_dir_all(dir).map_err(|source| PageError { path: dir.clone(), source })?;
            pages.iter().try_for_each(|(name, page)| write(dir, name, page)).map(|()| 0)
        }
    }
}

fn write(dir: &Path, name: &str, page: &[u8]) -> Result<(), PageError> {
    let path = dir.join(name);
    let written = File::create(&path).and_then(|mut file| file.write_all(page));
    written.map_err(|source| PageError { path, source })
}

/// Who reads only its beginning has not made a mistake.
fn print(text: &[u8]) -> Result<u8, PageError> {
    match show::stdout().and_then(|mut stdout| stdout.write_all(text)) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(141),
        Err(source) => Err(PageError { path: "standard output".into(), source }),
        Ok(()) => Ok(0),
    }
}

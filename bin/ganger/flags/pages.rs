//! What is generated for those who install ganger.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Print a shell's completions.
///
/// They are read at a shell's start from where it looks for them: bash in ~/.local/share/bash-completion/completions/ganger,
/// zsh in a directory of fpath, as _ganger, fish in ~/.config/fish/completions/ganger.fish.
#[derive(Debug, Args)]
pub(crate) struct CompletionFlags {
    /// Whose
    pub(crate) shell: Shell,
}

/// Write the manual pages.
///
/// One page for each verb, as files that man finds below ~/.local/share/man/man1. Without a directory the page of ganger
/// itself goes to standard output: ganger man | man -l -
#[derive(Debug, Args)]
pub(crate) struct ManFlags {
    /// The directory; it is made if there is none
    pub(crate) dir: Option<PathBuf>,
}

//! What the help of a verb says below its flags, and so does its manual page.

/// Exit status and examples.
macro_rules! below {
    ($examples:literal) => {
        below!("  0    done\n", $examples)
    };
    ($status:literal, $examples:literal) => {
        concat!(
            "Exit status:\n",
            $status,
            "  141  nobody read the output to its end\n  255  an error, told on standard error\n\nExamples:\n",
            $examples
        )
    };
}

pub(super) const LS: &str = below!(
    "  ganger ls --store jobs.db
  GANGER_STORE=jobs.db ganger ls --limit 0 --json
"
);
pub(super) const SHOW: &str = below!(
    "  ganger show --store jobs.db align
  ganger show --store jobs.db align --state failed
  ganger show --store jobs.db align 17
"
);
pub(super) const LOGS: &str = below!(
    "  ganger logs --store jobs.db --tag align
  ganger logs --store jobs.db --failed align 2>&1 | less
  ganger logs --store jobs.db --follow align
"
);
pub(super) const REPLAY: &str = below!(
    "  N    that of the command
",
    "  ganger replay --store jobs.db align 17
  ganger replay --store jobs.db --debug align 17
  ganger replay --store jobs.db --print align 17 > again.sh
"
);
pub(super) const REPORT: &str = below!(
    "  ganger report --store jobs.db align
  ganger report --store jobs.db --html align.html align
"
);
pub(super) const FORGET: &str = below!(
    "  ganger forget --store jobs.db align
  ganger forget --store jobs.db --older-than 30d && ganger vacuum --store jobs.db
"
);
pub(super) const VACUUM: &str = below!(
    "  ganger vacuum --store jobs.db
"
);
pub(super) const CHECK: &str = below!(
    "  0    all of it can be read
  1    something is damaged
",
    "  ganger check --store jobs.db || ganger salvage jobs.db saved.db
"
);
pub(super) const SALVAGE: &str = below!(
    "  ganger salvage jobs.db saved.db
"
);
pub(super) const COMPLETIONS: &str = below!(
    "  ganger completions bash > ~/.local/share/bash-completion/completions/ganger
  ganger completions zsh > ~/.zfunc/_ganger
  ganger completions fish > ~/.config/fish/completions/ganger.fish
"
);
pub(super) const MAN: &str = below!(
    "  ganger man ~/.local/share/man/man1; man ganger-run
  ganger man | man -l -
"
);

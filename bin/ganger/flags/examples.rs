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
    "  ganger logs 7
  ganger logs -f 7.3
  ganger logs --store jobs.db --tag align
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
  ganger forget 7 8
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
pub(super) const SERVE: &str = below!(
    "  ganger serve --store jobs.db --listen unix:ganger.sock
  ganger serve --store jobs.db --listen unix:ganger.sock --queue fast=8 --queue big=1
"
);
pub(super) const SUBMIT: &str = below!(
    "  N    with --wait and --follow: that of ganger wait
",
    "  ganger submit ./nightly.sh
  ganger submit --wait gzip -9 ::: *.log
  ganger submit --queue big --attempts 3 --backoff 1s,5m --timeout 1h './align {} > {.}.out' ::: *.fastq
  find . -name '*.png' -print0 | ganger submit -0 convert {} {.}.jpg
  job=$(ganger submit make all) && ganger submit --after $job make install
"
);
pub(super) const APPEND: &str = below!(
    "  job=$(ganger submit --open gzip -9)
  ganger append $job gzip -9 ::: a.log b.log
  ganger append --close $job
"
);
pub(super) const STATUS: &str = below!(
    "  ganger status
  ganger status 7
  ganger status --state failed --queue big
  ganger status --json | jq '.[] | select(.tasks.failed > 0) | .id'
"
);
pub(super) const WAIT: &str = below!(
    "  0    all tasks succeeded
  1..100 so many failed, or were cancelled
  101  more than 100
  130  interrupted: the jobs go on
",
    "  ganger wait 7 8 && ganger submit ./publish.sh
"
);
pub(super) const CANCEL: &str = below!(
    "  ganger cancel 7
  ganger cancel 7.3 7.4
"
);
pub(super) const RETRY: &str = below!(
    "  ganger retry 7
  ganger retry 7.3
"
);
pub(super) const PAUSE: &str = below!(
    "  ganger pause 7
  ganger pause --queue big
"
);
pub(super) const RESUME: &str = below!(
    "  ganger resume 7
  ganger resume --queue big
"
);
pub(super) const QUEUES: &str = below!(
    "  ganger queues
  GANGER_CONNECT=unix:ganger.sock ganger queues --json
"
);
pub(super) const TOP: &str = below!(
    "  ganger top
  ganger top --every 10s | tee -a busy.log
"
);
pub(super) const DEAD: &str = below!(
    "  ganger dead
  ganger dead --queue big --causes
  ganger retry 7.3
"
);
pub(super) const SCHEDULE: &str = below!(
    "  ganger schedule add tidy '*/5 * * * *' -- ./tidy.sh
  ganger schedule add report '0 6 * * mon-fri' --zone Europe/Berlin --attempts 3 -- ./report.sh
  ganger schedule
  ganger schedule run report
  ganger schedule remove tidy
"
);
pub(super) const DRAIN: &str = below!(
    "  ganger drain
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

//! Completions and manual pages: generated from the flags, and good enough for those who read them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};

use crate::sandbox::{GANGER, Sandbox};

/// Says that something cannot be tested here.
fn skipped(test: &str, why: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED {test}: {why}");
}

fn is_there(sandbox: &Sandbox, program: &str) -> bool {
    sandbox.script(&format!("command -v {program} > found")).done().code() == 0
}

fn ganger(sandbox: &Sandbox, args: &[&str]) -> String {
    let mut cmd = sandbox.cmd(GANGER);
    cmd.command.args(args);
    let done = cmd.done();
    assert_eq!((done.code(), done.stderr.as_str()), (0, ""), "{args:?}");
    done.stdout
}

#[test]
fn every_shell_has_completions_that_it_can_read() {
    let sandbox = Sandbox::new();
    for (shell, check) in
        [("bash", "bash -n"), ("zsh", "zsh -n"), ("fish", "fish -n"), ("elvish", ""), ("powershell", "")]
    {
        let text = ganger(&sandbox, &["completions", shell]);
        assert!(text.contains("retry-failed") && text.contains("completions"), "{shell}");
        if check.is_empty() {
            continue;
        }
        if !is_there(&sandbox, shell) {
            skipped("every_shell_has_completions_that_it_can_read", &format!("no {shell} (apt-get install {shell})"));
            continue;
        }
        sandbox.write("completions", &text);
        let done = sandbox.script(&format!("HOME=$PWD {check} completions")).done();
        assert_eq!((done.code(), done.stdout.as_str(), done.stderr.as_str()), (0, "", ""), "{shell}");
    }
}

#[test]
fn bash_completes_verbs_and_flags() {
    let sandbox = Sandbox::new();
    if !is_there(&sandbox, "bash") {
        return skipped("bash_completes_verbs_and_flags", "no bash (apt-get install bash)");
    }
    sandbox.write("completions", ganger(&sandbox, &["completions", "bash"]));
    let ask = |words: &str, at: usize| {
        let script = format!(
            "bash --norc -c '. ./completions; COMP_WORDS=({words}); COMP_CWORD={at}; \
             _ganger ganger \"${{COMP_WORDS[{at}]}}\" \"${{COMP_WORDS[{}]}}\"; echo ${{COMPREPLY[*]}}'",
            at - 1
        );
        sandbox.script(&script).done().stdout
    };
    assert!(ask("ganger compl", 1).contains("completions"));
    assert!(
        ask("ganger run --retr", 2).contains("--retries --retry-failed")
            || ask("ganger run --retr", 2).contains("--retries")
    );
}

#[test]
fn each_verb_has_a_manual_page_without_warnings() {
    let sandbox = Sandbox::new();
    ganger(&sandbox, &["man", "pages"]);
    let names: BTreeSet<String> = fs::read_dir(sandbox.path("pages"))
        .expect("a directory")
        .flatten()
        .filter_map(|file| file.file_name().into_string().ok())
        .collect();
    for verb in ["ganger", "ganger-run", "ganger-ls", "ganger-completions", "ganger-man", "ganger-schedule-add"] {
        assert!(names.contains(&format!("{verb}.1")), "{verb}: {names:?}");
    }
    let page = |name: &str| fs::read_to_string(sandbox.path(&format!("pages/{name}"))).expect("a page");
    for name in names.iter().filter(|name| *name != "ganger.1") {
        assert!(page(name).contains("EXIT STATUS") && page(name).contains("EXAMPLES"), "{name}");
    }
    let named = page("ganger-schedule.1");
    assert!(named.contains("ganger\\-schedule\\-add") && !named.contains("schedule\\-help"), "{named}");
    let run = page("ganger-run.1");
    assert!(run.contains("whole tree of processes ends with it"), "all of its description");
    for section in ["NAME", "SYNOPSIS", "FAILURES", "EXAMPLES", "EXIT STATUS"] {
        assert!(run.lines().any(|line| line.replace('"', "") == format!(".SH {section}")), "{section}");
    }
    assert_eq!(ganger(&sandbox, &["man"]), fs::read_to_string(sandbox.path("pages/ganger.1")).expect("a page"));
    if sandbox.script("man -l pages/ganger.1 > page").done().code() != 0 {
        return skipped(
            "each_verb_has_a_manual_page_without_warnings",
            "no man that formats (apt-get install man-db groff)",
        );
    }
    for name in &names {
        let script = format!("LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -E UTF-8 -l -Tutf8 pages/{name} > page");
        let done = sandbox.script(&script).done();
        assert_eq!((done.code(), done.stderr.as_str()), (0, ""), "{name}");
        assert!(fs::read_to_string(sandbox.path("page")).is_ok_and(|page| page.len() > 500), "{name}");
    }
}

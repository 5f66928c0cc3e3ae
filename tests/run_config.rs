//! The configuration file and its profiles.

use std::fs;

use crate::sandbox::{Done, Sandbox};

/// Writes the user's own configuration.
fn configure(sandbox: &Sandbox, text: &str) {
    fs::create_dir_all(sandbox.path("config/ganger")).expect("a directory");
    sandbox.write("config/ganger/config.toml", text);
}

fn tagged(sandbox: &Sandbox, args: &[&str]) -> Done {
    sandbox.run(args.iter().chain(&["echo", ":::", "a"])).done()
}

#[test]
fn defaults_come_from_the_file_and_what_was_typed_wins() {
    let sandbox = Sandbox::new();
    tagged(&sandbox, &[]).printed("a\n");
    configure(&sandbox, "[run]\ntag = true\n[profile.plain]\ntag = false\n[profile.named]\ntagstring = 'x{}'\n");
    tagged(&sandbox, &[]).printed("a\ta\n");
    tagged(&sandbox, &["-J", "plain"]).printed("a\n");
    tagged(&sandbox, &["-J", "plain", "-J", "named"]).printed("xa\ta\n");
    tagged(&sandbox, &["-u"]).printed("a\n");
    tagged(&sandbox, &["--tagstring", "t"]).printed("t\ta\n");
    tagged(&sandbox, &["--config", "/dev/null"]).printed("a\n");

    sandbox.write("other.toml", "[run]\nretries = 3\n[profile.two]\nretries = 2\n[profile.four]\nretries = 4\n");
    let attempts = |args: &[&str]| {
        let all =
            ["--config", "other.toml"].iter().chain(args).chain(&["echo $GANGER_ATTEMPT >> log; false", ":::", "a"]);
        sandbox.run(all).done().told(1, "");
        let log = fs::read_to_string(sandbox.path("log")).expect("a log");
        fs::remove_file(sandbox.path("log")).expect("it is there");
        log.lines().count()
    };
    assert_eq!(attempts(&[]), 3);
    assert_eq!(attempts(&["-J", "two"]), 2);
    assert_eq!(attempts(&["--profile", "two", "--profile", "four"]), 4);
    assert_eq!(attempts(&["--retries", "1", "-J", "two"]), 1);
}

#[test]
fn several_values_and_names_with_dashes_are_understood() {
    let sandbox = Sandbox::new();
    sandbox.write("one", "1\n2\n");
    sandbox.write("two", "a\n");
    configure(&sandbox, "[run]\narg-file = ['one', 'two']\nkeep_order = true\ndelay = 0.001\n");
    sandbox.run(["echo", "{2}{1}"]).done().printed("a1\na2\n");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let sandbox = Sandbox::new();
    let table = [
        ("[run]\njobz = 3\n", "2:1: there is no `jobz`; is `jobs` meant?"),
        ("[run]\nretries = 'many'\n", "2:11: invalid value 'many' for '--retries"),
        ("[run]\nbar = 'yes'\n", "2:7: it is a string, and must be true or false"),
        ("[run]\nretries = [3]\n", "2:11: it is an array, and must be a string or a number"),
        ("[runs]\n", "1:2: there is no `runs`, only [run] and [profile.NAME]; is `run` meant?"),
        ("[profile]\nfast = 3\n", "2:8: it is an integer, and must be a table"),
        ("[profile.unused]\nnot_there = 3\n", "2:1: there is no `not_there`"),
        ("[run]\nfile = 'x'\n", "2:1: there is no `file`"),
        ("[run\n", "1:"),
    ];
    for (text, told) in table {
        configure(&sandbox, text);
        let done = tagged(&sandbox, &[]);
        done.told(255, &format!("config/ganger/config.toml:{told}"));
        assert_eq!(done.stdout, "", "nothing was run");
    }
    configure(&sandbox, "[profile.fast]\njobs = '200%'\n");
    tagged(&sandbox, &["-J", "fastt"]).told(255, "there is no [profile.fastt] in it; is `fast` meant?");
    tagged(&sandbox, &["--config", "nowhere"]).told(255, "nowhere: No such file");
    fs::remove_dir_all(sandbox.path("config")).expect("it is there");
    tagged(&sandbox, &["-J", "fast"]).told(255, "config/ganger/config.toml: No such file");
}

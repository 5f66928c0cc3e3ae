//! A service's configuration file: what it says, what is wrong with it, and how it is read again.

use crate::sandbox::{Cmd, GANGER, Sandbox};

use crate::serve_doors::{TOKEN, write_private};

const EXAMPLE: &str = include_str!("../docs/serve.toml");

fn check<'a>(sandbox: &'a Sandbox, options: &[&str]) -> Cmd<'a> {
    sandbox.cmd(GANGER).args(["serve", "--config", "g.toml", "--check-config"]).args(options)
}

#[test]
fn the_example_is_understood() {
    let sandbox = Sandbox::new();
    write_private(&sandbox, "tokens", &format!("ann:{TOKEN}"));
    sandbox.write("g.toml", EXAMPLE.replace("/etc/ganger/", "").replace("group = \"ganger\"", "group = \"root\""));
    check(&sandbox, &[]).done().printed(
        "store /var/lib/ganger/jobs.db\n\
         listen unix:/run/ganger/ganger.sock\n\
         listen tcp:127.0.0.1:7070\n\
         queue default: 4 at a time of commands, each up to 2147483648 bytes of memory, each up to 1800 s of processor time, \
         in /, each attempt up to 3600 s, 3 attempts, 2 attempts if it crashes, tried again after 1 s to 300 s\n\
         queue thumbnails: 2 at a time of python3 /usr/lib/thumbnails/worker.py, at most 100/s, at most 100000 waiting\n",
    );
}

#[test]
fn what_is_typed_wins() {
    let sandbox = Sandbox::new();
    sandbox.write("g.toml", "[service]\nstore = 'a.db'\nlisten = ['unix:a.sock']\n[queue.one]\nslots = 1\n");
    let options = ["--store", "b.db", "--listen", "unix:b.sock", "--queue", "one=3", "--queue", "two=2"];
    check(&sandbox, &options).done().printed(
        "store b.db\nlisten unix:b.sock\nqueue one: 3 at a time of commands\nqueue two: 2 at a time of commands\n",
    );
    assert!(!sandbox.path("b.db").exists() && !sandbox.path("b.sock").exists(), "nothing is done");
}

#[test]
fn mistakes_are_told_with_their_place_and_the_remedy() {
    let sandbox = Sandbox::new();
    for (text, told) in [
        ("[service]\nstor = 'a'", "g.toml:2:1: there is no `stor`; is `store` meant?"),
        ("[servce]", "g.toml:1:2: there is no `servce`, only [service] and [queue.NAME]; is `service` meant?"),
        ("[queue.a]\nslot = 1", "g.toml:2:1: a queue has no `slot`; is `slots` meant?"),
        ("[queue.a]\nslots = 0", "g.toml:2:9: give a whole number from 1 to 10000"),
        ("[queue.a]\nslots = 1.5", "g.toml:2:9: give a whole number"),
        ("[queue.a]\nrate = '5'", "g.toml:2:8: \"5\" is no rate"),
        ("[queue.a]\nmemory = '0'", "g.toml:2:10: with no memory nothing"),
        ("[queue.a]\nmemory = 'much'", "g.toml:2:10: a size is"),
        ("[queue.a]\nprogram = []", "g.toml:2:11: it is empty"),
        ("[queue.a]\nprogram = 'x'", "g.toml:2:11: it is a string, and must be an array"),
        ("[queue.a]\nprogram = ['x']\nmemory = '1G'", "g.toml:1:8: `memory` is for commands"),
        ("[queue.a]\nstart = 'thread'", "none of zygote, spawn"),
        ("[queue.a]\nbackoff = { first = '5m', most = '1s' }", "of which `most` is not less"),
        ("[queue.a]\nbackoff = { frist = '5m' }", "g.toml:2:13: a backoff has no `frist`; is `first` meant?"),
        ("[queue.a]\ndirectory = 'tmp'", "begins with /"),
        ("[queue.a]\nenvironment = { 'A=B' = '1' }", "cannot be the name of a variable"),
        ("[queue.'a b']", "g.toml:1:8: \"a b\" cannot be a queue's name"),
        ("[queue.'a=3']", "cannot be a queue's name"),
        ("[service]\nlisten = ['tcp:localhost']", "g.toml:2:10:"),
        ("[service]\ndurable = 'very'", "g.toml:2:11:"),
        ("[service]\nlisten = [", "g.toml:2:"),
        ("", "give --store, or `store` in [service]"),
        ("[service]\nstore = 'a'", "give --listen, or `listen` in [service]"),
        ("[service]\nstore = 'a'\nlisten = ['tcp:127.0.0.1:1']", "give --token-file"),
    ] {
        println!("{text}");
        sandbox.write("g.toml", text);
        check(&sandbox, &[]).done().told(255, told);
    }
    check(&sandbox, &["--config", "nowhere.toml"]).done().told(255, "");
}

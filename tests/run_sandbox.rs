//! `--sandbox` of `ganger run` and `ganger serve`: what commands are kept from, and what they are not.

use std::io::Write as _;
use std::net::TcpListener;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, eventually};
use crate::serve_doors::has;
use crate::service::{Service, get, over, submit};

/// Whether this kernel can do all of it.
fn kernel_can(test: &str) -> bool {
    let sandbox = Sandbox::new();
    let done = sandbox.run(["--sandbox", "net=on", "true", ":::", "a"]).done();
    if done.code() != 0 {
        assert!(std::env::var_os("CI").is_none(), "{test}: {}", done.stderr);
        writeln!(std::io::stderr(), "SKIPPED {test}: {}", done.stderr).expect("stderr");
    }
    done.code() == 0
}

#[test]
fn commands_write_where_they_may() {
    if !kernel_can("commands_write_where_they_may") {
        return;
    }
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("out")).expect("a directory");
    let run = ["--sandbox", "strict,write=out", "-k", "echo x > {}", ":::", "out/a", "b"];
    let done = sandbox.run(run).done();
    done.told(1, "ermission denied");
    assert!(sandbox.path("out/a").exists() && !sandbox.path("b").exists());
    // What ganger itself writes is no command's.
    sandbox
        .run(["--sandbox", "strict", "--results", "r", "--store", "s.db", "echo {}", ":::", "a"])
        .done()
        .printed("a\n");
    assert!(sandbox.path("r").exists() && sandbox.path("s.db").exists());
}

#[test]
fn commands_without_the_network_have_none() {
    if !kernel_can("commands_without_the_network_have_none") {
        return;
    }
    let sandbox = Sandbox::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let port = listener.local_addr().expect("bound").port();
    let ask = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo in");
    sandbox.run(["--sandbox", "net=on", "bash", "-c", &ask, ":::", "a"]).done().printed("in\n");
    for kept in ["net=off", "net=unix", "strict"] {
        let done = sandbox.run(["--sandbox", kept, "bash", "-c", &ask, ":::", "a"]).done();
        assert!(done.code() == 1 && done.stderr.contains("not permitted"), "{kept}: {done:#?}");
    }
}

/// Its worker opens a block for a command, which may read nothing of ours; and what runs under limits is held to them.
#[test]
fn what_workers_do_for_commands_still_works() {
    if !kernel_can("what_workers_do_for_commands_still_works") {
        return;
    }
    let sandbox = Sandbox::new();
    let strict = ["--sandbox", "strict"];
    let counted =
        sandbox.run(strict.iter().chain(&["--pipe", "--block", "1K", "-k", "wc", "-l"])).stdin("a\n".repeat(2000));
    let lines: u32 = counted.done().stdout.lines().map(|line| line.trim().parse::<u32>().expect("a number")).sum();
    assert_eq!(lines, 2000);
    let done = sandbox.run(strict.iter().chain(&["--memory-max", "64M", "tail /dev/zero", ":::", "a"])).done();
    done.told(1, "out of memory");
    let done = sandbox.run(strict.iter().chain(&["--timeout", "100ms", "sleep {}", ":::", "600"])).done();
    done.told(1, "ran for longer");
    sandbox.run(strict.iter().chain(&["-u", "echo {}", ":::", "a"])).done().printed("a\n");
}

#[test]
fn a_program_that_is_kept_is_kept_in() {
    if !kernel_can("a_program_that_is_kept_is_kept_in") {
        return;
    }
    let sandbox = Sandbox::new();
    let script = "while read -r line; do id=${line#*:} id=${id%%,*}; (echo > file) 2> /dev/null; \
                  echo '{\"id\":'$id',\"output\":\"'$?'\"}'; done";
    let done = sandbox.run(["--sandbox", "strict,read=.", "--worker", "sh", "-c", script, ":::", "a"]).done();
    assert!(done.code() == 0 && done.stdout != "0\n" && !sandbox.path("file").exists(), "{done:#?}");
}

#[test]
fn nothing_of_a_sandbox_outlives_its_run() {
    if !kernel_can("nothing_of_a_sandbox_outlives_its_run") {
        return;
    }
    let sandbox = Sandbox::new();
    let run = ["--sandbox", "strict,write=.", "echo > begun; setsid sleep 600 & sleep 600", ":::", "a"];
    let started = sandbox.run(run).start();
    sandbox.file("begun");
    started.signal(Signal::SIGKILL);
    started.done();
    eventually("it is gone", || sandbox.processes().is_empty());
    sandbox.forget_temporary_files();
}

#[test]
fn what_is_no_sandbox_is_told() {
    let sandbox = Sandbox::new();
    sandbox.refuses(&[
        (&["--sandbox", "strickt", "true", ":::", "a"], "\"strickt\" is none of strict, read=PATH, write=PATH"),
        (&["--sandbox", "read=nowhere,best-effort", "true", ":::", "a"], "nowhere: No such file or directory"),
    ]);
    sandbox.write("jobs.toml", "[[job]]\nname = 'a'\ncommand = 'true'\nsandbox = 'strict'\n");
    sandbox.refuses(&[(&["--file", "jobs.toml"], "sandbox")]);
    sandbox.write("g.toml", "[queue.a]\nsandbox = 'strict,write=out'\n");
    let check = ["serve", "--config", "g.toml", "--check-config", "--store", "s.db", "--listen", "unix:s.sock"];
    let done = sandbox.cmd(crate::sandbox::GANGER).args(check).done();
    done.told(255, "\"out\" is no path that begins with /");
    sandbox.write("g.toml", "[queue.a]\nsandbox = 'strict,write=/out'\n");
    let done = sandbox.cmd(crate::sandbox::GANGER).args(check).done();
    assert!(done.stdout.contains("in a sandbox (strict,write=/out)"), "{done:#?}");
}

/// Of the first attempt at its only task.
fn printed(client: &mut ganger_daemon::Client, queue: &str, script: &str) -> String {
    let job = submit(client, &json!({"queue": queue, "command": ["sh", "-c", script]}));
    over(client, job);
    let story: Value = get(client, &format!("/v1/jobs/{job}/tasks/1"));
    assert_eq!(story["state"], json!("succeeded"), "{story}");
    let answer = client.get(&format!("/v1/jobs/{job}/tasks/1/stdout")).expect("an answer");
    String::from_utf8(answer.body).expect("text")
}

#[test]
fn a_task_in_a_sandbox_does_not_reach_its_service() {
    let test = "a_task_in_a_sandbox_does_not_reach_its_service";
    if !kernel_can(test) || !has(test, &["curl"]) {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write(
        "g.toml",
        "[service]\nsandbox = 'strict'\n[queue.kept]\nslots = 1\n[queue.free]\nslots = 1\nsandbox = 'net=on'\n",
    );
    let service = Service::start(&sandbox, &["--config", "g.toml"]);
    let mut client = service.client();
    let place = sandbox.path(".").display().to_string();
    // Which it can without: to ask it, to read its store, and to stop it.
    let script = format!(
        "cd {place}; curl -s -o /dev/null --unix-socket s.sock http://localhost/v1/jobs && echo asked; \
         head -c 6 s.db 2>/dev/null && echo; kill -0 $PPID 2>/dev/null && echo reached; true"
    );
    assert_eq!(printed(&mut client, "kept", &script), "");
    assert_eq!(
        printed(&mut client, "free", &script),
        "asked\nSQLite\n",
        "a sandbox that says nothing of files and sockets"
    );
    service.stop();
}

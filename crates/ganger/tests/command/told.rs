//! What a command is given, and how its end is told.

use std::os::unix::fs::PermissionsExt;

use ganger::{
    Bytes, Command, Exit, FailureKind, MemoryFile, Outcome, Pool, Reports, SLOT, StartMethod, Stdin, StdinPart,
    TaskOptions,
};

use crate::shop::{Shop, command, sh};

fn bytes(text: &str) -> Bytes {
    Bytes::from(text.as_bytes().to_vec())
}

#[test]
fn an_exit_is_told_as_it_was() {
    let mut shop = Shop::new();
    let table = [
        ("exit 0", Exit::Code(0)),
        ("exit 3", Exit::Code(3)),
        ("exit 255", Exit::Code(255)),
        ("kill -TERM $$", Exit::Signal { number: 15, core: false }),
        ("kill -KILL $$", Exit::Signal { number: 9, core: false }),
        ("kill -40 $$", Exit::Signal { number: 40, core: false }),
    ];
    for (script, exit) in table {
        let told = shop.run(sh(script));
        assert_eq!(told.exit(), exit, "{script}");
        if exit == Exit::Code(0) {
            assert!(matches!(told.outcome, Some(Outcome::Returned(_))), "{told:?}");
        } else {
            assert_eq!((told.failure().kind, &told.failure().message), (FailureKind::Command, &exit.to_string()));
        }
    }
}

#[test]
fn what_it_used_is_told() {
    let mut shop = Shop::new();
    let end = shop.run(sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")).command_end();
    assert!(!end.user.is_zero() && end.user + end.system <= end.wall * 2, "{end:?}");
    assert!(end.max_rss > 100 << 10, "{end:?}");
}

#[test]
fn arguments_come_as_they_are() {
    let argv: [&[u8]; 7] = [b"printf", b"%s|", b"", b"a  b", b"\xff\xfe", b"$HOME", b"'\n"];
    let told = Shop::new().run(command(argv));
    assert_eq!(told.out, b"|a  b|\xff\xfe|$HOME|'\n|");
}

#[test]
fn it_knows_its_slot_its_task_and_its_attempt() {
    let mut shop = Shop::with(Pool::builder().workers(1), 1 << 20);
    let told = shop.run(command([&b"sh"[..], b"-c", &[b"echo ", SLOT, b" $GANGER_SLOT $GANGER_ATTEMPT"].concat()]));
    assert_eq!((told.out(), told.slot, told.attempts), ("1 1 1\n", 1, 1));
    assert!(!shop.run(sh("echo -n $GANGER_TASK")).out().is_empty());
}

#[test]
fn environment_and_directory_are_the_commands_own() {
    let mut shop = Shop::new();
    let env = vec![(bytes("A"), bytes("1")), (bytes("A"), bytes("2")), (bytes("GANGER_ATTEMPT"), bytes("mine"))];
    let told =
        shop.run(Command { env, dir: Some(bytes("/usr")), ..sh("pwd; echo $A $GANGER_ATTEMPT; echo ${HOME:+home}") });
    assert_eq!(told.out(), "/usr\n2 mine\nhome\n");
    assert_eq!(shop.run(sh("echo ${A-none}; [ $(pwd) = /usr ] || echo elsewhere")).out(), "none\nelsewhere\n");
}

#[test]
fn a_path_of_its_own_is_where_its_program_is_looked_for() {
    let dir = std::env::temp_dir().join(format!("ganger-path-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("only-here"), "#!/bin/sh\necho found\n").unwrap();
    std::fs::set_permissions(dir.join("only-here"), PermissionsExt::from_mode(0o755)).unwrap();
    let mut shop = Shop::new();
    let found = Command { env: vec![(bytes("PATH"), bytes(dir.to_str().unwrap()))], ..command(["only-here"]) };
    // Another test may be starting a process with the new file still open for writing.
    let careful = TaskOptions::new().failure_attempts(100);
    assert_eq!(shop.run_with(found, &careful).out(), "found\n");
    assert_eq!(shop.run(command(["only-here"])).failure().kind, FailureKind::Spawn);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn stdin_is_empty_and_nothing_else_is_open() {
    let mut shop = Shop::new();
    assert_eq!(shop.run(sh("cat; readlink /proc/self/fd/0")).out(), "/dev/null\n");
    // The fourth is that of the directory which is listed.
    assert_eq!(shop.run(command(["ls", "/proc/self/fd"])).out(), "0\n1\n2\n3\n");
}

#[test]
fn what_cannot_be_started_says_why_and_what_to_do() {
    let mut shop = Shop::new();
    let told = |shop: &mut Shop, command: Command| {
        let told = shop.run(command);
        assert_eq!((told.failure().kind, &told.failure().value), (FailureKind::Spawn, &None));
        told.failure().message.clone()
    };
    let table = [
        (command(["no-such-program"]), ["no-such-program", "PATH"]),
        (command(["/etc/passwd"]), ["/etc/passwd", "chmod +x"]),
        (command(["/"]), ["`/`", "directory"]),
        (Command { dir: Some(bytes("/no/such/dir")), ..sh("true") }, ["directory", "enter"]),
        (command(["echo", "a\0b"]), ["NUL", "a\\0b"]),
        (Command { env: vec![(bytes("A=B"), bytes(""))], ..sh("true") }, ["variable", "A=B"]),
        (command(["true", &"x".repeat(1 << 20)]), ["true", "too large"]),
        (Command::default(), ["cannot start", ""]),
    ];
    for (command, parts) in table {
        let message = told(&mut shop, command);
        assert!(parts.iter().all(|part| message.contains(part)), "{message:?} lacks one of {parts:?}");
    }
    assert_eq!(shop.run(sh("echo usable")).out(), "usable\n");
}

#[test]
fn a_failed_attempt_is_void_and_another_follows() {
    let mut shop = Shop::new();
    let options = TaskOptions::new().failure_attempts(3);
    let told = shop.run_with(sh("echo try $GANGER_ATTEMPT; [ $GANGER_ATTEMPT = 3 ]"), &options);
    assert_eq!((told.out(), told.again, told.attempts, told.exit()), ("try 3\n", 2, 3, Exit::Code(0)));
    let told = shop.run_with(sh("echo try $GANGER_ATTEMPT; exit 7"), &options);
    assert_eq!((told.out(), told.again, told.attempts, told.exit()), ("try 3\n", 2, 3, Exit::Code(7)));
    assert!(told.before.iter().all(|(slot, exit)| *slot > 0 && *exit == Some(Exit::Code(7))), "{:?}", told.before);
}

#[test]
fn threads_run_commands_as_well() {
    let mut shop = Shop::with(Pool::builder().workers(2).start_method(StartMethod::Thread), 1 << 20);
    assert_eq!(shop.run(sh("echo -n out; echo -n err >&2; exit 4")).exit(), Exit::Code(4));
    let spawned = &mut Shop::with(Pool::builder().workers(1).start_method(StartMethod::Spawn), 1 << 20);
    assert_eq!(spawned.run(sh("echo spawned")).out(), "spawned\n");
}

#[test]
fn a_pool_for_functions_gives_the_command_back() {
    let pool = Pool::new(1).unwrap();
    let refused = pool.run_command(sh("true"), &TaskOptions::new(), &Reports::new(1)).unwrap_err();
    assert!(refused.to_string().contains("for_commands()"), "{refused}");
    assert_eq!(refused.args, sh("true"));
}

#[test]
fn standard_input_is_what_was_given_on_every_attempt() {
    let mut shop = Shop::new();
    let text: Vec<u8> = (0..300_000_u32).flat_map(|n| format!("{n}\n").into_bytes()).collect();
    let options = TaskOptions::new().failure_attempts(2);
    let command =
        Command { stdin: Stdin::Bytes(text.clone().into()), ..sh("head -n 1; cksum; [ $GANGER_ATTEMPT = 2 ]") };
    let told = shop.run_with(command, &options);
    assert_eq!((told.again, told.exit()), (1, Exit::Code(0)));
    let rest = text.len() - 2;
    assert!(told.out().starts_with("0\n") && told.out().ends_with(&format!(" {rest}\n")), "{}", told.out());
    assert_eq!(shop.run(Command { stdin: Stdin::Bytes(Bytes::new()), ..sh("wc -c") }).out().trim(), "0");
}

#[test]
fn stdin_may_be_a_file_that_is_not_sent() {
    let mut shop = Shop::new();
    let file = MemoryFile::new(&[b"abc", b"def\n"]).unwrap();
    let part = |start, length| {
        let path = bytes(file.path());
        Stdin::Part(Box::new(StdinPart { head: bytes("head:"), path, start, length }))
    };
    assert_eq!(shop.run(Command { stdin: file.stdin(), ..sh("cat; tail -c 2 < /dev/stdin") }).out(), "abcdef\nf\n");
    assert_eq!(shop.run(Command { stdin: part(2, 3), ..sh("cat") }).out(), "head:cde");
    let told = shop.run(Command { stdin: part(2, 30), ..sh("cat") });
    assert!(matches!(&told.outcome, Some(Outcome::Failed(failure)) if failure.message.contains("shorter")), "{told:?}");
    let gone = Stdin::File(Box::new(bytes("/nowhere/at/all")));
    let told = shop.run(Command { stdin: gone, ..sh("cat") });
    assert!(
        matches!(&told.outcome, Some(Outcome::Failed(failure)) if failure.message.contains("/nowhere/at/all")),
        "{told:?}"
    );
}

//! Commands in a sandbox.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use ganger::{Exit, Pool, Sandbox, Stdin};
use tempfile::TempDir;

use crate::shop::{Shop, command, sh};

/// None, said loudly, where this kernel cannot do it.
fn shop(test: &str, sandbox: Sandbox) -> Option<Shop> {
    match Pool::builder().workers(1).sandbox(sandbox.clone()).for_commands().build() {
        Ok(_) => Some(Shop::with(Pool::builder().workers(1).sandbox(sandbox), 1 << 20)),
        Err(why) => {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{test}: {why}");
            writeln!(std::io::stderr(), "SKIPPED {test}: {why}").expect("stderr");
            None
        }
    }
}

#[test]
fn a_command_is_kept_and_its_worker_is_not() {
    let dir = TempDir::new().unwrap();
    let Some(mut shop) = shop("a_command_is_kept_and_its_worker_is_not", Sandbox::strict()) else { return };
    let file = dir.path().join("file");
    let told = shop.run(sh(&format!("echo out > {}", file.display())));
    assert!(String::from_utf8_lossy(&told.err).contains("ermission denied"), "{told:?}");
    assert!(!file.exists());
    // Its worker has opened this for it.
    fs::write(&file, "in").unwrap();
    let path = file.as_os_str().as_encoded_bytes().to_vec();
    let told = shop.run(ganger::Command { stdin: Stdin::File(Box::new(path.into())), ..command(["cat"]) });
    assert_eq!(told.out(), "in");
    assert!(matches!(shop.run(command([b"cat", file.as_os_str().as_encoded_bytes()])).exit(), Exit::Code(1)));
}

#[test]
fn a_command_does_not_reach_its_worker() {
    let Some(mut shop) = shop("a_command_does_not_reach_its_worker", Sandbox::new()) else { return };
    let told =
        shop.run(sh("kill -KILL $PPID; kill -0 $PPID; cat /proc/$PPID/environ; sleep 100 & kill $!; wait $!; echo $?"));
    assert_eq!((told.out(), told.attempts), ("143\n", 1));
    let err = String::from_utf8_lossy(&told.err);
    assert_eq!((err.matches("ot permitted").count(), err.matches("denied").count()), (2, 1), "{err}");
}

#[test]
fn a_set_uid_program_gives_no_privileges() {
    let test = "a_set_uid_program_gives_no_privileges";
    let Some(mut kept) = shop(test, Sandbox::new()) else { return };
    let dir = TempDir::new().unwrap();
    let id = dir.path().join("id");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy("/usr/bin/id", &id).unwrap();
    fs::set_permissions(&id, fs::Permissions::from_mode(0o4755)).unwrap();
    let as_nobody = format!("exec setpriv --reuid=65534 --regid=65534 --clear-groups {} -u", id.display());
    let free = Shop::new().run(sh(&as_nobody));
    if free.out() != "0\n" {
        return writeln!(
            std::io::stderr(),
            "SKIPPED {test}: takes root, setpriv and a file system for set-uid programs"
        )
        .unwrap();
    }
    assert_eq!(kept.run(sh(&as_nobody)).out(), "65534\n");
}

#[test]
fn a_program_that_may_not_be_read_is_told_so() {
    let dir = TempDir::new().unwrap();
    let Some(mut shop) = shop("a_program_that_may_not_be_read_is_told_so", Sandbox::strict()) else { return };
    let script = dir.path().join("script");
    fs::write(&script, "#!/bin/sh\necho ran\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let told = shop.run(command([script.as_os_str().as_encoded_bytes()]));
    assert!(told.failure().message.contains("may its sandbox read it"), "{told:?}");
}

#[test]
fn a_forbidden_system_call_is_named() {
    let Some(mut shop) = shop("a_forbidden_system_call_is_named", Sandbox::new()) else { return };
    let told = shop.run(sh("kill -SYS $$"));
    assert!(told.failure().message.contains("SIGSYS: it made a system call that is forbidden to it"), "{told:?}");
}

//! Pools whose workers keep a program.

use std::time::Duration;

use ganger::{Command, Exit, Hosted, Outcome, Pool, Progress, Report, Reports, StartMethod, TaskOptions};

const DEADLINE: Duration = Duration::from_secs(30);

/// One worker with a script that answers lines.
fn pool(script: &str) -> Pool {
    let argv = ["sh", "-c", script].map(|word| word.as_bytes().to_vec().into()).into();
    let command = Command { argv, ..Command::default() };
    let hosted = Hosted { name: "scripted".to_owned(), command, says_ready: false };
    Pool::builder().workers(1).hosting(hosted).build().unwrap()
}

/// All that is reported of one line, the outcome last.
fn reported(script: &str, options: &TaskOptions) -> Vec<Report> {
    let (pool, reports) = (pool(script), Reports::new(1 << 20));
    pool.submit_line(1, &["x"], options, &reports).unwrap();
    let mut all = Vec::new();
    while !matches!(all.last(), Some(Report::Ended { .. })) {
        all.push(reports.recv(Some(DEADLINE)).expect("a report within the deadline"));
    }
    all
}

#[test]
fn progress_is_reported_before_the_answer() {
    let script =
        r#"read -r line; echo '{"id":1,"progress":0.5,"message":"half"}'; echo '{"id":1,"output":7}'; read -r end"#;
    let all = reported(script, &TaskOptions::new());
    let half = Progress { share: Some(0.5), message: Some("half".to_owned()) };
    assert!(matches!(&all[0], Report::Progress { progress, .. } if *progress == half), "{all:?}");
    assert!(matches!(&all[1], Report::Ended { outcome: Outcome::Returned(seven), .. } if seven == b"7\n"), "{all:?}");
}

#[test]
fn a_fault_is_told_once_an_attempt_and_counts_as_the_programs_death() {
    let all = reported("read -r line; exit 9", &TaskOptions::new().crash_attempts(2));
    let faults: Vec<_> = all.iter().filter(|report| matches!(report, Report::Fault { task: Some(_), .. })).collect();
    assert_eq!(faults.len(), 2, "{all:?}");
    let Some(Report::Ended { outcome, attempts, .. }) = all.last() else { panic!("{all:?}") };
    assert_eq!((outcome, *attempts), (&Outcome::Crashed(vec![Exit::Code(9); 2]), 2));

    let all = reported("read -r line; echo what", &TaskOptions::new().crash_attempts(1));
    let Some(Report::Ended { outcome, .. }) = all.last() else { panic!("{all:?}") };
    assert_eq!(*outcome, Outcome::Crashed(vec![Exit::Misbehaved]));
}

#[test]
fn a_pool_that_was_not_made_for_lines_refuses_them() {
    let (plain, reports) = (Pool::new(1).unwrap(), Reports::new(1 << 20));
    let refused = plain.submit_line(1, &["x"], &TaskOptions::new(), &reports).unwrap_err();
    assert!(refused.to_string().contains("for_lines()"), "{refused}");
    let on_threads = Pool::builder().start_method(StartMethod::Thread).for_lines().build().unwrap_err();
    assert!(on_threads.to_string().contains("Zygote or Spawn"), "{on_threads}");
    // This program has no function that answers lines, and so no worker of this pool gets ready.
    let lines = Pool::builder().workers(1).for_lines().build().unwrap();
    let submitted = lines.submit_line(1, &["x"], &TaskOptions::new(), &reports);
    let told = match submitted {
        Err(error) => error.to_string(),
        Ok(_) => loop {
            let report = reports.recv(Some(DEADLINE)).expect("a report within the deadline");
            if let Report::Ended { outcome, .. } = report {
                break format!("{outcome:?}");
            }
        },
    };
    assert!(told.contains("#[ganger::worker]"), "{told}");
}

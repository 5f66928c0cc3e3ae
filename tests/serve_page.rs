//! `ganger serve`: its page, in a real browser. What is to hold stands in `page/cases.mjs`; here each case gets a service.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::sandbox::Sandbox;
use crate::serve_doors::{TOKEN, with_port};

/// A browser takes what a machine has.
static BROWSER: Mutex<()> = Mutex::new(());

/// What a case needs that the project's CI installs, and how.
fn missing(cases: &Path) -> Option<&'static str> {
    let runs = |program: &str| std::process::Command::new(program).arg("--version").output().is_ok();
    match (runs("node"), runs("chromium"), cases.join("node_modules/playwright-core").exists()) {
        (false, ..) => Some("no node: apt-get install nodejs npm"),
        (_, false, _) => Some("no chromium: apt-get install chromium"),
        (.., false) => Some("no playwright-core and axe-core: npm ci --prefix tests/page"),
        (true, true, true) => None,
    }
}

#[track_caller]
fn holds(case: &str) {
    let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    if let Some(why) = missing(&cases) {
        assert!(std::env::var_os("CI").is_none(), "{why}");
        return writeln!(std::io::stderr(), "SKIPPED the page: {case}: {why}").expect("stderr");
    }
    let sandbox = Sandbox::new();
    let (service, port) = with_port(&sandbox, &["--queue", "default=2", "--queue", "other=2", "--drain", "0s"]);
    let node = sandbox.cmd("node").arg(cases.join("run.mjs")).args([case, &format!("http://127.0.0.1:{port}"), TOKEN]);
    let one_at_a_time = BROWSER.lock();
    // It has a deadline of its own, which a browser on a busy machine needs to be a long one.
    let told = { node }.command.output().expect("node starts");
    drop(one_at_a_time);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    service.stop();
    sandbox.forget_temporary_files();
}

#[test]
fn the_page_shows_jobs_and_their_tasks() {
    holds("shows");
}

#[test]
fn the_page_shows_output_while_it_comes() {
    holds("follows");
}

#[test]
fn the_page_hands_in_and_asks_before_it_destroys() {
    holds("acts");
}

#[test]
fn the_page_works_with_the_keyboard_alone() {
    holds("keyboard");
}

#[test]
fn the_page_fits_a_small_phone() {
    holds("narrow");
}

#[test]
fn axe_finds_nothing_on_the_light_page() {
    holds("light");
}

#[test]
fn axe_finds_nothing_on_the_dark_page() {
    holds("dark");
}

#[test]
fn what_jobs_say_does_nothing_to_the_page() {
    holds("harmless");
}

#[test]
fn the_page_asks_nobody_else() {
    holds("closed");
}

#[test]
fn the_page_asks_for_a_token_when_a_session_is_over() {
    holds("session");
}

#[test]
fn the_page_works_the_service() {
    holds("operates");
}

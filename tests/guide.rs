//! The guides (docs/run.md, docs/serve.md and their chapters): their commands are run as they stand there, chapter by chapter,
//! and print what the guide says; what it links to is there.
//!
//! A block marked `sh` is run, by the one bash that a chapter has. A block marked `text` right after it is what it
//! prints, on standard output and standard error; `…` stands for any text within a line, and a line of `…` for any
//! lines. Without such a block it has to succeed. A comment `<!-- sh` … `-->` is run as well, unseen, and `sh ignore`
//! is not run. Blocks marked `sh root` are run under a systemd of their own (tests/systemd/guide.rs).

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sandbox::{GANGER, Sandbox};

/// Between the outputs of two blocks; the status of the first comes after it.
const MARK: &str = "=== end of a block: ";

/// Commands of a chapter, and what they print if the chapter says so.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    script: String,
    printed: Option<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text between a line that opens a block and the one that closes it, and what comes then.
fn body<'a>(text: &'a str, close: &str) -> (&'a str, &'a str) {
    text.split_once(close).unwrap_or_else(|| panic!("a block without an end: {text}"))
}

/// The blocks of a chapter that are marked so, in their order.
fn blocks(chapter: &str, mark: &str) -> Vec<Block> {
    let (mut found, mut rest) = (Vec::new(), chapter);
    while let Some((line, after)) = rest.split_once('\n') {
        let (script, then) = match line {
            _ if line.strip_prefix("```") == Some(mark) => body(after, "\n```\n"),
            _ if line.strip_prefix("<!-- ") == Some(mark) => body(after, "\n-->\n"),
            _ if line.starts_with("```") => {
                rest = body(after, "```\n").1;
                continue;
            }
            _ => {
                rest = after;
                continue;
            }
        };
        let printed = then.trim_start_matches('\n').strip_prefix("```text\n").map(|text| body(text, "```\n"));
        rest = printed.map_or(then, |(_, then)| then);
        found.push(Block { script: script.to_owned(), printed: printed.map(|(text, _)| text.to_owned()) });
    }
    found
}

/// Whether a line is as the guide has it.
fn line_fits(wanted: &str, found: &str) -> bool {
    let Some((before, rest)) = wanted.split_once('…') else { return wanted == found };
    let Some(found) = found.strip_prefix(before) else { return false };
    found.char_indices().map(|(at, _)| at).chain([found.len()]).any(|at| line_fits(rest, &found[at..]))
}

/// Whether all lines are.
fn fits(wanted: &[&str], found: &[&str]) -> bool {
    match wanted {
        [] => found.is_empty(),
        ["…", rest @ ..] => (0..=found.len()).any(|at| fits(rest, &found[at..])),
        [line, rest @ ..] => found.first().is_some_and(|first| line_fits(line, first)) && fits(rest, &found[1..]),
    }
}

/// What is wrong with what a block printed, if anything is.
fn fault(block: &Block, found: &str, status: &str) -> Option<String> {
    let lines = |text: &str| text.lines().map(str::trim_end).map(str::to_owned).collect::<Vec<_>>();
    let good = match &block.printed {
        None => status == "0",
        Some(wanted) => {
            let (wanted, found) = (lines(wanted), lines(found));
            fits(
                &wanted.iter().map(String::as_str).collect::<Vec<_>>(),
                &found.iter().map(String::as_str).collect::<Vec<_>>(),
            )
        }
    };
    let wanted = block.printed.as_deref().unwrap_or("(success)\n");
    (!good).then(|| format!("{}\nwanted:\n{wanted}found (status {status}):\n{found}\n", block.script))
}

/// All blocks in one bash, which tells where each ends.
fn script(blocks: &[Block]) -> String {
    let one = |block: &Block| format!("{}\nprintf '\\n{MARK}%d\\n' $?\n", block.script);
    format!("exec 2>&1\n{}", blocks.iter().map(one).collect::<String>())
}

/// Runs a chapter.
#[track_caller]
fn run(name: &str) {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("bin")).expect("a directory");
    symlink(GANGER, sandbox.path("bin/ganger")).expect("a link");
    run_by(name, "sh", |script| {
        let place = "PATH=$PWD/bin:$PATH\nmkdir home work; export HOME=$PWD/home; cd work\n";
        let mut cmd = sandbox.cmd("bash").arg("-c").arg(format!("{place}{script}"));
        for name in ["GANGER_STORE", "GANGER_CONFIG", "GANGER_CONNECT", "XDG_CONFIG_HOME"] {
            cmd.command.env_remove(name);
        }
        cmd.done().stdout
    });
}

/// Has the blocks of a chapter run that are marked so, by who gives back what they print.
#[track_caller]
pub(crate) fn run_by(name: &str, mark: &str, bash: impl FnOnce(&str) -> String) {
    let chapter = fs::read_to_string(root().join("docs").join(name)).expect("the chapter");
    let blocks = blocks(&chapter, mark);
    assert!(!blocks.is_empty(), "{name} has commands");
    let printed = bash(&script(&blocks));
    let mut rest = printed.as_str();
    let mut faults = String::new();
    for block in &blocks {
        let (found, after) = rest.split_once(MARK).unwrap_or((rest, "nothing: bash has ended\n"));
        let (status, after) = after.split_once('\n').unwrap_or((after, ""));
        faults += &fault(block, found.strip_suffix('\n').unwrap_or(found), status).unwrap_or_default();
        rest = after;
    }
    assert!(faults.is_empty(), "\ndocs/{name}:\n{faults}");
}

/// Whether there is a program that a chapter calls.
fn has(program: &str, test: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "{program} is missing: apt-get install {program}");
    if !there {
        let _ = writeln!(io::stderr(), "SKIPPED {test}: there is no {program}");
    }
    there
}

/// Every file of the guide.
fn chapters() -> Vec<PathBuf> {
    let of = |dir: PathBuf| fs::read_dir(dir).expect("a directory").flatten().map(|entry| entry.path());
    let all = ["docs", "docs/run", "docs/serve"].into_iter().flat_map(|dir| of(root().join(dir)));
    all.filter(|path| path.extension().is_some_and(|ext| ext == "md")).collect()
}

/// Where the links of a text lead.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// A heading's name in a link.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// Whether a link of this file leads somewhere.
fn leads(file: &Path, link: &str) -> bool {
    let (path, place) = link.split_once('#').map_or((link, None), |(path, place)| (path, Some(place)));
    let target = if path.is_empty() { file.to_owned() } else { file.parent().expect("a directory").join(path) };
    let heading = |text: String| {
        text.lines()
            .filter(|line| line.starts_with('#'))
            .any(|line| Some(anchor(line.trim_start_matches('#').trim()).as_str()) == place)
    };
    target.exists() && (place.is_none() || fs::read_to_string(target).is_ok_and(heading))
}

#[test]
fn what_the_guide_links_to_is_there() {
    let readme = root().join("README.md");
    for file in chapters().into_iter().chain([readme]) {
        let text = fs::read_to_string(&file).expect("a chapter");
        for link in links(&text).filter(|link| !link.starts_with("http")) {
            assert!(leads(&file, link), "{} links to {link}", file.display());
        }
    }
}

#[test]
fn chapters_are_short_and_are_run() {
    let tests = include_str!("guide.rs");
    for file in chapters() {
        let text = fs::read_to_string(&file).expect("a chapter");
        assert!(text.lines().count() <= 400, "{}: more than 400 lines; split it", file.display());
        let name = file.strip_prefix(root().join("docs")).expect("a file there").to_str().expect("a name");
        let listed = tests.contains(&format!("run(\"{name}\")"));
        assert_eq!(listed, !blocks(&text, "sh").is_empty(), "{name}: a chapter with commands needs a test here");
    }
}

#[test]
fn a_block_that_prints_something_else_is_found() {
    let blocks =
        blocks("text\n\n```sh\nls\n```\n\n```text\na…c\n…\nd\n```\n```toml\nx\n```\n<!-- sh\ntrue\n-->\n", "sh");
    let [first, second] = blocks.as_slice() else { panic!("{blocks:?}") };
    assert_eq!((first.script.as_str(), second.script.as_str()), ("ls", "true"));
    for (found, good) in [("abc\nd\n", true), ("ac\n1\n2\nd\n", true), ("ab\nd\n", false), ("abc\n", false)] {
        assert_eq!(fault(first, found, "0").is_none(), good, "{found}");
    }
    assert!(fault(second, "", "0").is_none() && fault(second, "", "1").is_some());
}

#[test]
fn the_way_from_nothing_to_a_report() {
    run("run.md");
}

#[test]
fn the_chapter_of_inputs() {
    run("run/inputs.md");
}

#[test]
fn the_chapter_of_output() {
    run("run/output.md");
}

#[test]
fn the_chapter_of_failures() {
    run("run/failures.md");
}

#[test]
fn the_chapter_of_records() {
    run("run/records.md");
}

#[test]
fn the_chapter_of_looking() {
    run("run/looking.md");
}

#[test]
fn the_chapter_of_limits() {
    run("run/limits.md");
}

#[test]
fn the_chapter_of_workers() {
    if has("python3", "the_chapter_of_workers") {
        run("run/workers.md");
    }
}

#[test]
fn the_chapter_of_scripts() {
    run("run/scripts.md");
}

#[test]
fn the_chapter_of_testing() {
    run("run/testing.md");
}

#[test]
fn the_chapter_of_testing_a_service() {
    if has("curl", "the_chapter_of_testing_a_service") {
        run("serve/testing.md");
    }
}

#[test]
fn the_chapter_of_parallel() {
    run("run/parallel.md");
}

#[test]
fn the_chapter_of_questions() {
    run("run/questions.md");
}

#[test]
fn the_chapter_of_progress() {
    run("run/progress.md");
}

#[test]
fn the_chapter_of_jobs() {
    run("run/jobs.md");
}

#[test]
fn the_chapter_of_blocks() {
    run("run/pipe.md");
}

#[test]
fn the_way_from_nothing_to_a_service() {
    run("serve.md");
}

#[test]
fn the_chapter_of_jobs_for_a_service() {
    run("serve/jobs.md");
}

#[test]
fn the_chapter_of_schedules() {
    run("serve/schedules.md");
}

#[test]
fn the_chapter_of_configuration() {
    if has("python3", "the_chapter_of_configuration") {
        run("serve/configuration.md");
    }
}

#[test]
fn the_chapter_of_watching() {
    if has("curl", "the_chapter_of_watching") {
        run("serve/watching.md");
    }
}

#[test]
fn the_chapter_of_http() {
    if has("curl", "the_chapter_of_http") {
        run("serve/http.md");
    }
}

#[test]
fn the_chapter_of_durability() {
    run("serve/durability.md");
}

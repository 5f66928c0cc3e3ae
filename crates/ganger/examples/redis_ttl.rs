//! Asks a Redis server for the time to live of every key, with N workers, of which each has a connection of its own: as
//! threads and as processes, by one word.
//!
//! ```text
//! cargo build --release -p ganger-jobs --example redis_ttl
//! redis-server --port 7379 --save '' --appendonly no --daemonize yes
//! redis_ttl fill                                          # 235,073 keys, half of them expire within a day
//! redis_ttl run --how processes --workers 8,16,64,128
//! ```
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that tells what it found")]

use std::cell::RefCell;
use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ganger::{Pool, StartMethod};
use redis::{Commands, Connection, IntegerReplyOrNoOp};
use serde::Serialize;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// Keys that the server is asked for at a time. While it collects them it answers nobody.
const PAGE: usize = 5_000;
/// Keys that a worker is handed at a time. What the pool would choose is made for work that computes: an answer takes so long
/// that it would be handed one, and be woken for each.
const CHUNK: usize = 300;

#[derive(Parser)]
struct Flags {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Put keys into the server
    Fill(FillFlags),
    /// Ask for the time to live of each
    Run(RunFlags),
}

#[derive(Args)]
struct FillFlags {
    #[arg(long, default_value = "redis://127.0.0.1:7379")]
    url: String,
    #[arg(long, default_value_t = 235_073)]
    keys: u64,
}

#[derive(Args)]
struct RunFlags {
    #[arg(long, default_value = "redis://127.0.0.1:7379")]
    url: String,
    #[arg(long, value_enum, default_value_t)]
    how: How,
    /// One run for each number
    #[arg(long, value_delimiter = ',', default_value = "8")]
    workers: Vec<usize>,
    /// A line of JSON for each run instead of a sentence
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Default, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum How {
    Threads,
    #[default]
    Processes,
}

/// What came of a run.
#[derive(Serialize)]
struct Found {
    how: How,
    workers: usize,
    seconds: f64,
    keys: usize,
    /// How many of them expire within a day.
    soon: usize,
    pss_mib: f64,
}

thread_local! {
    /// Of this worker, be it a process or a thread.
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

fn main() -> ExitCode {
    ganger::init();
    let ended = match &Flags::parse().verb {
        Verb::Fill(wanted) => fill(wanted),
        Verb::Run(wanted) => run_all(wanted),
    };
    ended.map_or_else(
        |error| {
            eprintln!("redis_ttl: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// The initializer: each worker connects once.
#[ganger::task]
fn connect(url: String) -> Result<(), String> {
    let connection = link(&url).map_err(|error| format!("{url}: {error}"))?;
    CONNECTION.replace(Some(connection));
    Ok(())
}

#[ganger::task]
fn expires_soon(key: String) -> Result<bool, String> {
    CONNECTION.with_borrow_mut(|connection| {
        let connection = connection.as_mut().expect("each worker has connected before its first task");
        match connection.ttl(&key).map_err(|error| format!("{key}: {error}"))? {
            IntegerReplyOrNoOp::IntegerReply(left) => Ok(left as u64 <= DAY),
            IntegerReplyOrNoOp::NotExists | IntegerReplyOrNoOp::ExistsButNotRelevant => Ok(false),
            _ => Err(format!("{key}: an answer that is no time to live")),
        }
    })
}

fn link(url: &str) -> redis::RedisResult<Connection> {
    redis::Client::open(url)?.get_connection()
}

fn run_all(flags: &RunFlags) -> Result<(), Box<dyn Error>> {
    for workers in flags.workers.iter().copied() {
        let found = run(flags, workers)?;
        if flags.json { println!("{}", serde_json::to_string(&found)?) } else { tell(&found) }
    }
    Ok(())
}

fn run(flags: &RunFlags, workers: usize) -> Result<Found, Box<dyn Error>> {
    let begun = Instant::now();
    let method = match flags.how {
        How::Threads => StartMethod::Thread,
        How::Processes => StartMethod::Zygote,
    };
    let pool = Pool::builder().workers(workers).start_method(method).initializer(connect, flags.url.clone()).build()?;
    let (mut keys, mut soon, mut cut_short) = (0, 0, None);
    let pages = pages(link(&flags.url)?).map_while(|page| page.map_err(|error| cut_short = Some(error)).ok());
    for answer in pool.imap_unordered(expires_soon, pages.flatten())?.chunk_size(CHUNK) {
        keys += 1;
        soon += usize::from(answer??);
    }
    if let Some(error) = cut_short {
        return Err(error.into());
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Found { how: flags.how, workers, seconds, keys, soon, pss_mib: proportional_mib()? })
}

/// All keys, so many at a time.
fn pages(mut connection: Connection) -> impl Iterator<Item = redis::RedisResult<Vec<String>>> {
    let mut cursor = Some(0_u64);
    std::iter::from_fn(move || {
        let asked = redis::cmd("SCAN").arg(cursor?).arg("COUNT").arg(PAGE).query::<(u64, Vec<String>)>(&mut connection);
        cursor = asked.as_ref().ok().map(|(next, _)| *next).filter(|next| *next != 0);
        Some(asked.map(|(_, keys)| keys))
    })
}

/// The proportional set size of this process and of its workers and their zygote, which all are its children.
fn proportional_mib() -> Result<f64, Box<dyn Error>> {
    let mut pids = vec![std::process::id().to_string()];
    for thread in fs::read_dir("/proc/self/task")? {
        let children = fs::read_to_string(thread?.path().join("children"))?;
        pids.extend(children.split_whitespace().map(str::to_owned));
    }
    let kib = pids.iter().map(|pid| proportional_kib(pid)).sum::<Result<u64, _>>()?;
    Ok(kib as f64 / 1024.0)
}

fn proportional_kib(pid: &str) -> Result<u64, Box<dyn Error>> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).ok_or("no Pss in smaps_rollup")?;
    Ok(line.trim_end_matches("kB").trim().parse()?)
}

fn tell(found: &Found) {
    let Found { workers, seconds, keys, soon, pss_mib, .. } = found;
    let how = match found.how {
        How::Threads => "threads",
        How::Processes => "processes",
    };
    println!("{workers:>4} {how}: {soon} of {keys} keys expire within a day; {seconds:.2} s, {pss_mib:.1} MiB");
}

/// As `scripts/peers/redis_ttl.py` does it.
fn fill(flags: &FillFlags) -> Result<(), Box<dyn Error>> {
    let mut connection = link(&flags.url)?;
    let numbers: Vec<u64> = (0..flags.keys).collect();
    for some in numbers.chunks(5_000) {
        let mut pipe = redis::pipe();
        for &n in some {
            let seconds = if n % 2 == 1 { 20 * HOUR + n % HOUR } else { 7 * DAY };
            pipe.set_ex(format!("user:{n:07}"), n, seconds).ignore();
        }
        pipe.query::<()>(&mut connection)?;
    }
    println!("{}", redis::cmd("DBSIZE").query::<u64>(&mut connection)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use super::*;

    ganger::test_worker!();

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A server of the test's own, in a directory that is its address as well.
    struct Server(Child, tempfile::TempDir);

    impl Server {
        /// None, and a word about it: there is no server on this machine.
        fn start(test: &str) -> Option<Self> {
            let place = tempfile::tempdir().expect("a directory");
            let mut command = Command::new("redis-server");
            command.args(["--port", "0", "--unixsocket", "socket", "--save", "", "--appendonly", "no"]);
            let Ok(child) = command.current_dir(&place).stdout(Stdio::null()).spawn() else {
                let why = "redis-server is missing: apt-get install redis-server";
                writeln!(io::stderr(), "SKIPPED {test}: {why}").expect("somebody reads it");
                return None;
            };
            let server = Self(child, place);
            eventually("the server listens", || link(&server.url()).is_ok());
            Some(server)
        }

        fn url(&self) -> String {
            format!("unix://{}", self.1.path().join("socket").display())
        }

        fn run(&self, how: How) -> Result<Found, Box<dyn Error>> {
            run(&RunFlags { url: self.url(), how, workers: Vec::new(), json: false }, 3)
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            self.0.kill().and_then(|()| self.0.wait()).expect("it ends");
        }
    }

    fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !condition() {
            assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn every_key_is_asked_for_once_by_processes_and_by_threads() {
        let Some(server) = Server::start("every_key_is_asked_for_once") else { return };
        fill(&FillFlags { url: server.url(), keys: 6_001 }).expect("filled");
        for how in [How::Processes, How::Threads] {
            let found = server.run(how).expect("it runs");
            assert_eq!((found.keys, found.soon), (6_001, 3_000));
            assert!(found.pss_mib > 0.0);
        }
    }

    #[test]
    fn a_key_that_is_gone_expires_no_more() {
        let Some(server) = Server::start("a_key_that_is_gone") else { return };
        connect(server.url()).expect("connected");
        assert_eq!(expires_soon("nobody".to_owned()), Ok(false));
    }

    #[test]
    fn without_a_server_it_ends_with_a_word() {
        let url = "unix:///nowhere/socket".to_owned();
        let told = run(&RunFlags { url, how: How::Processes, workers: Vec::new(), json: false }, 2).map(|_| ());
        assert!(told.is_err(), "{told:?}");
    }
}

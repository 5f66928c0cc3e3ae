//! `redis`: the example `redis_ttl` against a Redis server of its own, with 8 to 128 workers.

use std::error::Error;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::figure::{self, Figure};
use crate::{Measured, examples};

const WORKERS: &str = "8,16,64,128";
const KEYS: u64 = 235_073;
/// No server takes that long to listen.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn measure() -> Measured {
    let program = examples::built("redis_ttl")?;
    let Some(server) = Server::start()? else {
        figure::tell("SKIPPED redis: redis-server is missing: apt-get install redis-server");
        return Ok(());
    };
    let url = format!("redis://127.0.0.1:{}", server.port);
    output(&program, &["fill", "--url", &url, "--keys", &KEYS.to_string()])?;
    for how in ["processes", "threads"] {
        let found = output(&program, &["run", "--json", "--url", &url, "--how", how, "--workers", WORKERS])?;
        found.lines().try_for_each(|line| report(how, line))?;
    }
    Ok(())
}

/// What the example prints of a run.
#[derive(Deserialize)]
struct Found {
    workers: usize,
    seconds: f64,
    keys: u64,
    soon: u64,
    pss_mib: f64,
}

fn report(how: &str, line: &str) -> Measured {
    let Found { workers, seconds, keys, soon, pss_mib } = serde_json::from_str(line)?;
    if (keys, soon) != (KEYS, KEYS / 2) {
        return Err(format!("{soon} of {keys} keys, {} of {KEYS} wanted", KEYS / 2).into());
    }
    Figure::new("redis", &format!("ganger {workers} {how}"), seconds, "s").with("workers", workers).print()?;
    Figure::new("redis", &format!("ganger memory of {workers} {how}"), pss_mib, "MiB PSS")
        .with("workers", workers)
        .print()?;
    Ok(())
}

fn output(program: &Path, args: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(program).args(args).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("redis_ttl ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A server that keeps nothing, and ends with this value.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// None: there is no server on this machine.
    fn start() -> Result<Option<Self>, Box<dyn Error>> {
        let port = free_port()?;
        let told = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no", "--port"];
        let mut command = Command::new("redis-server");
        command.args(told).arg(port.to_string()).current_dir(std::env::temp_dir()).stdout(Stdio::null());
        let child = match command.spawn() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            started => started?,
        };
        let server = Self { child, port };
        server.listens()?;
        Ok(Some(server))
    }

    fn listens(&self) -> Measured {
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err(format!("redis-server does not listen on port {}", self.port).into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One that nobody had a moment ago.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

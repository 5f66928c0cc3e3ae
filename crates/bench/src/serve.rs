//! `serve`: what the service accepts a second, in batches and one by one, how long a command takes from its submit to its
//! result, and the same with a million tasks in the queue.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ganger_daemon::Client;
use tempfile::TempDir;

use crate::figure::Figure;
use crate::launch::{beside_us, skipped, try_out};
use crate::{Measured, timing};

const QUEUED: u64 = 1_000_000;
const BATCH: u64 = 1_000;
/// So many batches are measured in the beginning, and as many at the end.
const SAMPLE: u64 = 100;
const SINGLES: usize = 4_000;
const CLIENTS: usize = 8;
const ROUND_TRIPS: usize = 500;

pub(crate) fn measure() -> Measured {
    let program = beside_us()?;
    if let Err(why) = try_out(&program) {
        return skipped("serve", &program, &why);
    }
    let service = Service::start(&program)?;
    let mut client = service.client()?;
    // Whoever comes after this one in its queue waits.
    submit(&mut client, r#"{"queue":"held","command":["sleep","600"]}"#)?;
    let few = service.look(&mut client, "")?;
    service.fill(&mut client)?;
    let many = service.look(&mut client, ", 1M queued")?;
    service.memory()?;
    Figure::new("serve", "ganger serve latency, 1M queued", many / few, "x").print()?;
    Ok(())
}

struct Service {
    child: Child,
    place: TempDir,
}

impl Service {
    fn start(program: &Path) -> Result<Self, Box<dyn Error>> {
        let place = TempDir::new()?;
        let mut command = Command::new(program);
        command.args(["serve", "--store", "s.db", "--listen", "unix:s.sock", "--queue", "held=1", "--queue", "free=1"]);
        command.args(["--drain", "0s", "--grace", "1s"]).current_dir(place.path()).stdin(Stdio::null());
        let service = Self { child: command.spawn()?, place };
        service.wait_until_it_answers()?;
        Ok(service)
    }

    fn wait_until_it_answers(&self) -> Measured {
        const PATIENCE: Duration = Duration::from_secs(20);
        let until = Instant::now() + PATIENCE;
        while !self.client().is_ok_and(|mut client| client.get("/v1/queues").is_ok()) {
            if Instant::now() > until {
                return Err("the service does not answer".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn client(&self) -> Result<Client, Box<dyn Error>> {
        Ok(Client::connect(&self.socket(), Duration::from_secs(60))?)
    }

    fn socket(&self) -> PathBuf {
        self.place.path().join("s.sock")
    }

    /// Singles, and round trips: gives the median of those.
    fn look(&self, client: &mut Client, when: &str) -> Result<f64, Box<dyn Error>> {
        let rate = SINGLES as f64 / timing::seconds(|| self.singles())?;
        Figure::new("serve", &format!("ganger serve singles{when}"), rate, "tasks/s")
            .with("clients", CLIENTS)
            .print()?;
        let mut took = (0..ROUND_TRIPS).map(|_| round_trip(client)).collect::<Result<Vec<_>, _>>()?;
        let (half, most) = (timing::quantile(&mut took, 0.5), timing::quantile(&mut took, 0.99));
        let figure = Figure::new("serve", "ganger serve submit to result", half, "s");
        figure.with("p99", most).with("queued", if when.is_empty() { 0 } else { QUEUED }).print()?;
        Ok(half)
    }

    fn singles(&self) -> Measured {
        let one = || -> Result<(), String> {
            let mut client = self.client().map_err(|error| error.to_string())?;
            let submit = || submit(&mut client, r#"{"queue":"held","command":["true"]}"#).map(drop);
            std::iter::repeat_with(submit).take(SINGLES / CLIENTS).collect::<Result<(), _>>().map_err(|e| e.to_string())
        };
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(one)).collect();
            let ends = clients.into_iter().map(|client| client.join().unwrap_or_else(|_| Err("panicked".to_owned())));
            Ok(ends.collect::<Result<(), String>>()?)
        })
    }

    /// Batches until a million wait: the first ones and the last ones are told.
    fn fill(&self, client: &mut Client) -> Measured {
        let body = batch();
        let mut sample = |batches: u64| -> Result<f64, Box<dyn Error>> {
            let took = timing::seconds(|| (0..batches).try_for_each(|_| submit(client, &body).map(drop)))?;
            Ok((batches * BATCH) as f64 / took)
        };
        let first = sample(SAMPLE)?;
        sample(QUEUED / BATCH - 2 * SAMPLE)?;
        let last = sample(SAMPLE)?;
        Figure::new("serve", "ganger serve batches", first, "tasks/s").with("batch", BATCH).print()?;
        Figure::new("serve", "ganger serve batches, 1M queued", last, "tasks/s").with("batch", BATCH).print()?;
        Ok(())
    }

    fn memory(&self) -> Measured {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let bytes = |field: &str| -> Option<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            Some(line.trim().strip_suffix(" kB")?.parse::<f64>().ok()? * 1024.0)
        };
        let (now, peak) = bytes("VmRSS:").zip(bytes("VmHWM:")).ok_or("no sizes in its status")?;
        Figure::new("serve", "ganger serve memory, 1M queued", now, "B").with("peak", peak).print()?;
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Its workers end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn round_trip(client: &mut Client) -> Result<f64, Box<dyn Error>> {
    timing::seconds(|| {
        let receipt: serde_json::Value =
            serde_json::from_str(&submit(client, r#"{"queue":"free","command":["true"]}"#)?)?;
        let job = String::from_utf8(client.get(&format!("/v1/jobs/{}?wait=20", receipt["id"]))?.body)?;
        if job.contains(r#""state":"succeeded""#) { Ok(()) } else { Err(job.into()) }
    })
}

/// The receipt.
fn submit(client: &mut Client, job: &str) -> Result<String, Box<dyn Error>> {
    let answer = client.post("/v1/jobs", job.as_bytes())?;
    let body = String::from_utf8(answer.body)?;
    if answer.status == 201 { Ok(body) } else { Err(body.into()) }
}

/// A thousand tasks of one job.
fn batch() -> String {
    let tasks: Vec<[String; 1]> = (0..BATCH).map(|number| [format!("input-{number}.log")]).collect();
    serde_json::json!({ "queue": "held", "command": ["gzip", "-9"], "tasks": tasks }).to_string()
}

//! `ganger schedule`: jobs by the clock.

use std::io::Write as _;

use serde_json::{Value, json};

use super::service::{Service, encoded};
use super::views::{moment, safe};
use super::{AskError, Out, submit, wish};
use crate::flags::client::{AddFlags, ScheduleFlags, ScheduleVerb, ScheduledFlags, ServiceFlags};
use crate::look::plain;
use crate::{plan, show, verbs};

pub(super) fn schedule(flags: ScheduleFlags, out: &mut Out) -> Result<u8, AskError> {
    match flags.verb {
        None => list(&flags.service, out),
        Some(ScheduleVerb::List { service }) => list(&service, out),
        Some(ScheduleVerb::Add(flags)) => add(*flags, out),
        Some(ScheduleVerb::Remove(flags)) => {
            let said = Service::open(&flags.service.door)?.delete(&path(&flags, ""))?;
            tell(&flags.service, &said, out)
        }
        Some(ScheduleVerb::Pause(flags)) => order(&flags, "/pause", out),
        Some(ScheduleVerb::Resume(flags)) => order(&flags, "/resume", out),
        Some(ScheduleVerb::Run(flags)) => order(&flags, "/run", out),
    }
}

fn list(flags: &ServiceFlags, out: &mut Out) -> Result<u8, AskError> {
    let found = Service::open(&flags.door)?.get("/v1/schedules")?;
    if flags.json {
        return super::json(out, &found);
    }
    let rows: Vec<_> = found.as_array().into_iter().flatten().map(cells).collect();
    if rows.is_empty() {
        show::message("the service has no schedule");
        return Ok(0);
    }
    let rows: Vec<_> = std::iter::once(HEAD.map(str::to_owned).into()).chain(rows).collect();
    out.write_all(plain::table(&rows, &[5]).as_bytes())?;
    Ok(0)
}

const HEAD: [&str; 7] = ["SCHEDULE", "CRON", "ZONE", "NEXT", "LAST", "LAST JOB", "TROUBLE"];

fn cells(schedule: &Value) -> Vec<String> {
    let text = |field: &str| safe(schedule[field].as_str().unwrap_or_default());
    let when = |field: &str| schedule[field].as_f64().map(|at| plain::moment(moment(at))).unwrap_or_default();
    let next = if schedule["paused"] == json!(true) { "paused".to_owned() } else { when("next") };
    let last_job = schedule["last_job"].as_u64().map(|job| job.to_string()).unwrap_or_default();
    vec![text("name"), text("cron"), text("zone"), next, when("last"), last_job, text("trouble")]
}

fn add(mut flags: AddFlags, out: &mut Out) -> Result<u8, AskError> {
    let words = std::mem::take(&mut flags.words);
    flags.wish.name = flags.wish.name.or_else(|| wish::script_name(&words));
    let expanded = plan::expanded(words, &flags.inputs, &flags.arguments)?;
    verbs::explain_inputs(expanded.typed, expanded.runs_its_inputs, expanded.as_code.as_ref());
    let mut service = Service::open(&flags.service.door)?;
    let mut job = wish::job(&mut service, &flags.wish, expanded.expansion.prefix())?;
    job["tasks"] = json!(submit::all_tasks(expanded)?);
    let mut schedule = json!({"name": flags.schedule, "cron": flags.cron, "job": job});
    for (field, value) in [("zone", &flags.zone), ("overlap", &flags.overlap)] {
        value.iter().for_each(|value| schedule[field] = json!(value));
    }
    let said = service.post("/v1/schedules", &schedule)?;
    tell(&flags.service, &said, out)
}

fn order(flags: &ScheduledFlags, order: &str, out: &mut Out) -> Result<u8, AskError> {
    let said = Service::open(&flags.service.door)?.order(&path(flags, order))?;
    // The job that was made by that.
    match said["id"].as_u64().filter(|_| order == "/run" && !flags.service.json) {
        Some(job) => writeln!(out, "{job}")?,
        None => _ = tell(&flags.service, &said, out)?,
    }
    Ok(0)
}

fn tell(flags: &ServiceFlags, said: &Value, out: &mut Out) -> Result<u8, AskError> {
    if flags.json { super::json(out, said) } else { Ok(0) }
}

fn path(flags: &ScheduledFlags, order: &str) -> String {
    format!("/v1/schedules/{}{order}", encoded(&flags.name))
}

//! `ganger dead`: what has failed for good.

use std::io::Write as _;

use serde_json::Value;

use super::service::{Service, encoded};
use super::views::{moment, safe};
use super::{AskError, Out, json};
use crate::flags::client::DeadFlags;
use crate::look::plain;
use crate::show;

pub(super) fn dead(flags: &DeadFlags, out: &mut Out) -> Result<u8, AskError> {
    let queue = flags.queue.as_ref().map(|queue| format!("queue={}", encoded(queue))).unwrap_or_default();
    let path = match flags.causes {
        true => format!("/v1/failures?{queue}"),
        false => format!("/v1/dead?limit={}&{queue}", flags.limit),
    };
    let found = Service::open(&flags.service.door)?.get(path.trim_end_matches(['?', '&']))?;
    if flags.service.json {
        return json(out, &found);
    }
    let rows: Vec<Vec<String>> =
        found.as_array().into_iter().flatten().map(if flags.causes { cause } else { letter }).collect();
    if rows.is_empty() {
        show::message("nothing has failed for good");
        return Ok(0);
    }
    let (head, right): (&[&str], &[usize]) = if flags.causes { (&CAUSES, &[0]) } else { (&LETTERS, &[0, 3]) };
    let head = head.iter().map(ToString::to_string).collect();
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    out.write_all(plain::table(&rows, right).as_bytes())?;
    Ok(0)
}

const LETTERS: [&str; 6] = ["TASK", "NAME", "QUEUE", "TRIED", "ENDED", "WHY"];
const CAUSES: [&str; 3] = ["TASKS", "WHY", "FOR EXAMPLE"];

fn letter(letter: &Value) -> Vec<String> {
    let attempts = letter["attempts"].as_array().map_or(&[][..], Vec::as_slice);
    let last = attempts.last().unwrap_or(&Value::Null);
    vec![
        format!("{}.{}", letter["job"], letter["number"]),
        text(&letter["name"]),
        text(&letter["queue"]),
        attempts.len().to_string(),
        last["ended"].as_f64().map(|ended| plain::moment(moment(ended))).unwrap_or_default(),
        why(last),
    ]
}

fn cause(cause: &Value) -> Vec<String> {
    vec![cause["tasks"].to_string(), why(cause), format!("{}.{}", cause["job"], cause["number"])]
}

/// As an attempt tells its end: `exit 3`, or with a message.
fn why(end: &Value) -> String {
    let code = end["code"].as_i64().map(|code| format!(" {code}")).unwrap_or_default();
    let message = end["message"].as_str().map(|message| format!(": {}", safe(message))).unwrap_or_default();
    format!("{}{code}{message}", text(&end["end"]))
}

fn text(value: &Value) -> String {
    safe(value.as_str().unwrap_or_default())
}

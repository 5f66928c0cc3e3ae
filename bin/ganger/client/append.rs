//! `ganger append`: more tasks for a job that is open.

use serde_json::json;

use super::chunks::Chunks;
use super::service::Service;
use super::{AskError, Out, json, wish};
use crate::flags::client::AppendFlags;
use crate::{plan, stdin, verbs};

pub(super) fn append(mut flags: AppendFlags, out: &mut Out) -> Result<u8, AskError> {
    let AppendFlags { close, job, .. } = flags;
    let mut service = Service::open(&flags.service.door)?;
    if close && flags.words.is_empty() && flags.inputs.arg_file.is_empty() && !stdin::is_redirected() {
        let said = service.order(&format!("/v1/jobs/{job}/close"))?;
        return if flags.service.json { json(out, &said) } else { Ok(0) };
    }
    let words = std::mem::take(&mut flags.words);
    let expanded = plan::expanded(words, &flags.inputs, &flags.arguments)?;
    verbs::explain_inputs(expanded.typed, expanded.runs_its_inputs, expanded.as_code.as_ref());
    let command = wish::texts(expanded.expansion.prefix())?;
    let mut chunks = Chunks::new(expanded);
    let mut sent = 0;
    loop {
        let chunk = chunks.next()?;
        let closes = close && chunk.is_last;
        if !chunk.tasks.is_empty() || closes {
            let body = json!({"command": command, "tasks": chunk.tasks, "close": closes});
            // Nobody knows whether a request whose answer is lost was met: others may add tasks as well.
            let told = service.post(&format!("/v1/jobs/{job}/tasks"), &body);
            let said = told.map_err(|why| if sent == 0 { why } else { AskError::unfinished(job, sent, why) })?;
            if flags.service.json {
                json(out, &said)?;
            }
        }
        sent += chunk.tasks.len() as u64;
        match chunk.is_last {
            true if sent == 0 && !close => return Err(AskError::NothingToAdd),
            true => return Ok(0),
            false => {}
        }
    }
}

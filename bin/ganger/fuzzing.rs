//! Files that tell the command what to do, tried with anything: bodies of fuzz targets.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use ganger_daemon::Service;

use crate::config::{self, Unclear};
use crate::flags::{Flags, Verb};
use crate::{jobfile, plan};

/// Nobody writes more of what is new.
const LONGEST: usize = 2048;

/// A directory for this process, and what has been written into it as the only file: its name.
fn written(bytes: &[u8]) -> PathBuf {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        let place = std::env::temp_dir().join(format!("ganger-fuzz-files-{}", std::process::id()));
        fs::create_dir_all(&place).expect("a directory can be made");
        place
    });
    let thread = std::thread::current();
    let file = place.join(format!("{}.toml", thread.name().unwrap_or("main").replace(':', "-")));
    fs::write(&file, &bytes[..bytes.len().min(LONGEST)]).expect("there is room");
    file
}

fn parsed(words: &[&str], file: PathBuf, behind: &[&str]) -> Result<(Flags, crate::flags::Typed), Unclear> {
    let word = |word: &&str| OsString::from(*word);
    let all = words.iter().map(word).chain([file.into_os_string()]).chain(behind.iter().map(word));
    config::parse(all.collect())
}

/// A file of `ganger run --file`: a workflow, or a fault with its place.
pub fn jobfile(bytes: &[u8]) {
    // What is typed says from where jobs without inputs would read.
    let Ok((Flags { verb: Verb::Run(flags) }, typed)) = parsed(&["ganger", "run", "--file"], written(bytes), &[])
    else {
        return;
    };
    match jobfile::workflow(*flags, &typed.command, &typed.matches) {
        Ok(workflow) => assert!(!jobfile::picture(&workflow).is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A file of `ganger run --config`.
pub fn config(bytes: &[u8]) {
    let words = ["ganger", "run", "--profile", "p", "--config"];
    match parsed(&words, written(bytes), &["true", ":::", "1"]) {
        Ok((Flags { verb: Verb::Run(flags) }, _)) => drop(plan::plan(*flags)),
        Ok(_) => unreachable!("a file changes the verb"),
        Err(Unclear::Configured(fault)) => assert!(!fault.to_string().is_empty()),
        Err(Unclear::Typed(_)) => {}
    }
}

/// A file of `ganger serve --config`: a service that could start, or why not.
pub fn serve(bytes: &[u8]) {
    let behind = ["--store", "/nowhere/jobs.db", "--listen", "unix:/nowhere/socket"];
    if let Ok((Flags { verb: Verb::Serve(flags) }, _)) =
        parsed(&["ganger", "serve", "--config"], written(bytes), &behind)
    {
        match plan::service(flags).map(|config| Service::check(&config)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => assert!(!error.to_string().is_empty()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ganger_corpus::replay;

    #[test]
    fn any_job_file_is_a_workflow_or_at_fault() {
        replay("jobfile", super::jobfile);
    }

    #[test]
    fn any_configuration_is_read_or_at_fault() {
        replay("config", super::config);
    }

    #[test]
    fn any_configuration_of_a_service_is_read_or_at_fault() {
        replay("serve", super::serve);
    }
}

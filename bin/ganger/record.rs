//! Records and resume: flags → where a run is recorded, and what it takes up.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use ganger_batch::{Args, Grammar, Recording, Storage};
use ganger_store::{Filter, Reader, Setting, State};

use crate::flags::RecordFlags;
use crate::plan::{PipeError, PlanError};
use crate::results;

/// How much of what an attempt prints is kept, in bytes.
const OUTPUT: usize = 1 << 20;

/// Stands before the words of a program that is kept.
const WORKER: &str = "--worker";

/// What failed before, with all that is needed to run it again.
pub(crate) struct Failed {
    pub(crate) words: Vec<OsString>,
    /// The words are those of a program that is kept.
    pub(crate) by_worker: bool,
    pub(crate) grammar: Grammar,
    pub(crate) inputs: Vec<Args>,
    pub(crate) dir: Option<PathBuf>,
}

/// Where the run of a command is recorded.
pub(crate) fn recording(
    flags: RecordFlags,
    words: &[OsString],
    grammar: &Grammar,
    by_worker: bool,
) -> Result<Recording, PlanError> {
    let resume = flags.resume || flags.retry_failed;
    if resume && flags.store.is_none() && flags.joblog.is_none() {
        return Err(PlanError::NoRecords);
    }
    let store = flags.store.map(|file| Storage {
        file,
        name: flags.name.unwrap_or_else(|| name_of(words)),
        grammar: grammar.clone(),
        words: by_worker.then(|| WORKER.into()).into_iter().chain(words.iter().cloned()).collect(),
        durability: flags.durable,
        variables: flags.variables,
        output: OUTPUT,
        waits: !flags.after.is_empty(),
        jobs: flags.keep_jobs,
    });
    check_places(store.as_ref(), flags.joblog.as_deref(), flags.results.as_deref())?;
    let results = flags.results.map(|text| results::plan(&text, grammar)).transpose()?;
    Ok(Recording { store, joblog: flags.joblog, results, resume })
}

/// No two of them may be written to one file.
fn check_places(store: Option<&Storage>, joblog: Option<&Path>, results: Option<&OsStr>) -> Result<(), PlanError> {
    let store = store.map(|storage| ("--store", storage.file.as_path()));
    let (joblog, results) = (joblog.map(|log| ("--joblog", log)), results.map(|file| ("--results", Path::new(file))));
    let places: Vec<_> = [store, joblog, results].into_iter().flatten().collect();
    for (at, (first, path)) in places.iter().enumerate() {
        if let Some((second, _)) = places[at + 1..].iter().find(|(_, other)| same_file(path, other)) {
            return Err(PlanError::OneFile { first, second, path: (*path).to_owned() });
        }
    }
    Ok(())
}

/// Whether two paths lead to one file, or would if it were made.
pub(crate) fn same_file(one: &Path, other: &Path) -> bool {
    let found = |path: &Path| path.metadata().map(|about| (about.dev(), about.ino())).ok();
    let place = |path: &Path| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        parent.canonicalize().ok().zip(path.file_name().map(OsStr::to_owned))
    };
    match (found(one), found(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => place(one).is_some_and(|one| Some(one) == place(other)),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Looks up what failed; for a job in a store the flags are completed from its last run.
pub(crate) fn failed(flags: &mut RecordFlags) -> Result<Failed, PlanError> {
    match (&flags.store, &flags.joblog) {
        (Some(store), _) => {
            let (name, failed, setting) = in_store(store, flags.name.as_deref())?;
            flags.name = Some(name);
            flags.variables = setting.variables.into_iter().map(OsString::from_vec).collect();
            Ok(failed)
        }
        (None, Some(log)) => {
            // Without words each input is a command.
            let inputs = ganger_batch::failed_in_joblog(log).map_err(PlanError::Batch)?;
            let inputs = inputs.into_iter().map(Args::one).collect();
            Ok(Failed { words: Vec::new(), by_worker: false, grammar: Grammar::default(), inputs, dir: None })
        }
        (None, None) => Err(PlanError::NoRecords),
    }
}

fn in_store(file: &Path, name: Option<&str>) -> Result<(String, Failed, Setting), PlanError> {
    let reader = Reader::open(file)?;
    let job = match name {
        Some(name) => reader.job(name)?,
        None => reader.newest_job()?,
    };
    let filter = Filter { state: Some(State::Failed), ..Filter::default() };
    let inputs = reader.tasks(job.id, &filter)?.into_iter().map(|task| Args::from_stored(&task.input)).collect();
    let setting = reader.last_run(job.id)?.setting;
    // Its environment and its limits are known to the file alone.
    if setting.environment.iter().any(|variable| variable.starts_with(b"GANGER_JOB=")) {
        return Err(PlanError::JobOfFile { name: job.name });
    }
    let grammar = Grammar::from_stored(&setting.grammar);
    if grammar.piped {
        return Err(PipeError::Retry.into());
    }
    let mut words: Vec<_> = setting.words.iter().map(|word| OsString::from_vec(word.clone())).collect();
    let by_worker = words.first().is_some_and(|word| word == WORKER);
    words.drain(..usize::from(by_worker));
    let dir = Some(PathBuf::from(OsString::from_vec(setting.directory.clone())));
    Ok((job.name, Failed { words, by_worker, grammar, inputs, dir }, setting))
}

/// The program's name, as far as a command shows it.
fn name_of(words: &[OsString]) -> String {
    let first = words.first().map_or(&b""[..], |word| word.as_bytes());
    let program = first.split(u8::is_ascii_whitespace).find(|part| !part.is_empty()).unwrap_or(b"job");
    let name = program.rsplit(|&byte| byte == b'/').next().unwrap_or(program);
    String::from_utf8_lossy(name).into_owned()
}

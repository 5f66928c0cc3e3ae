//! A store that somebody has changed, tried with any change: the body of a fuzz target.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Backlog, Durability, Filter, JobFilter, Reader, Salvaged, Store, StoreError, TaskFilter, check, salvage};

/// Of the version that was the newest when this was written.
const WHOLE: &[u8] = include_bytes!("../tests/golden/v3.db");

/// More of anything is not in the file.
const MOST: usize = 100;

/// A place of its own, which goes when this does.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // In memory where there is such a place: the disk is not what is tried.
        let base = Some(PathBuf::from("/dev/shm")).filter(|place| place.is_dir()).unwrap_or_else(std::env::temp_dir);
        let place = base.join(format!("ganger-fuzz-{}-{number}", std::process::id()));
        fs::create_dir_all(&place).expect("a directory can be made");
        Self(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left is not worth more than a panic of the test itself.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Three bytes a change: where, and what is there instead; the highest places cut the file off. Whoever opens it gets rows or
/// an error, and what is saved of it is whole.
pub fn file(bytes: &[u8]) {
    let place = Place::new();
    let (damaged, new) = (place.0.join("jobs.db"), place.0.join("new.db"));
    fs::write(&damaged, changed(bytes)).expect("there is room");
    let _faults_or_error = check(&damaged).map(|faults| faults.len());
    let _rows_or_error = read(&damaged);
    if let Ok(Salvaged { .. }) = salvage(&damaged, &new) {
        assert_eq!(check(&new).expect("a store"), [""; 0], "what was saved is not whole");
        read(&new).expect("what was saved can be read");
        Store::open(&new, Durability::Off).and_then(Backlog::open).expect("a service can go on with what was saved");
    }
    let _taken_over_or_error = Store::open(&damaged, Durability::Off).and_then(Backlog::open).map(drop);
}

fn changed(bytes: &[u8]) -> Vec<u8> {
    let mut file = WHOLE.to_vec();
    for &[low, high, value] in bytes.as_chunks::<3>().0 {
        let at = usize::from(u16::from_le_bytes([low, high]));
        match file.get_mut(at) {
            Some(byte) => *byte = value,
            None => file.truncate(usize::from(value) * 256),
        }
    }
    file
}

/// All that can be looked at.
fn read(file: &Path) -> Result<(), StoreError> {
    let reader = Reader::open(file)?;
    for job in reader.jobs()? {
        reader.counts(job.id)?;
        for run in reader.runs(job.id)? {
            reader.is_running(&run)?;
            reader.each_attempt(run.id)?.try_for_each(|attempt| attempt.map(drop))?;
        }
        for task in reader.tasks(job.id, &Filter::default())? {
            for attempt in reader.attempts(task.id)? {
                reader.output(attempt.id)?;
            }
        }
    }
    served(&reader)
}

/// What is the service's.
fn served(reader: &Reader) -> Result<(), StoreError> {
    for job in reader.served_jobs(&JobFilter { limit: MOST, ..JobFilter::default() })? {
        for task in reader.served_tasks(&job, &TaskFilter { limit: MOST, ..TaskFilter::default() })? {
            let _words = job.words(&task);
        }
        reader.outcomes(&job, 0, MOST)?;
    }
    reader.schedules().map(drop)
}

#[cfg(test)]
mod tests {
    #[test]
    fn any_file_is_read_or_refused_and_what_is_saved_is_whole() {
        ganger_corpus::replay("file", super::file);
    }
}

//! The whole program, on files of every kind, and on broken ones.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::flags::{Flags, JobFlags};
use crate::framing::{Framing, Packed, unpacked};
use crate::run::{Summary, run};
use crate::{filter, generate, records, store};

ganger::test_worker!();

/// Files to filter, and a place for what is kept.
struct Hours(TempDir);

impl Hours {
    /// Three files of 2,000 records each, of which a quarter is wanted.
    fn new(generated: &[&str]) -> Self {
        let hours = Self(tempfile::tempdir().expect("a directory"));
        let fixed = ["--files", "3", "--records", "2000", "--share", "0.25"];
        let (source, ids) = (hours.path("hours"), hours.path("ids.csv"));
        let places = ["generate", "--output", &source, "--ids", &ids];
        let Flags::Generate(wanted) = parsed(&[&places[..], &fixed, generated].concat()) else {
            panic!("not parsed as generate")
        };
        generate::generate(&wanted).expect("files are made");
        hours
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("a path of letters").to_owned()
    }

    fn hour(&self, directory: &str, hour: u64, extension: &str) -> PathBuf {
        self.0.path().join(format!("{directory}/day-000/hour-{hour:02}.{extension}"))
    }

    fn filter(&self, more: &[&str]) -> Summary {
        let (source, output, ids) = (self.path("hours"), self.path("kept"), self.path("ids.csv"));
        let places = ["--source", &source, "--output", &output, "--ids", &ids];
        run(&job(&[&places[..], more].concat())).expect("it runs")
    }

    /// What a second look at the output keeps: all that is there, if the first one was right.
    fn filter_again(&self, more: &[&str]) -> Summary {
        let (source, output, ids) = (self.path("kept"), self.path("again"), self.path("ids.csv"));
        run(&job(&[&["--source", &source, "--output", &output, "--ids", &ids][..], more].concat())).expect("it runs")
    }

    /// How many records the source has that are wanted, by another way than the filter's.
    fn wanted(&self, extension: &str, layout: records::Layout) -> u64 {
        let csv = fs::read_to_string(self.path("ids.csv")).expect("the ids");
        let ids: Vec<u64> = csv.lines().skip(1).filter_map(|line| line.split(',').next()?.parse().ok()).collect();
        (0..3).map(|hour| count(self.hour("hours", hour, extension), layout, &ids)).sum()
    }
}

fn parsed(words: &[&str]) -> Flags {
    let words = ["filter_records"].iter().chain(words).map(|word| word.into());
    Flags::parse(words).unwrap_or_else(|error| panic!("{error}"))
}

fn job(words: &[&str]) -> JobFlags {
    let Flags::Job(job) = parsed(words) else { panic!("not the flags of a job") };
    job
}

fn count(file: PathBuf, layout: records::Layout, ids: &[u64]) -> u64 {
    let (input, _) = unpacked(fs::File::open(file).expect("a file"), None).expect("it can be read");
    let mut records = records::Records::new(input, layout);
    let mut found = 0;
    while let Some(record) = records.read().expect("a whole record") {
        found += u64::from(ids.binary_search(&record.gid().expect("a message").expect("an id")).is_ok());
    }
    found
}

/// What is kept is what was wanted, and is packed and laid out as it was.
fn keeps_what_is_wanted(generated: &[&str], layout_flags: &[&str], extension: &str) {
    let hours = Hours::new(&[generated, layout_flags].concat());
    let layout = job(&[&["--source", "s", "--output", "o", "--ids", "i"][..], layout_flags].concat()).layout;
    let first = hours.filter(&[&["--workers", "2"][..], layout_flags].concat());
    assert_eq!((first.files, first.broken.len(), first.counts.read), (3, 0, 6000));
    assert_eq!(first.counts.kept, hours.wanted(extension, layout));
    assert!((1000..2000).contains(&first.counts.kept), "about a quarter: {first}");

    let again = hours.filter_again(&[&["--workers", "2"][..], layout_flags].concat());
    assert_eq!((again.counts.read, again.counts.kept), (first.counts.kept, first.counts.kept));
    let packed = fs::read(hours.hour("kept", 0, extension))
        .expect("an output for each input")
        .starts_with(b"\xff\x06\0\0sNaPpY");
    assert_eq!(packed, extension == "pb.sz");
}

#[test]
fn snappy_little_endian_without_sort_id() {
    keeps_what_is_wanted(&[], &[], "pb.sz");
}

#[test]
fn snappy_big_endian_with_sort_id() {
    keeps_what_is_wanted(&[], &["--byte-order", "big", "--sort-id"], "pb.sz");
}

#[test]
fn plain_little_endian_with_sort_id() {
    keeps_what_is_wanted(&["--plain"], &["--sort-id"], "pb");
}

#[test]
fn plain_big_endian_without_sort_id() {
    keeps_what_is_wanted(&["--plain"], &["--byte-order", "big"], "pb");
}

#[test]
fn without_workers_it_is_the_same() {
    let hours = Hours::new(&[]);
    assert_eq!(hours.filter(&["--workers", "0"]).counts, hours.filter(&["--workers", "2"]).counts);
}

#[test]
fn addresses_are_directories_with_a_scheme() {
    let hours = Hours::new(&[]);
    let [source, output] = ["hours", "kept"].map(|name| format!("file://{}", hours.path(name)));
    let flags = job(&["--source", &source, "--output", &output, "--ids", &hours.path("ids.csv")]);
    assert_eq!(run(&flags).expect("it runs").counts.read, 6000);
    assert!(hours.hour("kept", 2, "pb.sz").exists());
}

#[test]
fn a_file_that_is_cut_short_is_named_with_its_offset_and_the_others_go_on() {
    let hours = Hours::new(&["--plain"]);
    let file = hours.hour("hours", 1, "pb");
    let mut bytes = fs::read(&file).expect("a file");
    bytes.pop();
    fs::write(&file, &bytes).expect("written");
    let last = last_record(&bytes);

    let summary = hours.filter(&["--workers", "2", "--retries", "1"]);
    let [broken] = &summary.broken[..] else { panic!("one file is broken: {summary}") };
    assert!(
        broken.starts_with(&format!("day-000/hour-01.pb at offset {last}: the file ends within a message")),
        "{broken}"
    );
    assert_eq!((summary.files, summary.counts.read), (3, 4000));
    assert!(!hours.hour("kept", 1, "pb").exists(), "of a broken file there is no output");
    assert!(hours.hour("kept", 0, "pb").exists() && hours.hour("kept", 2, "pb").exists());
}

/// Where the last record begins, if it is not whole; of records without sort id, in the usual byte order.
fn last_record(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(length) = bytes[at..].first_chunk() {
        let next = at + 8 + u64::from_le_bytes(*length) as usize;
        if next > bytes.len() {
            break;
        }
        at = next;
    }
    at
}

#[test]
fn a_length_that_cannot_be_is_no_length() {
    let hours = Hours::new(&["--plain"]);
    let summary = hours.filter(&["--workers", "2", "--retries", "0", "--byte-order", "big"]);
    assert_eq!((summary.broken.len(), summary.counts.read), (3, 0));
    assert!(summary.broken.iter().all(|broken| broken.contains("at offset 0: a message of ")), "{summary}");
}

#[test]
fn a_chunk_that_is_damaged_is_found() {
    let hours = Hours::new(&[]);
    let file = hours.hour("hours", 2, "pb.sz");
    let mut bytes = fs::read(&file).expect("a file");
    let last = bytes.len() - 1;
    bytes[last] ^= 0x55;
    fs::write(&file, &bytes).expect("written");
    let summary = hours.filter(&["--workers", "2", "--retries", "0"]);
    let [broken] = &summary.broken[..] else { panic!("one file is broken: {summary}") };
    assert!(broken.starts_with("day-000/hour-02.pb.sz at offset "), "{broken}");
}

#[test]
fn bytes_that_are_no_message_are_told() {
    let hours = Hours::new(&["--plain"]);
    let file = hours.hour("hours", 0, "pb");
    let whole = fs::read(&file).expect("a file");
    let end = whole.len();
    fs::write(&file, [&whole[..], &3_u64.to_le_bytes(), b"\xff\xff\xff"].concat()).expect("written");
    let summary = hours.filter(&["--workers", "2", "--retries", "0"]);
    let [broken] = &summary.broken[..] else { panic!("one file is broken: {summary}") };
    assert!(broken.starts_with(&format!("day-000/hour-00.pb at offset {end}: ")), "{broken}");
}

#[test]
fn a_file_that_comes_too_late_for_the_first_attempt_is_read_by_the_next() {
    let hours = Hours::new(&[]);
    let (file, aside) = (hours.hour("hours", 0, "pb.sz"), hours.hour("hours", 0, "aside"));
    let job = filter::Job {
        source: hours.path("hours"),
        output: hours.path("kept"),
        framing: None,
        layout: records::Layout::default(),
    };
    fs::rename(&file, &aside).expect("moved");
    let pool = ganger::Pool::builder().workers(2).preload(filter::load_ids, hours.path("ids.csv").into()).build();
    let pool = pool.expect("a pool");
    let often = ganger::TaskOptions::new().failure_attempts(u32::MAX);
    let future = pool.submit_with(&often, filter::filter, (job.clone(), "day-000/hour-00.pb.sz".to_owned()));
    let future = future.expect("accepted");
    // What the first attempt finds is not to be told from here; that one without a second fails is.
    let once = pool.apply(filter::filter, (job, "day-000/hour-00.pb.sz".to_owned()));
    assert!(matches!(once, Ok(Err(broken)) if broken.offset.is_none()));
    fs::rename(&aside, &file).expect("moved back");
    assert_eq!(future.result().expect("an outcome").expect("read in the end").read, 2000);
}

#[test]
fn ids_come_from_the_column_of_that_name_or_from_the_first() {
    let hours = Hours::new(&[]);
    let kept = hours.filter(&["--workers", "1"]).counts.kept;
    let csv = fs::read_to_string(hours.path("ids.csv")).expect("the ids");
    let headless: String = csv.lines().skip(1).map(|line| format!("{line}\n")).collect();
    let swapped: String =
        csv.lines().filter_map(|line| line.split_once(',')).map(|(gid, name)| format!("{name}, {gid}\n")).collect();
    for ids in [headless, swapped] {
        fs::write(hours.path("ids.csv"), ids).expect("written");
        assert_eq!(hours.filter(&["--workers", "1"]).counts.kept, kept);
    }
}

#[test]
fn ids_that_are_none_stop_it_before_it_begins() {
    let hours = Hours::new(&[]);
    for (ids, why) in [("gid\n12\nx7\n", "\"x7\" in line 3 is no id"), ("name\nMax\n", "no column is named gid")] {
        fs::write(hours.path("ids.csv"), ids).expect("written");
        for workers in ["0", "2"] {
            let places =
                ["--source", &hours.path("hours"), "--output", &hours.path("kept"), "--ids", &hours.path("ids.csv")];
            let error = run(&job(&[&places[..], &["--workers", workers][..]].concat())).expect_err("no ids");
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}

#[test]
fn the_ids_are_loaded_once() {
    let hours = Hours::new(&[]);
    let ids = hours.path("ids.csv");
    let pool = ganger::Pool::builder().workers(2).max_tasks_per_worker(1, 0);
    let pool = pool.preload(filter::load_ids, ids.clone().into()).build().expect("a pool");
    let first = pool.apply(ids_here, ()).expect("an answer");
    // A worker that comes now could not load them itself.
    fs::remove_file(ids).expect("removed");
    let found = pool.imap(ids_here, [(); 8]).expect("accepted").chunk_size(1);
    let found: Vec<(u32, usize)> = found.collect::<Result<_, _>>().expect("answers");
    assert!(first.1 > 0 && found.iter().all(|(_, ids)| *ids == first.1), "{first:?}, {found:?}");
    let workers: std::collections::BTreeSet<u32> = found.iter().map(|(pid, _)| *pid).collect();
    assert_eq!(workers.len(), 8, "a worker for each task");
}

/// Who is asked, and how many ids it has.
#[ganger::task]
fn ids_here() -> (u32, usize) {
    (std::process::id(), filter::loaded().map_or(0, std::collections::HashSet::len))
}

#[test]
fn an_output_that_is_dropped_was_never_there() {
    use std::io::Write;
    let place = tempfile::tempdir().expect("a directory");
    let store = store::Store::open(place.path().to_str().expect("letters")).expect("a store");
    let mut packed = Packed::new(store.write("a/b"), Framing::Plain);
    // More than is kept in memory, so that a part of it has been sent.
    (0..24).for_each(|_| packed.write_all(&vec![7; 1 << 20]).expect("written"));
    drop(packed);
    let left = fs::read_dir(place.path().join("a")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "neither the file nor its parts");
}

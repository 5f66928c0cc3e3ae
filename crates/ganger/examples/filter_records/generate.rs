//! Files to try it on, of any size, the same ones for the same seed.

use std::error::Error;
use std::io::Write;

use fastrand::Rng;
use ganger::Pool;
use serde::{Deserialize, Serialize};

use crate::flags::GenerateFlags;
use crate::framing::{Framing, Packed};
use crate::records::{Layout, Line, LineId};
use crate::store::{Output, Store};

/// Ids are drawn from so many.
const IDS: u64 = 100_000;
/// A microsecond each from one record to the next, and an hour a file.
const HOUR: u64 = 3_600_000_000;
const WORDS: &[&str] = &["all", "work", "and", "no", "play", "makes", "a", "dull", "gang", "of", "workers", "today"];

/// A file to be made.
#[derive(Serialize, Deserialize)]
struct Plan {
    output: String,
    hour: u64,
    records: u64,
    seed: u64,
    framing: Framing,
    layout: Layout,
}

pub(crate) fn generate(flags: &GenerateFlags) -> Result<(), Box<dyn Error>> {
    write_ids(flags)?;
    let GenerateFlags { records, seed, layout, .. } = *flags;
    let framing = if flags.plain { Framing::Plain } else { Framing::Snappy };
    let plans =
        (0..flags.files).map(|hour| Plan { output: flags.output.clone(), hour, records, seed, framing, layout });
    let bytes: Result<Vec<u64>, String> = Pool::new(ganger::cpu_count())?.map(make, plans)?.into_iter().collect();
    let megabytes = bytes?.iter().sum::<u64>() as f64 / 1e6;
    println!("{} files of {records} records, {megabytes:.0} MB of records", flags.files);
    Ok(())
}

/// The ids that are kept stand anywhere among those that are drawn.
fn write_ids(flags: &GenerateFlags) -> Result<(), Box<dyn Error>> {
    let mut csv = csv::Writer::from_path(&flags.ids)?;
    csv.write_record(["gid", "name"])?;
    let mut rng = Rng::with_seed(flags.seed);
    for gid in (0..IDS).filter(|_| rng.f64() < flags.share) {
        csv.write_record([gid.to_string(), format!("user {gid}")])?;
    }
    Ok(csv.flush()?)
}

#[ganger::task]
fn make(plan: Plan) -> Result<u64, String> {
    write_file(&plan).map_err(|error| error.to_string())
}

/// Gives back how long its records are.
fn write_file(plan: &Plan) -> Result<u64, Box<dyn Error>> {
    let Plan { hour, layout, framing, .. } = *plan;
    let file = Store::open(&plan.output)?.write(&name(hour, framing));
    let (mut out, mut bytes, mut record) = (Packed::new(file, framing), 0, Vec::new());
    let mut rng = Rng::with_seed(plan.seed ^ hour.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    for line in 0..plan.records {
        record.clear();
        let sort_id = hour * HOUR + line;
        layout.encode(sort_id, &random_line(sort_id, line as u32, &mut rng), &mut record);
        out.write_all(&record)?;
        bytes += record.len() as u64;
    }
    out.finish().and_then(Output::finish)?;
    Ok(bytes)
}

fn name(hour: u64, framing: Framing) -> String {
    let extension = if framing == Framing::Snappy { "pb.sz" } else { "pb" };
    format!("day-{:03}/hour-{:02}.{extension}", hour / 24, hour % 24)
}

fn random_line(microseconds: u64, line: u32, rng: &mut Rng) -> Line {
    let words = 4 + rng.usize(..24);
    let text: Vec<&str> = (0..words).map(|_| WORDS[rng.usize(..WORDS.len())]).collect();
    Line { line_id: Some(LineId { gid: rng.u64(..IDS), line }), microseconds, text: text.join(" ") }
}

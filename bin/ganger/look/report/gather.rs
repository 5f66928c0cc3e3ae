//! All attempts of a job, counted as they go by.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, SystemTime};

use ganger_store::{Attempt, End, Job, Reader, Run, StoreError, TaskId};
use hdrhistogram::Histogram;

use super::super::plain;
use super::super::rows::{Bytes, JobRow};
use super::series::{Merge, Series};
use super::{Bin, Durations, Interval, Memory, Processor, Repeated, Report, Slow, Throughput, causes};

/// How many of the slowest are told.
const SLOWEST: usize = 10;
/// How many attempts are drawn one by one.
const DRAWN: usize = 1_500;
/// For how many slots is drawn when they were busy.
pub(crate) const LANES: u32 = 64;
/// The largest value that is told from larger ones: 35 years in microseconds, an exbibyte in KiB.
const HIGHEST: u64 = 1 << 50;
/// How many bins a histogram has at most.
const BINS: usize = 24;

/// What happened when: for plots. Moments are microseconds of all runs, without the pauses between them.
#[derive(Debug)]
pub(crate) struct Timeline {
    pub(crate) length: u64,
    /// Where the second run began, the third, …
    pub(crate) borders: Vec<u64>,
    /// Every attempt, if they are few.
    pub(crate) bars: Option<Vec<Span>>,
    /// For how much of each cell a slot was busy.
    pub(crate) lanes: BTreeMap<u32, Series<u64>>,
}

/// An attempt in the picture.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) slot: u32,
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) task: i64,
    pub(crate) succeeded: bool,
}

impl Merge for Interval {
    fn merged(self, other: Self) -> Self {
        Self {
            attempts: self.attempts + other.attempts,
            failed: self.failed + other.failed,
            max_rss_bytes: self.max_rss_bytes.max(other.max_rss_bytes),
        }
    }
}

/// Looks through a job.
pub(crate) fn gather(reader: &Reader, job: &Job) -> Result<(Report, Timeline), StoreError> {
    let mut tally = Tally::new();
    for run in reader.runs(job.id)? {
        tally.run(reader, &run)?;
    }
    let slowest = tally.slowest(reader, job)?;
    let failures = causes::causes(reader, job)?;
    let row = JobRow::of(reader, job.clone())?;
    let wall = tally.timeline.length as f64 / 1e6;
    let slot_time = wall * f64::from(tally.slots);
    let share = |time: f64| if slot_time > 0.0 { time / slot_time } else { 0.0 };
    let (user, system) = (tally.user.as_secs_f64(), tally.system.as_secs_f64());
    let processor = Processor {
        user_seconds: user,
        system_seconds: system,
        slots: tally.slots,
        utilisation: share(user + system),
        busy: share(tally.wall.as_secs_f64()),
    };
    let memory = Memory {
        max_rss_bytes: tally.max_rss,
        median_rss_bytes: (tally.rss.value_at_quantile(0.5) << 10).min(tally.max_rss),
        peak_bytes: Some(tally.peak).filter(|peak| *peak > 0),
    };
    let throughput = Throughput {
        attempts_per_second: if wall > 0.0 { tally.attempts as f64 / wall } else { 0.0 },
        interval_seconds: tally.intervals.width as f64 / 1e6,
        intervals: tally.intervals.until(tally.timeline.length).to_vec(),
    };
    let (durations, histogram) = (tally.durations(), tally.histogram());
    let Tally { attempts, repeated, timeline, .. } = tally;
    let report =
        Report { job: row, attempts, repeated, durations, histogram, slowest, failures, processor, memory, throughput };
    Ok((report, timeline))
}

struct Tally {
    attempts: u64,
    repeated: Repeated,
    /// In microseconds, to three digits.
    walls: Histogram<u64>,
    shortest: Duration,
    longest: Duration,
    /// In KiB, to three digits.
    rss: Histogram<u64>,
    max_rss: u64,
    peak: u64,
    slowest: BinaryHeap<Reverse<(Duration, i64, String)>>,
    wall: Duration,
    user: Duration,
    system: Duration,
    slots: u32,
    intervals: Series<Interval>,
    timeline: Timeline,
}

impl Tally {
    fn new() -> Self {
        let histogram = || Histogram::new_with_max(HIGHEST, 3).expect("three digits are among those that it has");
        let timeline = Timeline { length: 0, borders: Vec::new(), bars: Some(Vec::new()), lanes: BTreeMap::new() };
        Self {
            attempts: 0,
            repeated: Repeated::default(),
            walls: histogram(),
            shortest: Duration::MAX,
            longest: Duration::ZERO,
            rss: histogram(),
            max_rss: 0,
            peak: 0,
            slowest: BinaryHeap::new(),
            wall: Duration::ZERO,
            user: Duration::ZERO,
            system: Duration::ZERO,
            slots: 0,
            intervals: Series::new(),
            timeline,
        }
    }

    /// A run follows at once on the one before it.
    fn run(&mut self, reader: &Reader, run: &Run) -> Result<(), StoreError> {
        let offset = self.timeline.length;
        if offset > 0 {
            self.timeline.borders.push(offset);
        }
        let mut over = run.ended.unwrap_or(run.began);
        for attempt in reader.each_attempt(run.id)? {
            let attempt = attempt?;
            over = over.max(attempt.ended);
            self.add(&attempt, offset, run.began);
        }
        self.timeline.length = offset + micros(run.began, over);
        Ok(())
    }

    fn add(&mut self, attempt: &Attempt, offset: u64, began: SystemTime) {
        let succeeded = attempt.end == End::Exit(0);
        self.attempts += 1;
        self.slots = self.slots.max(attempt.slot);
        if attempt.number > 1 {
            self.repeated.attempts += 1;
            self.repeated.succeeded += u64::from(succeeded);
        }
        let (begin, end) = (offset + micros(began, attempt.began), offset + micros(began, attempt.ended));
        let interval = Interval { attempts: 1, failed: u64::from(!succeeded), max_rss_bytes: attempt.used.max_rss };
        let cell = self.intervals.at(end);
        *cell = cell.merged(interval);
        if !matches!(attempt.end, End::NotStarted(_)) {
            self.measure(attempt);
            self.draw(Span { slot: attempt.slot, begin, end, task: attempt.task.0, succeeded });
        }
    }

    fn measure(&mut self, attempt: &Attempt) {
        let used = &attempt.used;
        self.wall += used.wall;
        self.user += used.user;
        self.system += used.system;
        self.max_rss = self.max_rss.max(used.max_rss);
        self.peak = self.peak.max(used.peak);
        self.rss.saturating_record(used.max_rss >> 10);
        // How long one was let run says nothing about the task.
        if attempt.end == End::Stopped {
            return;
        }
        self.walls.saturating_record(used.wall.as_micros() as u64);
        self.shortest = self.shortest.min(used.wall);
        self.longest = self.longest.max(used.wall);
        let fastest = self.slowest.peek().map_or(Duration::ZERO, |Reverse((wall, ..))| *wall);
        if self.slowest.len() < SLOWEST || used.wall > fastest {
            self.slowest.push(Reverse((used.wall, attempt.task.0, plain::end(&attempt.end))));
        }
        if self.slowest.len() > SLOWEST {
            self.slowest.pop();
        }
    }

    fn draw(&mut self, span: Span) {
        if (1..=LANES).contains(&span.slot) {
            self.timeline.lanes.entry(span.slot).or_insert_with(Series::new).cover(span.begin, span.end);
        }
        if let Some(bars) = &mut self.timeline.bars {
            bars.push(span);
        }
        self.timeline.bars.take_if(|bars| bars.len() > DRAWN);
    }

    fn slowest(&mut self, reader: &Reader, job: &Job) -> Result<Vec<Slow>, StoreError> {
        let heap = std::mem::take(&mut self.slowest).into_sorted_vec();
        let slow = heap.into_iter().map(|Reverse((wall, task, end))| {
            let found = reader.task(job.id, TaskId(task))?;
            let (number, input) = found.map_or((0, Vec::new()), |task| (task.number, task.input));
            Ok(Slow { task, number, input: Bytes::of(&input), wall_seconds: wall.as_secs_f64(), end })
        });
        slow.collect()
    }

    fn durations(&self) -> Option<Durations> {
        let at = |quantile| self.walls.value_at_quantile(quantile) as f64 / 1e6;
        let (min, max) = (self.shortest.as_secs_f64(), self.longest.as_secs_f64());
        (!self.walls.is_empty()).then(|| Durations {
            attempts: self.walls.len(),
            min_seconds: min,
            median_seconds: at(0.5).clamp(min, max),
            p90_seconds: at(0.9).clamp(min, max),
            p99_seconds: at(0.99).clamp(min, max),
            max_seconds: max,
            mean_seconds: self.walls.mean() / 1e6,
        })
    }

    /// Bins of equal width, or of equal ratio where the longest took many times as long as the shortest.
    fn histogram(&self) -> Vec<Bin> {
        if self.walls.is_empty() {
            return Vec::new();
        }
        let min = self.shortest.as_secs_f64().max(1e-6);
        let max = self.longest.as_secs_f64().max(min);
        let by_ratio = max > 20.0 * min;
        // Of a few attempts few bins: else they would be a row of ones.
        let count = if max > min { BINS.min(2 * self.walls.len().isqrt() as usize + 1) } else { 1 };
        let edge = |at: usize| match (at as f64 / count as f64, by_ratio) {
            (share, true) => min * (max / min).powf(share),
            (share, false) => min + (max - min) * share,
        };
        let mut bins: Vec<Bin> =
            (0..count).map(|at| Bin { from_seconds: edge(at), to_seconds: edge(at + 1), attempts: 0 }).collect();
        for step in self.walls.iter_recorded() {
            let seconds = step.value_iterated_to() as f64 / 1e6;
            let at = bins.partition_point(|bin| bin.to_seconds < seconds).min(count - 1);
            bins[at].attempts += step.count_at_value();
        }
        bins
    }
}

fn micros(from: SystemTime, to: SystemTime) -> u64 {
    to.duration_since(from).unwrap_or_default().as_micros() as u64
}

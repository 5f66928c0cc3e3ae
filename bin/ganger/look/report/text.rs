//! A report for a terminal.

use std::fmt::Write as _;

use super::super::plain::{self, seconds};
use super::{Memory, Report, Slow};

/// How wide the longest bar is.
const BAR: u64 = 40;

pub(crate) fn text(report: &Report) -> String {
    let mut text = String::new();
    // A string takes whatever is written.
    let _ = write(report, &mut text);
    text
}

fn write(report: &Report, to: &mut String) -> std::fmt::Result {
    head(report, to)?;
    durations(report, to)?;
    if !report.slowest.is_empty() {
        writeln!(to, "\nslowest")?;
        let rows: Vec<_> = report.slowest.iter().map(slow).collect();
        plain::table(&rows, &[0, 1]).lines().try_for_each(|line| writeln!(to, "  {line}"))?;
    }
    failures(report, to)?;
    resources(report, to)
}

fn head(report: &Report, to: &mut String) -> std::fmt::Result {
    let job = &report.job;
    writeln!(to, "job {} ({}): {}", job.id, plain::line(job.name.as_bytes()), job.state.word())?;
    writeln!(to, "command     {}", plain::line(job.command.as_bytes()))?;
    writeln!(to, "tasks       {} in all: {}", job.tasks.total, job.tasks.shown())?;
    let runs = plain::count(job.runs as u64, "run");
    writeln!(to, "begun       {}, took {} in {runs}", plain::moment(job.since), seconds(job.seconds))?;
    let repeated = &report.repeated;
    if repeated.attempts > 0 {
        let (again, well) = (repeated.attempts, repeated.succeeded);
        writeln!(to, "repeated    {}, of which {well} succeeded", plain::count(again, "attempt"))?;
    }
    Ok(())
}

fn durations(report: &Report, to: &mut String) -> std::fmt::Result {
    let Some(all) = &report.durations else { return Ok(()) };
    writeln!(to, "\ndurations of {}", plain::count(all.attempts, "attempt"))?;
    let figures = [
        ("min", all.min_seconds),
        ("median", all.median_seconds),
        ("p90", all.p90_seconds),
        ("p99", all.p99_seconds),
        ("max", all.max_seconds),
        ("mean", all.mean_seconds),
    ];
    let told: Vec<_> = figures.iter().map(|(name, value)| format!("{name} {}", seconds(*value))).collect();
    writeln!(to, "  {}", told.join(", "))?;
    let most = report.histogram.iter().map(|bin| bin.attempts).max().unwrap_or(1).max(1);
    for bin in &report.histogram {
        let bar = "█".repeat((bin.attempts * BAR).div_ceil(most) as usize);
        let (from, upto) = (seconds(bin.from_seconds), seconds(bin.to_seconds));
        writeln!(to, "  {from:>8} – {upto:>8}  {bar} {}", bin.attempts)?;
    }
    Ok(())
}

fn slow(slow: &Slow) -> Vec<String> {
    vec![seconds(slow.wall_seconds), slow.number.to_string(), slow.end.clone(), plain::line(&slow.input.0)]
}

fn failures(report: &Report, to: &mut String) -> std::fmt::Result {
    if !report.failures.is_empty() {
        writeln!(to, "\nfailures by cause")?;
    }
    for cause in &report.failures {
        let said = if cause.said.is_empty() { String::new() } else { format!(": {}", cause.said) };
        let tasks = plain::count(cause.tasks, "task");
        let first = plain::line(&cause.input.0);
        writeln!(to, "  {tasks}: {}{said} (first: input {}, {first})", cause.end, cause.number)?;
    }
    Ok(())
}

fn resources(report: &Report, to: &mut String) -> std::fmt::Result {
    let (processor, memory) = (&report.processor, &report.memory);
    let (user, system) = (seconds(processor.user_seconds), seconds(processor.system_seconds));
    let (share, busy) = (100.0 * processor.utilisation, 100.0 * processor.busy);
    let slots = plain::count(processor.slots.into(), "slot");
    writeln!(to, "\nprocessor   user {user}, system {system}: {share:.0}% of {slots}, which were busy for {busy:.0}%")?;
    writeln!(to, "memory      {}", used(memory))?;
    writeln!(to, "throughput  {} attempts/s", plain::rate(report.throughput.attempts_per_second))
}

/// The memory of attempts, on a line.
pub(crate) fn used(memory: &Memory) -> String {
    let (most, median) = (plain::size(memory.max_rss_bytes), plain::size(memory.median_rss_bytes));
    let peak = memory.peak_bytes.map(|peak| format!("; all processes of one attempt {} at most", plain::size(peak)));
    format!("max RSS {most} at most, {median} in the median{}", peak.unwrap_or_default())
}

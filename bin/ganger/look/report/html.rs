//! A report as one HTML file: its style inside, no script, nothing that is loaded.

use super::super::plain::{self, seconds};
use super::gather::Timeline;
use super::{Cause, Report, Slow, plots, text};

const STYLE: &str = include_str!("style.css");

/// Text as it stands in HTML, between tags or in an attribute's quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The page.
pub(crate) fn page(report: &Report, timeline: &Timeline) -> String {
    let job = &report.job;
    let title = escaped(&format!("job {} ({})", job.id, plain::line(job.name.as_bytes())));
    let command = escaped(&plain::line(job.command.as_bytes()));
    let state = job.state.word();
    let plots = [
        plots::histogram(&report.histogram),
        plots::throughput(&report.throughput, timeline),
        plots::slots(timeline),
        plots::memory(&report.throughput, timeline),
    ];
    let (facts, plots) = (facts(report), plots.concat());
    let (failures, slowest) = (failures(&report.failures), slowest(&report.slowest));
    format!(
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\
         <meta name=color-scheme content=\"light dark\"><title>{title}</title><style>{STYLE}</style></head>\n\
         <body><header><h1>{title} <span class={state}>{state}</span></h1><p><code>{command}</code></p></header>\n\
         {facts}{failures}{plots}{slowest}\
         <footer>ganger {}</footer></body></html>\n",
        env!("CARGO_PKG_VERSION")
    )
}

fn facts(report: &Report) -> String {
    let (job, processor, memory) = (&report.job, &report.processor, &report.memory);
    let mut facts = vec![
        ("tasks", format!("{} in all: {}", job.tasks.total, job.tasks.shown())),
        ("begun", plain::moment(job.since)),
        ("took", format!("{} in {}", seconds(job.seconds), plain::count(job.runs as u64, "run"))),
    ];
    if let Some(all) = &report.durations {
        facts.push((
            "an attempt took",
            format!(
                "{} in the median, p90 {}, p99 {}; {} to {}",
                seconds(all.median_seconds),
                seconds(all.p90_seconds),
                seconds(all.p99_seconds),
                seconds(all.min_seconds),
                seconds(all.max_seconds)
            ),
        ));
    }
    facts.push(("throughput", format!("{} attempts/s", plain::rate(report.throughput.attempts_per_second))));
    facts.push((
        "processor time",
        format!(
            "user {}, system {}: {:.0}% of {}, which were busy for {:.0}%",
            seconds(processor.user_seconds),
            seconds(processor.system_seconds),
            100.0 * processor.utilisation,
            plain::count(processor.slots.into(), "slot"),
            100.0 * processor.busy
        ),
    ));
    facts.push(("memory", text::used(memory)));
    if report.repeated.attempts > 0 {
        let again = plain::count(report.repeated.attempts, "attempt");
        facts.push(("repeated", format!("{again}, of which {} succeeded", report.repeated.succeeded)));
    }
    let rows: String =
        facts.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>", escaped(value))).collect();
    format!("<dl>{rows}</dl>\n")
}

/// A table with its title, or nothing without rows. Cells are text.
fn table(title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let cells = |row: Vec<String>| row.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect::<String>();
    let rows: String = rows.map(|row| format!("<tr>{}</tr>\n", cells(row))).collect();
    let head: String = head.iter().map(|name| format!("<th>{name}</th>")).collect();
    match rows.as_str() {
        "" => String::new(),
        rows => format!("<h2>{title}</h2><div class=wide><table><tr>{head}</tr>\n{rows}</table></div>\n"),
    }
}

fn failures(causes: &[Cause]) -> String {
    let rows = causes.iter().map(|cause| {
        let first = format!("{}: {}", cause.number, plain::line(&cause.input.0));
        vec![cause.tasks.to_string(), cause.end.clone(), cause.said.clone(), first]
    });
    table("Failures by cause", &["tasks", "end", "said", "first input"], rows)
}

fn slowest(slow: &[Slow]) -> String {
    let rows = slow.iter().map(|slow| {
        let input = plain::line(&slow.input.0);
        vec![seconds(slow.wall_seconds), slow.number.to_string(), slow.end.clone(), input]
    });
    table("Slowest attempts", &["took", "number", "end", "input"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_tag() {
        assert_eq!(escaped("<script>'a' & \"b\""), "&lt;script&gt;&#39;a&#39; &amp; &quot;b&quot;");
    }
}

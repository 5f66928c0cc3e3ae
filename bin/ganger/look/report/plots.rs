//! Plots as SVG inside HTML. Only shapes are drawn: they are stretched to the page's width, and words would be as well.

use std::fmt::Write as _;

use super::super::plain::{self, seconds};
use super::gather::{LANES, Timeline};
use super::html::escaped;
use super::series::Series;
use super::{Bin, Interval, Throughput};

/// How many units high a plot is.
const HEIGHT: f64 = 100.0;

/// A plot with its title, the value at its top, and what stands below it.
fn figure(title: &str, top: &str, shapes: &str, width: f64, axis: &[String]) -> String {
    let (title, top) = (escaped(title), escaped(top));
    let axis: String = axis.iter().map(|label| format!("<span>{}</span>", escaped(label))).collect();
    format!(
        "<figure><figcaption>{title}</figcaption><div class=top>{top}</div>\
         <svg class=plot viewBox=\"0 0 {width} {HEIGHT}\" preserveAspectRatio=none role=img aria-label=\"{title}\">{shapes}</svg>\
         <div class=axis>{axis}</div></figure>\n"
    )
}

/// A bar that stands on the ground, of a share of the full height.
fn bar(at: f64, width: f64, share: f64, class: &str, title: &str) -> String {
    let height = if share > 0.0 { (share * HEIGHT).max(0.7) } else { 0.0 };
    let (top, title) = (HEIGHT - height, escaped(title));
    format!(
        "<rect class={class} x=\"{at:.2}\" y=\"{top:.2}\" width=\"{width:.2}\" height=\"{height:.2}\"><title>{title}</title></rect>"
    )
}

pub(crate) fn histogram(bins: &[Bin]) -> String {
    let most = bins.iter().map(|bin| bin.attempts).max().unwrap_or(0);
    let Some((first, last)) = bins.first().zip(bins.last()) else { return String::new() };
    let mut shapes = String::new();
    for (at, bin) in bins.iter().enumerate() {
        let title = format!(
            "{} to {}: {}",
            seconds(bin.from_seconds),
            seconds(bin.to_seconds),
            plain::count(bin.attempts, "attempt")
        );
        shapes.push_str(&bar(at as f64 + 0.05, 0.9, share(bin.attempts, most), "a", &title));
    }
    let axis = [seconds(first.from_seconds), seconds(bins[bins.len() / 2].from_seconds), seconds(last.to_seconds)];
    figure("How long attempts took", &plain::count(most, "attempt"), &shapes, bins.len() as f64, &axis)
}

pub(crate) fn throughput(throughput: &Throughput, timeline: &Timeline) -> String {
    let most = throughput.intervals.iter().map(|cell| cell.attempts).max().unwrap_or(0);
    let draw = |at: f64, cell: &Interval| {
        let title = format!("{}, {} of them failed", plain::count(cell.attempts, "attempt"), cell.failed);
        // Those that failed stand before the others.
        bar(at, 1.0, share(cell.attempts, most), "a", &title) + &bar(at, 1.0, share(cell.failed, most), "f", &title)
    };
    let top = format!("{} attempts/s", plain::rate(most as f64 / throughput.interval_seconds));
    over_time("Attempts that ended, and in the other colour those that failed", &top, throughput, timeline, draw)
}

pub(crate) fn memory(throughput: &Throughput, timeline: &Timeline) -> String {
    let most = throughput.intervals.iter().map(|cell| cell.max_rss_bytes).max().unwrap_or(0);
    let draw =
        |at: f64, cell: &Interval| bar(at, 1.0, share(cell.max_rss_bytes, most), "a", &plain::size(cell.max_rss_bytes));
    over_time("Largest max RSS of the attempts that ended", &plain::size(most), throughput, timeline, draw)
}

fn over_time(
    title: &str,
    top: &str,
    throughput: &Throughput,
    timeline: &Timeline,
    draw: impl Fn(f64, &Interval) -> String,
) -> String {
    let cells = throughput.intervals.iter().enumerate();
    let mut shapes: String = cells.map(|(at, cell)| draw(at as f64, cell)).collect();
    let width = throughput.intervals.len() as f64;
    let unit = throughput.interval_seconds * 1e6;
    shapes.push_str(&borders(timeline, unit, HEIGHT));
    figure(title, top, &shapes, width, &clock(throughput.interval_seconds * width))
}

/// A line where a run began.
fn borders(timeline: &Timeline, unit: f64, height: f64) -> String {
    let line = |at: &u64| {
        let x = *at as f64 / unit;
        format!(
            "<line class=r x1=\"{x:.2}\" x2=\"{x:.2}\" y1=0 y2=\"{height}\" vector-effect=non-scaling-stroke><title>the next run</title></line>"
        )
    };
    timeline.borders.iter().map(line).collect()
}

/// Which slot was busy when: every attempt where they are few, else how much of each moment.
pub(crate) fn slots(timeline: &Timeline) -> String {
    let Some(&last) = timeline.lanes.keys().next_back() else { return String::new() };
    let length = timeline.length.max(1) as f64;
    let x = |moment: f64| 1000.0 * moment / length;
    let mut shapes = String::new();
    match &timeline.bars {
        Some(bars) => bars.iter().filter(|bar| bar.slot <= LANES && bar.slot > 0).for_each(|bar| {
            let (from, upto) = (x(bar.begin as f64), x(bar.end as f64));
            let title = format!("task #{}, {}", bar.task, seconds((bar.end - bar.begin) as f64 / 1e6));
            lane(&mut shapes, bar.slot, from, upto - from, if bar.succeeded { "a" } else { "f" }, 1.0, &title);
        }),
        None => timeline.lanes.iter().for_each(|(slot, series)| busy(&mut shapes, *slot, series, &x, timeline.length)),
    }
    shapes.push_str(&borders(timeline, length / 1000.0, f64::from(10 * last)));
    let (height, pixels, axis) = (10 * last, (14 * last).max(28), clock(length / 1e6));
    let axis: String = axis.iter().map(|label| format!("<span>{label}</span>")).collect();
    let title =
        if last == LANES { format!("When slots were busy (the first {LANES})") } else { "When slots were busy".into() };
    format!(
        "<figure><figcaption>{title}, from slot 1 at the top to {last}</figcaption>\
         <svg class=plot style=\"height:{pixels}px\" viewBox=\"0 0 1000 {height}\" preserveAspectRatio=none role=img \
         aria-label=\"{title}\">{shapes}</svg><div class=axis>{axis}</div></figure>\n"
    )
}

fn busy(shapes: &mut String, slot: u32, series: &Series<u64>, x: &dyn Fn(f64) -> f64, length: u64) {
    let width = x(series.width as f64);
    for (at, time) in series.until(length).iter().enumerate().filter(|(_, time)| **time > 0) {
        let share = *time as f64 / series.width as f64;
        lane(shapes, slot, at as f64 * width, width, "a", share, &format!("busy for {:.0}%", 100.0 * share));
    }
}

fn lane(shapes: &mut String, slot: u32, from: f64, width: f64, class: &str, opacity: f64, title: &str) {
    let y = 10 * (slot - 1) + 1;
    let (width, opacity) = (width.max(0.3), opacity.clamp(0.05, 1.0));
    // A string takes whatever is written.
    let _ = write!(
        shapes,
        "<rect class={class} x=\"{from:.2}\" y={y} width=\"{width:.2}\" height=8 fill-opacity=\"{opacity:.2}\"><title>{title}</title></rect>"
    );
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn clock(length: f64) -> [String; 3] {
    ["0".to_owned(), seconds(length / 2.0), seconds(length)]
}

//! The state on the screen.
//!
//! ```text
//!  12/50 done, 1 failed, 3/s, 13 s left · 4 of 4 slots      what all the views have
//!  ███████████▌                          24%
//!  ▁▂▅▇▃                                                    how much was done in each second
//!  slot  input     time  try  what                          what runs
//!  …
//!  ✓ 11  0 s  a.c                                           what has ended, the newest first
//!  the last message
//!  p pause  + - slots  …
//! ```
//! What does not fit is left out from the middle downwards; a window may be as small as one character.

use std::collections::VecDeque;

use ganger_batch::{Ended, InHand};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Gauge, Paragraph, Row, Sparkline, Table, TableState};

use super::keys::KEYS;
use super::plain::{lines, plain};
use super::state::{State, View};
use crate::progress;

/// A window with fewer lines has no room for how much was done in each second.
const ROOMY: u16 = 16;

const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const CHOSEN: Style = Style::new().add_modifier(Modifier::REVERSED);
const BAD: Style = Style::new().fg(Color::Red);
const GOOD: Style = Style::new().fg(Color::Green);

/// Draws all of it. What was scrolled further than there is comes back to where it ends.
pub(super) fn draw(frame: &mut Frame<'_>, state: &mut State) {
    let seconds = if frame.area().height >= ROOMY { 2 } else { 0 };
    let heights = [1, 1, seconds].map(Constraint::Length);
    let heights = heights.into_iter().chain([Constraint::Fill(1), Constraint::Length(1), Constraint::Length(1)]);
    let [header, gauge, seconds, main, message, keys] = Layout::vertical(heights).areas(frame.area());
    frame.render_widget(Line::styled(title(state), BOLD), header);
    draw_gauge(frame, state, gauge);
    draw_seconds(frame, state, seconds);
    match state.view {
        View::Run => draw_run(frame, state, main),
        View::Output(number) => draw_output(frame, state, number, main),
        View::Failures => draw_failures(frame, state, main),
        View::Keys => frame.render_widget(Paragraph::new(KEYS.map(key).to_vec()), main),
    }
    let last = state.messages.back().map(|text| plain(text.as_bytes())).unwrap_or_default();
    frame.render_widget(Line::raw(last), message);
    frame
        .render_widget(Line::styled("p pause  + - slots  k kill  Enter output  f failures  q quit  ? keys", DIM), keys);
}

fn title(state: &State) -> String {
    let Some(progress) = &state.progress else { return "waiting for the first input".to_owned() };
    let (running, slots) = (state.running.len(), progress.slots);
    format!("{} · {running} of {slots} slots", progress::line(progress, &state.pace))
}

fn draw_gauge(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let Some(progress) = &state.progress else { return };
    let counts = progress.counts;
    let over = counts.succeeded + counts.failed + counts.stopped + counts.skipped;
    let Some(total) = progress.total.filter(|total| *total > 0) else { return };
    let style = if counts.failed > 0 { BAD } else { GOOD };
    frame.render_widget(Gauge::default().gauge_style(style).ratio((over as f64 / total as f64).min(1.0)), area);
}

fn draw_seconds(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let fit = state.seconds.len().saturating_sub(area.width.into());
    frame.render_widget(Sparkline::default().data(state.seconds.iter().skip(fit).copied()), area);
}

/// What runs has at least half of the room, if it needs it.
fn draw_run(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let wanted = u16::try_from(state.running.len() + 1).unwrap_or(u16::MAX);
    let left = u16::try_from(state.ended.len()).unwrap_or(u16::MAX).min(area.height / 2);
    let height = wanted.min(area.height.saturating_sub(left));
    let [running, ended] = Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
    let widths = [4, 8, 12, 3].map(Constraint::Length).into_iter().chain([2, 3].map(Constraint::Fill));
    let header = Row::new(["slot", "input", "time", "try", "what", "its last line"]).style(DIM);
    let table = Table::new(state.running.iter().map(row), widths).header(header).row_highlight_style(CHOSEN);
    frame.render_stateful_widget(table, running, &mut TableState::new().with_selected(state.selected_at()));
    let newest = state.ended.iter().rev().take(ended.height.into()).map(ended_line);
    frame.render_widget(Paragraph::new(newest.collect::<Vec<_>>()), ended);
}

fn row(running: &InHand) -> Row<'static> {
    let InHand { number, input, slot, attempt, time, last_line, .. } = running;
    let numbers = [slot.to_string(), number.to_string(), progress::duration(*time), attempt.to_string()];
    Row::new(numbers.into_iter().chain([plain(input), plain(last_line)]))
}

fn ended_line(ended: &Ended) -> Line<'static> {
    let Ended { number, input, time, failure, last_line } = ended;
    let mark = if failure.is_none() { Span::styled("✓", GOOD) } else { Span::styled("✗", BAD) };
    let what = format!(" {number}  {}  {}", progress::duration(*time), plain(input));
    let why = failure.as_ref().map(|why| Span::styled(format!("  {}", plain(why.as_bytes())), BAD));
    let said = Span::styled(format!("  {}", plain(last_line)), DIM);
    Line::from_iter([Some(mark), Some(what.into()), why, Some(said)].into_iter().flatten())
}

fn draw_output(frame: &mut Frame<'_>, state: &mut State, number: u64, area: Rect) {
    let runs = state.running.iter().any(|running| running.number == number);
    let told = if runs { "has printed so far" } else { "had printed when it was looked at last" };
    let lines = lines(&state.detail).into_iter().map(Line::raw).collect();
    draw_list(frame, &format!("input {number} {told}:"), lines, &mut state.back, area);
}

fn draw_failures(frame: &mut Frame<'_>, state: &mut State, area: Rect) {
    let lines = state.failures.iter().map(ended_line).collect::<VecDeque<_>>().into();
    draw_list(frame, "what has failed:", lines, &mut state.back, area);
}

/// The last lines that fit, `back` lines before the end.
fn draw_list(frame: &mut Frame<'_>, title: &str, mut lines: Vec<Line<'_>>, back: &mut usize, area: Rect) {
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let fit = usize::from(body.height);
    *back = (*back).min(lines.len().saturating_sub(fit));
    lines.truncate(lines.len() - *back);
    let first = lines.len().saturating_sub(fit);
    frame.render_widget(Line::styled(title, DIM), head);
    frame.render_widget(Paragraph::new(lines.split_off(first)), body);
}

fn key((keys, what): (&'static str, &'static str)) -> Line<'static> {
    Line::from_iter([Span::styled(format!("{keys:<10}"), BOLD), what.into()])
}

#[cfg(test)]
#[path = "draw_tests.rs"]
mod tests;

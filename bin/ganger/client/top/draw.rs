//! The service on the screen.
//!
//! ```text
//!  2 run, 17 wait · 23:50:01
//!  queue    slots  running  waiting  delayed  blocked  held  state
//!  …
//!  job  name  state  done  tasks  command           the newest first, one of them selected
//!  …
//!  the last message
//!  Up Down select  p pause …
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Row, Table, TableState};

use super::look::Look;
use super::state::State;
use crate::client::views::{Job, Queue, Task};
use crate::look::plain::moment;
use crate::tui::plain;

const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const CHOSEN: Style = Style::new().add_modifier(Modifier::REVERSED);
const BAD: Style = Style::new().fg(Color::Red);
const GOOD: Style = Style::new().fg(Color::Green);

pub(super) fn draw(frame: &mut Frame<'_>, state: &State) {
    let queues = state.look.as_ref().map_or(0, |look| look.queues.len() + 2);
    let queues = u16::try_from(queues).unwrap_or(u16::MAX).min(frame.area().height / 2);
    let heights = [Constraint::Length(1), Constraint::Length(queues), Constraint::Fill(1)];
    let heights = heights.into_iter().chain([Constraint::Length(1), Constraint::Length(1)]);
    let [title, queues, jobs, message, keys] = Layout::vertical(heights).areas(frame.area());
    match &state.look {
        None => frame.render_widget(Line::styled("waiting for the service", BOLD), title),
        Some(look) => {
            frame.render_widget(Line::styled(headline(look), BOLD), title);
            draw_queues(frame, look, queues);
            match state.open {
                None => draw_jobs(frame, look, state.selected_at(), jobs),
                Some(job) => draw_tasks(frame, look, job, jobs),
            }
        }
    }
    frame.render_widget(Line::raw(plain(state.message.as_bytes())), message);
    frame.render_widget(
        Line::styled("Up Down select  Enter its tasks  p pause, go on  c cancel  r retry  q quit", DIM),
        keys,
    );
}

fn headline(look: &Look) -> String {
    let (running, waiting) = look.tasks();
    format!("{running} tasks run, {waiting} wait · {}", moment(look.when))
}

fn draw_queues(frame: &mut Frame<'_>, look: &Look, area: Rect) {
    let widths = [Constraint::Fill(1)].into_iter().chain([8; 7].map(Constraint::Length));
    let header = Row::new(["queue", "slots", "running", "waiting", "delayed", "blocked", "held", "state"]).style(DIM);
    frame.render_widget(Table::new(look.queues.iter().map(queue), widths).header(header), area);
}

fn queue(queue: &Queue) -> Row<'static> {
    let state = if queue.paused { "paused" } else { "open" };
    let Queue { slots, running, waiting, delayed, blocked, held, .. } = queue;
    let numbers = [slots, running, waiting, delayed, blocked, held].map(u64::to_string);
    Row::new([plain(queue.name.as_bytes())].into_iter().chain(numbers).chain([state.to_owned()]))
}

fn draw_jobs(frame: &mut Frame<'_>, look: &Look, selected: Option<usize>, area: Rect) {
    let widths = [Constraint::Length(7), Constraint::Fill(1), Constraint::Length(9), Constraint::Length(13)];
    let widths = widths.into_iter().chain([Constraint::Length(7), Constraint::Fill(2)]);
    let header = Row::new(["job", "name", "state", "done", "failed", "command"]).style(DIM);
    let table = Table::new(look.jobs.iter().map(job), widths).header(header).row_highlight_style(CHOSEN);
    frame.render_stateful_widget(table, area, &mut TableState::new().with_selected(selected));
}

fn job(job: &Job) -> Row<'static> {
    let style = match job.state.as_str() {
        "succeeded" => GOOD,
        "failed" | "stopped" => BAD,
        _ => Style::new(),
    };
    let done = format!("{}/{}", job.tasks.over(), job.tasks.total);
    let failed = job.tasks.failed.to_string();
    let text = |text: &str| plain(text.as_bytes());
    Row::new([job.id.to_string(), text(&job.name), job.shown_state(), done, failed, text(&job.command)]).style(style)
}

/// What runs of a job, and what went wrong.
fn draw_tasks(frame: &mut Frame<'_>, look: &Look, job: u64, area: Rect) {
    let widths = [Constraint::Length(9), Constraint::Length(9), Constraint::Fill(1)];
    let header =
        Row::new([format!("job {job}"), "state".to_owned(), "words (ganger logs JOB.TASK)".to_owned()]).style(DIM);
    frame.render_widget(Table::new(look.tasks.iter().map(task), widths).header(header), area);
}

fn task(task: &Task) -> Row<'static> {
    let style = if task.state == "running" { Style::new() } else { BAD };
    let words = plain(task.words.join(" ").as_bytes());
    Row::new([task.number.to_string(), plain(task.state.as_bytes()), words]).style(style)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use serde_json::json;

    use super::*;
    use crate::client::views::read;

    fn state() -> State {
        let tasks = json!({"total": 9, "waiting": 4, "running": 1, "succeeded": 2, "failed": 2, "stopped": 0});
        let jobs = json!([{"id": 12, "name": "ali\u{1b}[31mgn", "command": "./align", "queue": "default", "priority": 0,
                           "state": "running", "created": 0.0, "tasks": tasks}]);
        let queues = json!([{"name": "default", "slots": 4, "waiting": 17, "running": 2, "paused": true}]);
        let (queues, jobs) = (read(&queues).expect("queues"), read(&jobs).expect("jobs"));
        let tasks = read(&json!([{"number": 8, "words": ["a.fastq"], "state": "failed"}])).expect("tasks");
        let mut state = State::default();
        state.take(Look { queues, jobs, tasks, when: SystemTime::now(), said: json!(null) });
        state
    }

    fn drawn(state: &State, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("no terminal is needed");
        terminal.draw(|frame| draw(frame, state)).expect("it draws");
        let buffer = terminal.backend().buffer();
        let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..height).map(row).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn queues_and_jobs_are_seen() {
        let screen = drawn(&state(), 80, 24);
        for text in ["2 tasks run, 17 wait", "default", "paused", "12", "align", "4/9", "./align", "q quit"] {
            assert!(screen.contains(text), "{text}:\n{screen}");
        }
        assert!(!screen.contains('\u{1b}'));
    }

    #[test]
    fn the_tasks_of_a_job_are_seen() {
        let mut state = state();
        state.open = Some(12);
        let screen = drawn(&state, 80, 24);
        assert!(screen.contains("job 12") && screen.contains("a.fastq") && !screen.contains("./align"), "{screen}");
    }

    #[test]
    fn any_window_will_do() {
        for (width, height) in [(1, 1), (2, 5), (10, 3), (500, 2)] {
            drawn(&state(), width, height);
        }
    }
}

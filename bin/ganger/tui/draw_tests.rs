//! The screen, on a terminal that is made up.

use std::time::Duration;

use ganger_batch::{Counts, Progress, Snapshot};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use termion::event::Key;

use super::*;
use crate::tui::state::Wish;

fn in_hand(number: u64, input: &str, last_line: &str) -> InHand {
    let (input, last_line) = (input.as_bytes().to_vec(), last_line.as_bytes().to_vec());
    InHand { number, input, slot: number as u32, attempt: 2, time: Duration::from_secs(75), worker: None, last_line }
}

fn ended(number: u64, failure: Option<&str>) -> Ended {
    let (input, last_line) = (format!("in{number}").into_bytes(), b"bye".to_vec());
    Ended { number, input, time: Duration::from_secs(3), failure: failure.map(str::to_owned), last_line }
}

fn snapshot(running: Vec<InHand>, ended: Vec<Ended>) -> Snapshot {
    let counts = Counts { succeeded: 5, failed: 1, ..Counts::default() };
    let progress = Progress { counts, total: Some(12), retried: 0, running: 2, slots: 2, paused: false, waiting: None };
    Snapshot { progress, running, ended, detail: Vec::new() }
}

/// Of a run that has been looked at.
fn looked_at() -> State {
    let mut state = State::default();
    let running = vec![in_hand(7, "a\x1b[31mb", "half \x1b[2Jdone"), in_hand(8, "日本語", "")];
    let over = vec![ended(5, None), ended(6, Some("exit code 3"))];
    state.take(snapshot(running.clone(), over), Duration::from_secs(1));
    state.take(snapshot(running, Vec::new()), Duration::from_secs(2));
    state
}

fn drawn(state: &mut State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal that is made up");
    terminal.draw(|frame| draw(frame, state)).expect("it draws");
    terminal.backend().to_string()
}

#[track_caller]
fn shows(screen: &str, texts: &[&str]) {
    texts.iter().for_each(|text| assert!(screen.contains(text), "no {text:?} in\n{screen}"));
}

#[test]
fn what_runs_and_what_has_ended_is_seen() {
    let mut state = looked_at();
    state.hear("input 6 failed".to_owned());
    let screen = drawn(&mut state, 100, 24);
    shows(&screen, &["6/12 done, 1 failed", "2 of 2 slots", "50%", "1 min 15 s", "ab", "half done", "日", "q quit"]);
    shows(&screen, &["✓ 5  3 s  in5", "✗ 6  3 s  in6  exit code 3", "input 6 failed"]);
    assert!(!screen.contains('\x1b'));
}

#[test]
fn a_run_that_has_not_begun_says_so() {
    shows(&drawn(&mut State::default(), 60, 10), &["waiting for the first input"]);
}

#[test]
fn no_window_is_too_small() {
    for (width, height) in [(1, 1), (2, 3), (5, 40), (200, 2), (10, 6), (80, 5), (3, 16)] {
        for view in [View::Run, View::Output(7), View::Failures, View::Keys] {
            let mut state = looked_at();
            state.view = view;
            drawn(&mut state, width, height);
        }
    }
}

#[test]
fn keys_say_what_the_run_is_to_do() {
    let mut state = looked_at();
    assert_eq!(state.press(Key::Char('p')), Some(Wish::Pause));
    if let Some(progress) = &mut state.progress {
        progress.paused = true;
    }
    assert_eq!(state.press(Key::Char('p')), Some(Wish::Resume));
    shows(&drawn(&mut state, 100, 24), &["paused"]);
    assert_eq!([Key::Char('+'), Key::Char('-')].map(|key| state.press(key)), [1, -1].map(|by| Some(Wish::Slots(by))));
    assert_eq!([Key::Char('q'), Key::Ctrl('c')].map(|key| state.press(key)), [Some(Wish::Quit); 2]);
    assert_eq!(state.press(Key::Char('k')), Some(Wish::Kill(7)));
    assert_eq!((state.press(Key::Down), state.press(Key::Char('r'))), (None, Some(Wish::Restart(8))));
    assert_eq!((state.press(Key::Down), state.press(Key::Up), state.selected), (None, None, Some(7)));
    state.press(Key::Char('f'));
    assert_eq!(state.press(Key::Char('k')), None, "nobody sees whom it would hit");
    shows(&drawn(&mut state, 100, 24), &["what has failed:", "exit code 3"]);
    state.press(Key::Char('?'));
    shows(&drawn(&mut state, 100, 24), &["kill the selected command"]);
    state.press(Key::Esc);
    assert_eq!(state.view, View::Run);
}

#[test]
fn output_is_read_from_its_end_and_scrolled() {
    let mut state = looked_at();
    state.press(Key::Char('\n'));
    assert_eq!(state.detailed(), Some(7));
    let detail = (1..=100).map(|n| format!("line {n}.\n")).collect::<String>().into_bytes();
    state.take(Snapshot { detail, ..snapshot(vec![in_hand(7, "a", "")], Vec::new()) }, Duration::from_secs(3));
    let screen = drawn(&mut state, 60, 12);
    shows(&screen, &["input 7 has printed so far:", "line 100."]);
    assert!((0..20).all(|_| state.press(Key::PageUp).is_none()));
    let screen = drawn(&mut state, 60, 12);
    shows(&screen, &["line 1."]);
    assert!(!screen.contains("line 100."));
    state.press(Key::Char('\n'));
    assert_eq!((state.view, state.detail.len()), (View::Run, 0));
}

#[test]
fn the_selection_stays_with_its_command_and_then_its_slot() {
    let mut state = looked_at();
    state.press(Key::Down);
    state.take(snapshot(vec![in_hand(9, "", ""), in_hand(8, "", "")], Vec::new()), Duration::from_secs(3));
    assert_eq!((state.selected, state.selected_at()), (Some(8), Some(1)));
    let next = InHand { slot: 8, ..in_hand(20, "", "") };
    state.take(snapshot(vec![in_hand(9, "", ""), next], Vec::new()), Duration::from_secs(4));
    assert_eq!(state.selected, Some(20));
    state.take(snapshot(Vec::new(), Vec::new()), Duration::from_secs(5));
    assert_eq!((state.selected, state.press(Key::Char('k')), state.press(Key::Down)), (None, None, None));
}

//! What each key does.

use termion::event::Key;

use super::state::{State, View, Wish};

/// As they are listed by `?`.
pub(super) const KEYS: [(&str, &str); 11] = [
    ("p", "pause: start no more; again: go on"),
    ("+ -", "one more command at a time, or one less"),
    ("Up Down", "select a command; scroll its output, or the failures"),
    ("Enter", "what the selected command has printed so far"),
    ("k", "kill the selected command: it has failed"),
    ("r", "kill it and run it once more"),
    ("f", "what has failed"),
    ("q Ctrl-C", "quit: what runs may finish; again: it is asked to end; a third time: it is killed"),
    ("Ctrl-\\", "kill all at once"),
    ("Esc", "back"),
    ("?", "these keys"),
];

/// Ctrl-\, in termion's words: terminals send the same byte for Ctrl-4.
const QUIT: Key = Key::Ctrl('4');

/// So many lines at a time.
const PAGE: usize = 10;

impl State {
    /// What a key does here, and what it makes the run do.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all the other keys of a keyboard do nothing")]
    pub(super) fn press(&mut self, key: Key) -> Option<Wish> {
        match key {
            Key::Char('p') if self.is_paused() => return Some(Wish::Resume),
            Key::Char('p') => return Some(Wish::Pause),
            Key::Char('+' | '=') => return Some(Wish::Slots(1)),
            Key::Char('-') => return Some(Wish::Slots(-1)),
            Key::Char('q') | Key::Ctrl('c') => return Some(Wish::Quit),
            QUIT => return Some(Wish::KillAll),
            Key::Char('k') => return self.targeted().map(Wish::Kill),
            Key::Char('r') => return self.targeted().map(Wish::Restart),
            Key::Char('\n') => self.open_output(),
            Key::Char('f') => self.turn_to(View::Failures),
            Key::Char('?' | 'h') => self.turn_to(View::Keys),
            Key::Esc | Key::Backspace => self.turn_to(View::Run),
            Key::Up => self.move_by(-1),
            Key::Down => self.move_by(1),
            Key::PageUp => self.move_by(-(PAGE as isize)),
            Key::PageDown => self.move_by(PAGE as isize),
            _ => {}
        }
        None
    }

    /// The command that a key is for: none that nobody sees.
    fn targeted(&self) -> Option<u64> {
        match self.view {
            View::Run => self.selected,
            View::Output(number) => Some(number),
            View::Failures | View::Keys => None,
        }
    }

    fn open_output(&mut self) {
        let view = match (self.view, self.selected) {
            (View::Run, Some(number)) => View::Output(number),
            (View::Run | View::Output(_) | View::Failures | View::Keys, _) => View::Run,
        };
        self.turn_to(view);
    }

    /// Turned to what is looked at already, it turns back.
    fn turn_to(&mut self, view: View) {
        self.view = if self.view == view { View::Run } else { view };
        self.back = 0;
        self.detail.clear();
    }

    fn move_by(&mut self, by: isize) {
        match self.view {
            View::Run => self.select(by),
            View::Output(_) | View::Failures | View::Keys => self.back = self.back.saturating_add_signed(-by),
        }
    }
}

//! The terminal itself: raw, on its other screen, and given back as it was when this is dropped, be it by a panic.
//!
//! By `termion`: it starts no thread, claims no signal and keeps no state of its own. The size is looked up before each
//! drawing, so nobody has to be told that it has changed.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use ratatui::backend::TermionBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use termion::event::{Event, Key, parse_event};
use termion::raw::{IntoRawMode, RawTerminal};
use termion::screen::{AlternateScreen, IntoAlternateScreen};

/// The terminal that this process was started from, wherever standard output goes.
pub(super) const TERMINAL: &str = "/dev/tty";

/// `open` returns, and `read` too, when there is nothing.
const O_NONBLOCK: i32 = 0o4000;

/// There is no terminal to draw on; why.
#[derive(Debug)]
pub(crate) enum NoTerminal {
    /// None that can be used.
    Unusable(io::Error),
    /// By its kind it understands no escape sequences; None: nobody says of what kind it is.
    Plain(Option<OsString>),
}

impl fmt::Display for NoTerminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoTerminal::Unusable(why) => write!(f, "--tui needs a terminal, and {TERMINAL} cannot be used: {why}")?,
            NoTerminal::Plain(Some(kind)) => {
                write!(f, "--tui: this terminal cannot be drawn on, as it is said to be TERM={}", kind.display())?;
            }
            NoTerminal::Plain(None) => {
                f.write_str("--tui: this terminal is of no kind that is known: TERM is not set")?
            }
        }
        f.write_str("; --progress tells the same line by line")
    }
}

/// What is drawn, in a window of fixed size: ratatui, were it to find out the size and the cursor's place by itself, would
/// ask standard output, which need not be the terminal, and wait for an answer from the keyboard.
type Drawn = Terminal<TermionBackend<BufWriter<File>>>;

/// The terminal, to draw on and to be heard.
pub(crate) struct Screen {
    terminal: Drawn,
    /// Gives it back.
    display: AlternateScreen<RawTerminal<File>>,
    /// The same terminal. It has a descriptor of its own, since it must not be waited for.
    keyboard: File,
}

impl Screen {
    pub(crate) fn open() -> Result<Self, NoTerminal> {
        match env::var_os("TERM") {
            Some(kind) if !kind.is_empty() && kind != "dumb" => Self::try_open().map_err(NoTerminal::Unusable),
            kind => Err(NoTerminal::Plain(kind.filter(|kind| !kind.is_empty()))),
        }
    }

    fn try_open() -> io::Result<Self> {
        let keyboard = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(TERMINAL)?;
        let display = OpenOptions::new().read(true).write(true).open(TERMINAL)?;
        let display = display.into_raw_mode()?.into_alternate_screen()?;
        Ok(Self { terminal: blank(&display, area(&keyboard)?)?, display, keyboard })
    }

    pub(crate) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let area = area(&self.keyboard)?;
        if area != self.terminal.get_frame().area() {
            write!(self.display, "{}", termion::clear::All)?;
            self.terminal = blank(&self.display, area)?;
        }
        self.terminal.draw(draw).map(drop)
    }

    /// What was pressed since.
    pub(crate) fn keys(&mut self) -> Vec<Key> {
        let mut bytes = [0; 256];
        let read = self.keyboard.read(&mut bytes).unwrap_or(0);
        parsed(&bytes[..read])
    }
}

/// Nothing is drawn yet.
fn blank(display: &File, area: Rect) -> io::Result<Drawn> {
    let backend = TermionBackend::new(BufWriter::new(display.try_clone()?));
    Terminal::with_options(backend, TerminalOptions { viewport: Viewport::Fixed(area) })
}

fn area(terminal: &File) -> io::Result<Rect> {
    let size = termion::terminal_size_fd(terminal)?;
    // A terminal that nobody has told its size says 0.
    let (width, height) = if size.0 == 0 || size.1 == 0 { (80, 24) } else { size };
    Ok(Rect::new(0, 0, width, height))
}

/// An escape alone is the key of that name; with more behind it, the beginning of another.
fn parsed(bytes: &[u8]) -> Vec<Key> {
    let mut rest = bytes.iter().map(|byte| Ok(*byte));
    let mut keys = Vec::new();
    while let Some(Ok(first)) = rest.next() {
        match parse_event(first, &mut rest) {
            Ok(Event::Key(key)) => keys.push(key),
            Ok(Event::Mouse(_) | Event::Unsupported(_)) => {}
            Err(_) if first == 0x1b => keys.push(Key::Esc),
            Err(_) => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read() {
        let keys = parsed(b"p+\x1b[A\x1b[B\r\x03\x1c?");
        let wanted = [
            Key::Char('p'),
            Key::Char('+'),
            Key::Up,
            Key::Down,
            Key::Char('\n'),
            Key::Ctrl('c'),
            Key::Ctrl('4'),
            Key::Char('?'),
        ];
        assert_eq!(keys, wanted);
        assert_eq!(parsed(b"\x1b"), [Key::Esc]);
        assert_eq!(parsed(b""), []);
    }
}

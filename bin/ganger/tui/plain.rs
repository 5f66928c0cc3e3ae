//! What programs print, as it may stand on our screen: without what a terminal would obey.

/// Text without escape sequences and other control characters; what turns the direction of writing goes as well.
pub(crate) fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = console::strip_ansi_codes(&text);
    let shown = text.chars().map(|c| if c == '\t' { ' ' } else { c });
    shown.filter(|c| !c.is_control() && !turns(*c)).collect()
}

fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same, line by line; a line that was drawn over by carriage returns is what was drawn last.
pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    let last_drawn =
        |line: &[u8]| plain(line.rsplit(|byte| *byte == b'\r').find(|part| !part.is_empty()).unwrap_or_default());
    let mut lines: Vec<String> = bytes.split(|byte| *byte == b'\n').map(last_drawn).collect();
    lines.pop_if(|last| last.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_a_terminal_obeys() {
        assert_eq!(plain(b"\x1b[31mred\x1b[0m\tand\x07 \x1b]0;title\x07more\x1b"), "red and more");
        assert_eq!(
            plain("a\u{202e}b 日本 \u{9b}2J".as_bytes()),
            "ab 日本 2J".replace("2J", &plain("\u{9b}2J".as_bytes()))
        );
        assert!(plain(&(0..=255).collect::<Vec<u8>>()).chars().all(|c| !c.is_control()));
    }

    #[test]
    fn lines_are_as_they_were_drawn_last() {
        assert_eq!(lines(b"10%\r20%\r\none\ntwo\n"), ["20%", "one", "two"]);
        assert_eq!(lines(b""), [""; 0]);
    }
}

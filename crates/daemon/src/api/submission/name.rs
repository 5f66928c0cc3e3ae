//! What a job is called that does not say so itself.

use crate::api::checks;

/// So many characters of a name that nobody has chosen.
const MOST: usize = checks::NAME / 4;

/// By its program, without the directory; a script by its first line, since there are many of the same shell. Without what
/// could not be shown.
pub(super) fn of(command: &[Vec<u8>], tasks: &[Vec<String>]) -> String {
    let first = tasks.first().into_iter().flatten().map(String::as_bytes);
    let mut words = command.iter().map(Vec::as_slice).chain(first);
    let program = file(words.next().unwrap_or_default());
    let script = words.next().filter(|flag| SHELLS.contains(&program) && *flag == b"-c").and_then(|_| words.next());
    let shown = String::from_utf8_lossy(script.and_then(line).unwrap_or(program)).into_owned();
    shown.chars().filter(|char| !char.is_control()).take(MOST).collect()
}

const SHELLS: [&[u8]; 5] = [b"sh", b"bash", b"dash", b"zsh", b"ksh"];

fn file(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// The first that says something.
fn line(script: &[u8]) -> Option<&[u8]> {
    script.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(command: &[&str], task: &[&str]) -> String {
        let command: Vec<_> = command.iter().map(|word| word.as_bytes().to_vec()).collect();
        of(&command, &[task.iter().map(|word| (*word).to_owned()).collect()])
    }

    #[test]
    fn a_script_is_called_by_its_first_line() {
        let table: [(&[&str], &[&str], &str); 7] = [
            (&["/usr/bin/gzip", "-9"], &["a"], "gzip"),
            (&[], &["./align", "a"], "align"),
            (&["/bin/sh", "-c"], &["\n  make all\nmake install"], "make all"),
            (&["bash", "-c", "echo \u{1b}[31mred"], &[], "echo [31mred"),
            (&["sh", "script.sh", "-c"], &[], "sh"),
            (&["sh", "-c"], &[" \n"], "sh"),
            (&["grep", "-c"], &["x"], "grep"),
        ];
        for (command, task, wanted) in table {
            assert_eq!(name(command, task), wanted);
        }
        assert_eq!(name(&["sh", "-c"], &[&"x".repeat(900)]).len(), MOST);
    }
}

//! What a replacement string makes of an input: its whole, or a part of it as a path.
//!
//! Inputs are bytes: a path need not be UTF-8. Two cases differ from GNU parallel, where they only ever surprise: a
//! leading dot begins no extension (`{.}` of `.profile` is `.profile`, not nothing), and a slash at the end does not
//! count (`{/}` of `photos/` is `photos`, as basename(1) has it).

/// A part of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `{}`: all of it.
    Whole,
    /// `{.}`: without its extension.
    NoExtension,
    /// `{/}`: without its directory.
    Basename,
    /// `{//}`: its directory; `.` if it has none.
    Dirname,
    /// `{/.}`: without directory and extension.
    Stem,
}

impl Form {
    /// The part of `value` that it stands for.
    pub(crate) fn of(self, value: &[u8]) -> &[u8] {
        match self {
            Form::Whole => value,
            Form::NoExtension => without_extension(value),
            Form::Basename => basename(value),
            Form::Dirname => dirname(value),
            Form::Stem => without_extension(basename(value)),
        }
    }

    /// The environment variable that hands this part to a shell.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Form::Whole => "GANGER_INPUT",
            Form::NoExtension => "GANGER_INPUT_NO_EXTENSION",
            Form::Basename => "GANGER_INPUT_BASENAME",
            Form::Dirname => "GANGER_INPUT_DIRNAME",
            Form::Stem => "GANGER_INPUT_STEM",
        }
    }
}

fn last_slash(path: &[u8]) -> Option<usize> {
    path.iter().rposition(|&byte| byte == b'/')
}

/// Without the slashes at its end; of `/`, one stays.
fn trimmed(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&byte| byte != b'/').map_or(path.len().min(1), |last| last + 1);
    &path[..end]
}

fn basename(path: &[u8]) -> &[u8] {
    let path = trimmed(path);
    match last_slash(path) {
        Some(slash) if path.len() > 1 => &path[slash + 1..],
        Some(_) | None => path,
    }
}

fn dirname(path: &[u8]) -> &[u8] {
    match last_slash(trimmed(path)) {
        Some(slash) => trimmed(&path[..=slash]),
        None => b".",
    }
}

fn without_extension(path: &[u8]) -> &[u8] {
    let name = last_slash(path).map_or(0, |slash| slash + 1);
    match path[name..].iter().rposition(|&byte| byte == b'.') {
        Some(dot) if path[name..name + dot].iter().any(|&byte| byte != b'.') => &path[..name + dot],
        Some(_) | None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_paths() {
        // Input, then {.} {/} {//} {/.}.
        let table: [[&str; 5]; 15] = [
            ["b", "b", "b", ".", "b"],
            ["a/b.tar.gz", "a/b.tar", "b.tar.gz", "a", "b.tar"],
            ["a.b/c", "a.b/c", "c", "a.b", "c"],
            ["/b", "/b", "b", "/", "b"],
            ["//b.c", "//b", "b.c", "/", "b"],
            ["/", "/", "/", "/", "/"],
            ["a/b/", "a/b/", "b", "a", "b"],
            ["a//b", "a//b", "b", "a", "b"],
            ["x.", "x", "x.", ".", "x"],
            [".bashrc", ".bashrc", ".bashrc", ".", ".bashrc"],
            ["a/.bashrc.old", "a/.bashrc", ".bashrc.old", "a", ".bashrc"],
            ["..", "..", "..", ".", ".."],
            ["a b/c d.e f", "a b/c d", "c d.e f", "a b", "c d"],
            ["", "", "", ".", ""],
            ["1.5", "1", "1.5", ".", "1"],
        ];
        for [input, no_extension, basename, dirname, stem] in table {
            let forms = [Form::Whole, Form::NoExtension, Form::Basename, Form::Dirname, Form::Stem];
            let parts = forms.map(|form| form.of(input.as_bytes()));
            assert_eq!(parts, [input, no_extension, basename, dirname, stem].map(str::as_bytes), "{input:?}");
        }
    }

    #[test]
    fn forms_of_bytes_that_are_no_text() {
        assert_eq!(Form::Stem.of(b"\xff/\xfe.\xfd"), b"\xfe");
        assert_eq!(Form::Dirname.of(b"\xff/\xfe.\xfd"), b"\xff");
    }
}

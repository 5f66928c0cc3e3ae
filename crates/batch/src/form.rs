//! What a replacement string makes of an argument: its whole, or a part of it as a path.
//!
//! Inputs are bytes: a path need not be UTF-8. Two cases differ from GNU parallel, where they only ever surprise: a
//! leading dot begins no extension (`{.}` of `.profile` is `.profile`, not nothing), and a slash at the end does not
//! count (`{/}` of `photos/` is `photos`, as basename(1) has it).

use std::borrow::Cow;

use crate::edit::Edit;

/// A part of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `{}`: all of it.
    Whole,
    /// `{.}`: without its extension; `{..}` and `{...}`: without two or three.
    NoExtension(u8),
    /// `{/}`: without its directory.
    Basename,
    /// `{//}`: its directory; `.` if it has none.
    Dirname,
    /// `{/.}`, `{/..}`, `{/...}`: without directory and extensions.
    Stem(u8),
    /// `{+/}`: what `{/}` leaves out, without the slash; nothing if there is none.
    Parent,
    /// `{+.}`, `{+..}`, `{+...}`: so many extensions, without the first dot; nothing if there are fewer.
    Extension(u8),
    /// `{%suffix}` and the like.
    Edited(Edit),
}

impl Form {
    /// What stands in braces, behind a position if there is one. `plus`: with all that `--plus` adds.
    pub(crate) fn read(inside: &[u8], plus: bool) -> Option<Self> {
        Some(match inside {
            b"" => Form::Whole,
            b"." => Form::NoExtension(1),
            b"/" => Form::Basename,
            b"//" => Form::Dirname,
            b"/." => Form::Stem(1),
            _ if !plus => return None,
            b".." => Form::NoExtension(2),
            b"..." => Form::NoExtension(3),
            b"/.." => Form::Stem(2),
            b"/..." => Form::Stem(3),
            b"+/" => Form::Parent,
            b"+." => Form::Extension(1),
            b"+.." => Form::Extension(2),
            b"+..." => Form::Extension(3),
            other => Form::Edited(Edit::read(other)?),
        })
    }

    /// The part of `value` that it stands for.
    pub(crate) fn of<'v>(&self, value: &'v [u8]) -> Cow<'v, [u8]> {
        Cow::Borrowed(match self {
            Form::Whole => value,
            Form::NoExtension(number) => without_extensions(value, *number),
            Form::Basename => basename(value),
            Form::Dirname => dirname(value),
            Form::Stem(number) => without_extensions(basename(value), *number),
            Form::Parent => last_slash(value).map_or(b"", |slash| &value[..slash]),
            Form::Extension(number) => {
                let rest = without_extensions(value, *number);
                if without_extensions(value, number - 1).len() == rest.len() { b"" } else { &value[rest.len() + 1..] }
            }
            Form::Edited(edit) => return edit.of(value),
        })
    }

    /// What the name of the variable that hands this part to a shell ends with. None: it has no name of its own.
    pub(crate) fn variable(&self) -> Option<&'static str> {
        Some(match self {
            Form::Whole => "",
            Form::NoExtension(1) => "_NO_EXTENSION",
            Form::Basename => "_BASENAME",
            Form::Dirname => "_DIRNAME",
            Form::Stem(1) => "_STEM",
            Form::NoExtension(_) | Form::Stem(_) | Form::Parent | Form::Extension(_) | Form::Edited(_) => return None,
        })
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

fn without_extensions(path: &[u8], number: u8) -> &[u8] {
    (0..number).fold(path, |path, _| without_extension(path))
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
            let forms = [Form::Whole, Form::NoExtension(1), Form::Basename, Form::Dirname, Form::Stem(1)];
            let parts = forms.map(|form| form.of(input.as_bytes()).into_owned());
            assert_eq!(
                parts,
                [input, no_extension, basename, dirname, stem].map(|part| part.as_bytes().to_vec()),
                "{input:?}"
            );
        }
    }

    #[test]
    fn forms_of_bytes_that_are_no_text() {
        assert_eq!(*Form::Stem(1).of(b"\xff/\xfe.\xfd"), *b"\xfe");
        assert_eq!(*Form::Dirname.of(b"\xff/\xfe.\xfd"), *b"\xff");
    }

    #[test]
    fn more_forms() {
        let table = [
            ("..", "dir/sub/file.ex1.ex2.ex3", "dir/sub/file.ex1"),
            ("...", "dir/sub/file.ex1.ex2.ex3", "dir/sub/file"),
            ("/..", "dir/sub/file.ex1.ex2.ex3", "file.ex1"),
            ("/...", "dir/sub/file.ex1.ex2.ex3", "file"),
            ("+/", "dir/sub/file.ex1", "dir/sub"),
            ("+/", "file", ""),
            ("+.", "dir/sub/file.ex1.ex2.ex3", "ex3"),
            ("+..", "dir/sub/file.ex1.ex2.ex3", "ex2.ex3"),
            ("+...", "dir/sub/file.ex1.ex2.ex3", "ex1.ex2.ex3"),
            ("+..", "a.b", ""),
            ("+.", "a.b/c", ""),
        ];
        for (inside, input, wanted) in table {
            let form = Form::read(inside.as_bytes(), true).expect(inside);
            assert_eq!(String::from_utf8_lossy(&form.of(input.as_bytes())), wanted, "{inside} {input}");
            assert_eq!(Form::read(inside.as_bytes(), false), None);
        }
    }
}

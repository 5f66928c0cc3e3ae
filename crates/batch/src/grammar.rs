//! Which replacement strings there are: what the options say about them.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::form::Form;

/// What a command's replacement strings may be.
#[derive(Clone, Debug)]
pub struct Grammar {
    /// Those that were given another name: what would stand in their braces, and the name.
    pub renamed: Vec<(&'static str, Vec<u8>)>,
    /// The names of the arguments, from the first.
    pub names: Vec<Vec<u8>>,
    /// How many arguments a task has. None: that is not known beforehand.
    pub width: Option<usize>,
    /// With those that `--plus` adds.
    pub plus: bool,
    /// With several inputs, the whole word around `{}` is there for each of them.
    pub repeat_words: bool,
    /// No shell, even for a command of a single word.
    pub no_shell: bool,
    /// A command without replacement strings gets its inputs at its end.
    pub append: bool,
}

impl Default for Grammar {
    fn default() -> Self {
        Self {
            renamed: Vec::new(),
            names: Vec::new(),
            width: Some(1),
            plus: false,
            repeat_words: false,
            no_shell: false,
            append: true,
        }
    }
}

impl Grammar {
    /// The same words with numbers for the names of arguments: they mean the same where there is no header any more.
    ///
    /// ```
    /// use ganger_batch::Grammar;
    ///
    /// let grammar = Grammar { names: vec![b"x".to_vec(), b"y".to_vec()], ..Grammar::default() };
    /// assert_eq!(grammar.numbered(&["a{y/}{}".into(), "${x}{z}".into()]), ["a{2/}{}", "${x}{z}"]);
    /// ```
    #[must_use]
    pub fn numbered(&self, words: &[OsString]) -> Vec<OsString> {
        words.iter().map(|word| OsString::from_vec(self.numbered_word(word.as_bytes()))).collect()
    }

    fn numbered_word(&self, mut rest: &[u8]) -> Vec<u8> {
        let mut word = Vec::with_capacity(rest.len());
        while let Some(open) = rest.iter().position(|&byte| byte == b'{') {
            let (before, braces) = rest.split_at(open);
            word.extend_from_slice(before);
            let is_other = matches!(before.last(), Some(b'$' | b'\\'));
            let end = braces.iter().position(|&byte| byte == b'}').filter(|_| !is_other);
            let named = end.and_then(|end| Some((end, self.named(&braces[1..end])?)));
            let (length, text) = named.map_or((1, b"{".to_vec()), |(end, (place, form, _))| {
                (end + 1, [format!("{{{}", place + 1).as_bytes(), form, b"}"].concat())
            });
            word.extend_from_slice(&text);
            rest = &braces[length..];
        }
        word.extend_from_slice(rest);
        word
    }

    /// The place of the argument whose name begins what stands in braces, and what is behind the name.
    pub(crate) fn named<'i>(&self, inside: &'i [u8]) -> Option<(usize, &'i [u8], Form)> {
        let names = self.names.iter().enumerate().filter(|(_, name)| !name.is_empty());
        names.filter(|_| Form::read(inside, self.plus).is_none()).find_map(|(place, name)| {
            let form = inside.strip_prefix(name.as_slice())?;
            Some((place, form, Form::read(form, self.plus)?))
        })
    }
}

//! Which replacement strings there are: what the options say about them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::form::Form;

/// What a command's replacement strings may be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Grammar {
    /// Those that were given another name: what would stand in their braces, and the name.
    pub renamed: Vec<(Cow<'static, str>, Vec<u8>)>,
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
    /// The inputs are blocks that commands read.
    pub piped: bool,
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
            piped: false,
        }
    }
}

impl Grammar {
    /// As a store keeps it, for who reads the command again: JSON.
    #[must_use]
    pub fn to_stored(&self) -> String {
        // Strings, numbers and lists of them are always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As it was before [`to_stored`](Self::to_stored); what is missing is as in a run without options.
    #[must_use]
    pub fn from_stored(stored: &str) -> Self {
        serde_json::from_str(stored).unwrap_or_default()
    }

    /// The place of the argument whose name begins what stands in braces, and what is behind the name.
    pub(crate) fn named<'i>(&self, inside: &'i [u8]) -> Option<(usize, &'i [u8], Form)> {
        let names = self.names.iter().enumerate().filter(|(_, name)| !name.is_empty());
        names.filter(|_| Form::read(inside, self.plus).is_none()).find_map(|(place, name)| {
            let form = inside.strip_prefix(name.as_slice())?;
            Some((place, form, Form::read(form, self.plus)?))
        })
    }

    /// The places, from 0, of several arguments that have the one name which begins what stands in braces; else none.
    pub(crate) fn namesakes(&self, inside: &[u8]) -> Vec<usize> {
        let Some((first, ..)) = self.named(inside) else { return Vec::new() };
        let same = |place: &usize| self.names[*place] == self.names[first];
        let places: Vec<_> = (first..self.names.len()).filter(same).collect();
        if places.len() > 1 { places } else { Vec::new() }
    }
}

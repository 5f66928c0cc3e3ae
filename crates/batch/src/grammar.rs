//! Which replacement strings there are: what the options say about them.

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

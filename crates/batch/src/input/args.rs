//! What a command is run with.

/// The arguments of one task: one as a rule; several from several lists, from the columns of a line, or by `-n`.
///
/// They lie in one run of bytes with a blank after each but the last, so that the frequent case of a single argument
/// costs one allocation, and `{}` of several is there as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    bytes: Vec<u8>,
    /// Where each argument ends; none if all of `bytes` is one.
    #[expect(clippy::box_collection, reason = "tasks are moved about, and hardly any has more than one argument")]
    ends: Option<Box<Vec<usize>>>,
}

impl Args {
    /// A single argument.
    #[must_use]
    pub fn one(value: Vec<u8>) -> Self {
        Self { bytes: value, ends: None }
    }

    /// No argument at all.
    #[must_use]
    pub fn none() -> Self {
        Self { bytes: Vec::new(), ends: Some(Box::default()) }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.as_ref().map_or(1, |ends| ends.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at a place, from 0.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&[u8]> {
        let Some(ends) = &self.ends else { return (at == 0).then_some(&self.bytes) };
        let start = at.checked_sub(1).map_or(0, |before| ends[before.min(ends.len() - 1)] + 1);
        ends.get(at).map(|&end| &self.bytes[start..end])
    }

    /// One after the other.
    ///
    /// ```
    /// use ganger_batch::Args;
    ///
    /// let mut args = Args::one(b"a b".to_vec());
    /// args.push(b"c");
    /// assert!(args.iter().eq([&b"a b"[..], b"c"]));
    /// assert_eq!(args.joined(), b"a b c");
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len()).map(|at| self.get(at).unwrap_or_default())
    }

    /// All of them with a blank in between.
    #[must_use]
    pub fn joined(&self) -> &[u8] {
        &self.bytes
    }

    /// As a store keeps them: with a NUL between two, which none can have in it.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        match &self.ends {
            None => self.bytes.clone(),
            Some(_) => self.iter().collect::<Vec<_>>().join(&0),
        }
    }

    /// As they were before [`to_stored`](Self::to_stored).
    ///
    /// ```
    /// use ganger_batch::Args;
    ///
    /// let mut args = Args::one(b"a b".to_vec());
    /// args.push(b"c");
    /// assert!(Args::from_stored(&args.to_stored()).iter().eq(args.iter()));
    /// ```
    #[must_use]
    pub fn from_stored(stored: &[u8]) -> Self {
        if !stored.contains(&0) {
            return Self::one(stored.to_vec());
        }
        stored.split(|&byte| byte == 0).collect()
    }

    /// Adds one at the end.
    pub fn push(&mut self, value: &[u8]) {
        let end = self.bytes.len();
        let ends = self.ends.get_or_insert_with(|| Box::new(vec![end]));
        if !ends.is_empty() {
            self.bytes.push(b' ');
        }
        self.bytes.extend_from_slice(value);
        ends.push(self.bytes.len());
    }

    /// Adds those of another at the end.
    pub(crate) fn append(&mut self, other: &Args) {
        other.iter().for_each(|value| self.push(value));
    }

    /// Makes the last argument longer.
    pub(crate) fn continue_last(&mut self, more: &[u8]) {
        self.bytes.extend_from_slice(more);
        let end = self.bytes.len();
        self.ends.iter_mut().filter_map(|ends| ends.last_mut()).for_each(|last| *last = end);
    }
}

impl<'a> FromIterator<&'a [u8]> for Args {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(values: I) -> Self {
        let mut args = Args::none();
        values.into_iter().for_each(|value| args.push(value));
        args
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_stay_apart() {
        for values in [&[][..], &["a"], &[""], &["", ""], &["a b", "", "c"], &["", "x"]] {
            let args: Args = values.iter().map(|value| value.as_bytes()).collect();
            assert!(args.iter().eq(values.iter().map(|value| value.as_bytes())), "{values:?}");
            assert_eq!((args.len(), args.is_empty()), (values.len(), values.is_empty()));
            assert_eq!(args.joined(), values.join(" ").as_bytes());
            assert_eq!(args.get(values.len()), None);
        }
    }

    #[test]
    fn a_single_one_grows() {
        let mut args = Args::one(b"a".to_vec());
        args.push(b"b ");
        args.continue_last(b"c");
        args.append(&Args::one(Vec::new()));
        assert!(args.iter().eq([&b"a"[..], b"b c", b""]));
    }
}

//! Lists that are read side by side: `:::+`, `--link`.

use std::time::Duration;

use super::args::Args;
use super::list::List;
use super::{InputError, Next};

/// Lists whose inputs belong together, the first of one with the first of the other.
pub(super) enum Linked {
    /// The shortest list is the end (`:::+`). A single list is a case of this.
    Shortest(Vec<List>),
    /// The longest list is the end, the others begin anew (`--link`).
    Longest(Vec<Wrapping>),
}

/// A list that begins anew where it has ended.
pub(super) struct Wrapping {
    list: List,
    /// What has been read. Not kept once all other lists have ended: then this one is the longest.
    kept: Vec<Args>,
    ended: bool,
    /// How many rows have been taken.
    at: usize,
}

impl Linked {
    pub(super) fn longest(lists: impl Iterator<Item = List>) -> Self {
        Linked::Longest(lists.map(|list| Wrapping { list, kept: Vec::new(), ended: false, at: 0 }).collect())
    }

    pub(super) fn lists(&mut self) -> Vec<&mut List> {
        match self {
            Linked::Shortest(lists) => lists.iter_mut().collect(),
            Linked::Longest(lists) => lists.iter_mut().map(|wrapping| &mut wrapping.list).collect(),
        }
    }

    pub(super) fn next(&mut self) -> Result<Next<Args>, InputError> {
        match self {
            Linked::Shortest(lists) => match lists.as_mut_slice() {
                [] => Ok(Next::End),
                [only] => only.next(),
                several => side_by_side(several),
            },
            Linked::Longest(lists) => wrapped(lists),
        }
    }

    /// Waits for what is missing of the next row.
    pub(super) fn wait(&mut self, limit: Duration) {
        if let Some(waiting) = self.lists().into_iter().find_map(|list| list.is_waiting().then_some(list)) {
            waiting.wait(limit);
        }
    }

    pub(super) fn total(&self) -> Option<u64> {
        match self {
            Linked::Shortest(lists) => lists.iter().map(List::total).try_fold(u64::MAX, |least, n| Some(least.min(n?))),
            Linked::Longest(lists) => {
                let totals: Option<Vec<u64>> = lists.iter().map(|wrapping| wrapping.list.total()).collect();
                totals.map(|totals| if totals.contains(&0) { 0 } else { totals.into_iter().max().unwrap_or(0) })
            }
        }
    }
}

/// Takes from all lists or from none.
fn side_by_side(lists: &mut [List]) -> Result<Next<Args>, InputError> {
    if lists.iter_mut().any(List::is_waiting) {
        return Ok(Next::NotYet);
    }
    let mut row = Args::none();
    for list in lists {
        match list.next()? {
            Next::Ready(args) => row.append(&args),
            Next::NotYet | Next::End => return Ok(Next::End),
        }
    }
    Ok(Next::Ready(row))
}

fn wrapped(lists: &mut [Wrapping]) -> Result<Next<Args>, InputError> {
    if lists.iter_mut().any(|wrapping| !wrapping.ended && wrapping.list.is_waiting()) {
        return Ok(Next::NotYet);
    }
    let going_on = lists.iter().filter(|wrapping| !wrapping.ended).count();
    let mut rows = Vec::with_capacity(lists.len());
    for wrapping in lists.iter_mut() {
        let is_longest = !wrapping.ended && going_on == 1;
        rows.push(wrapping.next(is_longest)?);
    }
    let over = lists.iter().all(|wrapping| wrapping.ended) || rows.iter().any(Option::is_none);
    if over {
        return Ok(Next::End);
    }
    let mut row = Args::none();
    rows.iter().flatten().for_each(|args| row.append(args));
    Ok(Next::Ready(row))
}

impl Wrapping {
    /// None: it is empty.
    fn next(&mut self, is_longest: bool) -> Result<Option<Args>, InputError> {
        if !self.ended {
            match self.list.next()? {
                Next::Ready(args) => {
                    if is_longest {
                        self.kept = Vec::new();
                    } else {
                        self.kept.push(args.clone());
                    }
                    return Ok(Some(args));
                }
                Next::NotYet | Next::End => self.ended = true,
            }
        }
        let args = self.kept.get(self.at % self.kept.len().max(1)).cloned();
        self.at += 1;
        Ok(args)
    }
}

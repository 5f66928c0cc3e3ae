//! All combinations of several lists: the cartesian product, the last list fastest.
//!
//! The first list streams, and may be endless; the others are gathered before the first combination, as each of their
//! inputs is needed again for each of the first list's.

use std::time::Duration;

use super::args::Args;
use super::linked::Linked;
use super::{InputError, Next};

/// What the lists give together, one row after the other.
pub(super) struct Rows {
    first: Linked,
    /// Of the lists after the first.
    rest: Vec<Gathered>,
    /// The row of the first list that is being combined, and how many combinations of it have been given.
    row: Option<Args>,
    given: usize,
}

struct Gathered {
    linked: Linked,
    rows: Vec<Args>,
    ended: bool,
}

impl Rows {
    pub(super) fn new(first: Linked, rest: Vec<Linked>) -> Self {
        let rest = rest.into_iter().map(|linked| Gathered { linked, rows: Vec::new(), ended: false }).collect();
        Self { first, rest, row: None, given: 0 }
    }

    /// The first input of each list, taken off it.
    pub(super) fn header(&mut self) -> Result<Args, InputError> {
        let mut header = Args::none();
        let rest = self.rest.iter_mut().map(|gathered| &mut gathered.linked);
        for list in std::iter::once(&mut self.first).chain(rest).flat_map(Linked::lists) {
            list.header()?.iter().for_each(|names| header.append(names));
        }
        Ok(header)
    }

    pub(super) fn gather(&mut self) {
        let rest = self.rest.iter_mut().map(|gathered| &mut gathered.linked);
        std::iter::once(&mut self.first).chain(rest).flat_map(Linked::lists).for_each(|list| list.gather());
    }

    pub(super) fn next(&mut self) -> Result<Next<Args>, InputError> {
        if self.rest.is_empty() {
            return self.first.next();
        }
        if !self.are_gathered()? {
            return Ok(Next::NotYet);
        }
        let combinations = self.combinations();
        if combinations == 0 {
            return Ok(Next::End);
        }
        let row = match self.row.take() {
            Some(row) => row,
            None => match self.first.next()? {
                Next::Ready(row) => row,
                other @ (Next::NotYet | Next::End) => return Ok(other),
            },
        };
        let combined = self.combined(&row);
        self.given += 1;
        if self.given == combinations {
            self.given = 0;
        } else {
            self.row = Some(row);
        }
        Ok(Next::Ready(combined))
    }

    fn combined(&self, row: &Args) -> Args {
        let mut places: Vec<&Args> = Vec::with_capacity(self.rest.len());
        let mut left = self.given;
        for Gathered { rows, .. } in self.rest.iter().rev() {
            places.push(&rows[left % rows.len()]);
            left /= rows.len();
        }
        let mut combined = row.clone();
        places.into_iter().rev().for_each(|args| combined.append(args));
        combined
    }

    fn are_gathered(&mut self) -> Result<bool, InputError> {
        for gathered in self.rest.iter_mut().filter(|gathered| !gathered.ended) {
            loop {
                match gathered.linked.next()? {
                    Next::Ready(row) => gathered.rows.push(row),
                    Next::NotYet => return Ok(false),
                    Next::End => break,
                }
            }
            gathered.ended = true;
        }
        Ok(true)
    }

    /// How many there are for each row of the first list; where that is more than can be counted, nobody gets there.
    fn combinations(&self) -> usize {
        self.rest.iter().fold(1usize, |product, gathered| product.saturating_mul(gathered.rows.len()))
    }

    pub(super) fn wait(&mut self, limit: Duration) {
        match self.rest.iter_mut().find(|gathered| !gathered.ended) {
            Some(Gathered { linked, .. }) => linked.wait(limit),
            None if self.row.is_none() => self.first.wait(limit),
            None => {}
        }
    }

    /// How many rows there are in all, once that is known.
    pub(super) fn total(&self) -> Option<u64> {
        self.rest
            .iter()
            .map(|gathered| &gathered.linked)
            .try_fold(self.first.total()?, |total, linked| total.checked_mul(linked.total()?))
    }
}

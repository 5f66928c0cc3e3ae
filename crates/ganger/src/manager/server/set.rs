//! A set of encoded values.

use std::collections::HashSet;

use super::super::protocol::{Answer, Change, Compare, Encoded, Refusal, SetCall};
use super::turn::{Outcome, now};

#[derive(Debug, Default)]
pub(super) struct Set {
    members: HashSet<Encoded>,
}

impl Set {
    pub(super) fn call(&mut self, call: SetCall) -> Outcome {
        now(match call {
            SetCall::Add(member) => Answer::Flag(self.members.insert(member)),
            SetCall::Remove(member) => Answer::Flag(self.members.remove(&member)),
            SetCall::Pop => Answer::Keys(vec![self.pop()?]),
            SetCall::Contains(member) => Answer::Flag(self.members.contains(&member)),
            SetCall::Len => Answer::Number(self.members.len() as u64),
            SetCall::Clear => {
                self.members.clear();
                Answer::Done
            }
            SetCall::All => Answer::Keys(self.members.iter().cloned().collect()),
            SetCall::Change(change, others) => {
                self.change(change, others.into_iter().collect());
                Answer::Done
            }
            SetCall::Compare(compare, others) => Answer::Flag(self.compare(compare, &others.into_iter().collect())),
        })
    }

    fn pop(&mut self) -> Result<Encoded, Refusal> {
        let any = self.members.iter().next().cloned().ok_or(Refusal::Absent)?;
        self.members.remove(&any);
        Ok(any)
    }

    fn change(&mut self, change: Change, others: HashSet<Encoded>) {
        match change {
            Change::Union => self.members.extend(others),
            Change::Intersection => self.members.retain(|member| others.contains(member)),
            Change::Difference => self.members.retain(|member| !others.contains(member)),
            Change::SymmetricDifference => others.into_iter().for_each(|other| {
                if !self.members.remove(&other) {
                    self.members.insert(other);
                }
            }),
        }
    }

    fn compare(&self, compare: Compare, others: &HashSet<Encoded>) -> bool {
        match compare {
            Compare::Subset => self.members.is_subset(others),
            Compare::Superset => self.members.is_superset(others),
            Compare::Disjoint => self.members.is_disjoint(others),
        }
    }
}

//! Who comes before whom.

use std::collections::BTreeSet;

/// Jobs, and for each those that come before it: no job comes before itself by any way.
///
/// ```
/// use ganger_batch::Graph;
///
/// let graph = Graph::new(vec![vec![1], vec![], vec![0, 1]])?;
/// assert_eq!(graph.order(), [1, 0, 2]);
/// assert_eq!(Graph::new(vec![vec![1], vec![0]]).expect_err("a circle").0, [0, 1, 0]);
/// # Ok::<(), ganger_batch::Cycle>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    order: Vec<usize>,
}

/// Jobs that wait for each other in a circle, each for the next, the first again at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<usize>);

impl std::fmt::Display for Cycle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let jobs: Vec<_> = self.0.iter().map(|job| format!("job {}", job + 1)).collect();
        write!(f, "jobs wait for each other: {}", jobs.join(" → "))
    }
}

impl std::error::Error for Cycle {}

impl Graph {
    /// A graph of so many jobs as `before` has elements, each with the positions of those before it.
    ///
    /// # Errors
    /// When jobs wait for each other in a circle: one of the circles.
    ///
    /// # Panics
    /// When a position is none.
    pub fn new(mut before: Vec<Vec<usize>>) -> Result<Self, Cycle> {
        let mut after = vec![Vec::new(); before.len()];
        for (job, earlier) in before.iter_mut().enumerate() {
            earlier.sort_unstable();
            earlier.dedup();
            earlier.iter().for_each(|&first| after[first].push(job));
        }
        let order = sorted(&before, &after);
        if order.len() < before.len() {
            return Err(circle(&before, &order));
        }
        Ok(Self { before, after, order })
    }

    /// One job, which waits for nobody.
    #[must_use]
    pub fn alone() -> Self {
        Self { before: vec![Vec::new()], after: vec![Vec::new()], order: vec![0] }
    }

    /// All jobs, each behind those before it; apart from that as they were given.
    #[must_use]
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Those that a job waits for.
    #[must_use]
    pub fn before(&self, job: usize) -> &[usize] {
        &self.before[job]
    }

    /// Those that wait for a job.
    pub(super) fn after(&self, job: usize) -> &[usize] {
        &self.after[job]
    }

    /// Those that wait for a job, and those that wait for them.
    pub(crate) fn all_after(&self, job: usize) -> BTreeSet<usize> {
        let (mut all, mut left) = (BTreeSet::new(), vec![job]);
        while let Some(job) = left.pop() {
            left.extend(self.after[job].iter().filter(|&&later| all.insert(later)));
        }
        all
    }

    pub(super) fn len(&self) -> usize {
        self.before.len()
    }
}

/// Kahn's order. What is in a circle, or behind one, is not in it.
fn sorted(before: &[Vec<usize>], after: &[Vec<usize>]) -> Vec<usize> {
    let mut waits: Vec<usize> = before.iter().map(Vec::len).collect();
    let mut free: BTreeSet<usize> = (0..before.len()).filter(|&job| waits[job] == 0).collect();
    let mut order = Vec::with_capacity(before.len());
    while let Some(job) = free.pop_first() {
        order.push(job);
        for &later in &after[job] {
            waits[later] -= 1;
            free.extend((waits[later] == 0).then_some(later));
        }
    }
    order
}

impl Default for Graph {
    fn default() -> Self {
        Self::alone()
    }
}

/// A circle: each job that is not in the order waits for one that is not, so following those must come back.
fn circle(before: &[Vec<usize>], order: &[usize]) -> Cycle {
    let mut caught = vec![true; before.len()];
    order.iter().for_each(|&job| caught[job] = false);
    let mut way: Vec<usize> = Vec::new();
    let mut next = caught.iter().position(|&caught| caught);
    while let Some(job) = next {
        if let Some(from) = way.iter().position(|&seen| seen == job) {
            way.drain(..from);
            way.push(job);
            break;
        }
        way.push(job);
        next = before[job].iter().copied().find(|&earlier| caught[earlier]);
    }
    Cycle(way)
}

//! ③ Holding a command to what its whole tree of processes may use.
//!
//! ```text
//!                with a control group (Leaf)                 without (Watch)
//!  memory        the kernel kills the group: no look         looks: the sum over the tree
//!  time          looks: the group's own count                looks: the sum over the tree; each process has its rlimit
//! ```
//!
//! Between two looks a tree may take more than its limit: without a control group the limits are kept by and large, not to
//! the byte. Who forks faster than we look is seen only as far as it is there.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ganger_proto::outcome::{Exceeded, Exit};
use ganger_proto::spec::Terms;
use ganger_sys::tree::{self, Member};
use ganger_sys::{Conditions, Leaf, Signal, Usage, memory};

/// The pause between two looks: a program that does nothing but allocate gets some 50 MiB in it.
const PAUSE: Duration = Duration::from_millis(20);
/// Where looking takes long (many processes), the pauses are so many times as long: it costs 2 % of a processor at most.
const SHARE: u32 = 50;
/// What a command may use of the processor after it was told to end for it.
const REST: Duration = Duration::from_secs(1);

/// The terms of one command, and what it was seen to use.
pub(super) struct Guard {
    terms: Box<Terms>,
    leaf: Option<(Leaf, File)>,
    next: Instant,
    peak: u64,
    exceeded: Option<Exceeded>,
}

/// What follows from a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    GoOn,
    /// Its processor time is over: SIGXCPU.
    Warn,
    Kill,
}

/// Whose descendants a command's processes are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Root {
    /// This process's, to which orphans come as well.
    Worker,
    /// The command's own alone: this is a thread among others.
    Command(u32),
}

impl Guard {
    pub(super) fn new(terms: Box<Terms>) -> Self {
        let leaf = leaf(&terms);
        Self { terms, leaf, next: Instant::now() + PAUSE, peak: 0, exceeded: None }
    }

    /// What the command is launched under.
    pub(super) fn conditions(&self) -> Conditions<'_> {
        let Terms { nice, cpu_time, cpus, .. } = &*self.terms;
        let cpu_seconds = cpu_time.map(|limit| limit.as_millis().div_ceil(1000).max(1) as u64);
        let cgroup = self.leaf.as_ref().map(|(_, door)| door.as_fd());
        Conditions { nice: *nice, cpu_seconds, cpus, cgroup, confinement: None }
    }

    /// How long until the next look.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.needs_looks().then(|| self.next.saturating_duration_since(Instant::now()))
    }

    fn needs_looks(&self) -> bool {
        self.terms.cpu_time.is_some() || (self.terms.memory.is_some() && self.leaf.is_none())
    }

    /// Looks, if it is time to.
    pub(super) fn look(&mut self, root: Root) -> Order {
        let began = Instant::now();
        if !self.needs_looks() || began < self.next {
            return Order::GoOn;
        }
        let order = match self.leaf.as_ref().map(|(leaf, _)| leaf.cpu_time()) {
            Some(used) => self.judge_time(used.unwrap_or_default()),
            None => self.look_at(&members(root)),
        };
        self.next = Instant::now() + PAUSE.max(began.elapsed() * SHARE);
        order
    }

    fn look_at(&mut self, members: &[Member]) -> Order {
        if let Some(limit) = self.terms.memory {
            let has = memory_of(members, limit);
            self.peak = self.peak.max(has);
            if has > limit {
                self.exceeded = Some(Exceeded::Memory { limit, peak: has });
                return Order::Kill;
            }
        }
        self.judge_time(members.iter().map(|member| member.cpu).sum())
    }

    fn judge_time(&mut self, used: Duration) -> Order {
        let Some(limit) = self.terms.cpu_time.filter(|limit| used >= *limit) else { return Order::GoOn };
        if used >= limit + REST {
            return Order::Kill;
        }
        let told = self.exceeded.replace(Exceeded::CpuTime { limit }).is_some();
        if told { Order::GoOn } else { Order::Warn }
    }

    /// Kills what is in the command's control group, wherever it went.
    pub(super) fn kill(&self) {
        if let Some((leaf, _)) = &self.leaf
            && let Err(error) = leaf.kill()
        {
            log::warn!("worker: failed to kill a command's control group: {error}");
        }
    }

    /// All of its processes are gone: the most memory that they had, and what they were killed for.
    pub(super) fn finish(self, exit: Exit, used: &Usage) -> (Option<u64>, Option<Exceeded>) {
        let counted = self.leaf.as_ref().and_then(|(leaf, _)| leaf.peak());
        let peak = counted.unwrap_or(self.peak.max(used.max_rss));
        let killed = self.leaf.as_ref().is_some_and(|(leaf, _)| leaf.ran_out_of_memory());
        let of_memory = self.terms.memory.filter(|_| killed).map(|limit| Exceeded::Memory { limit, peak });
        let of_time = self.terms.cpu_time.filter(|limit| ended_by_kernel(exit, used, *limit));
        let of_time = of_time.map(|limit| Exceeded::CpuTime { limit });
        (self.terms.memory.map(|_| peak), of_memory.or(self.exceeded).or(of_time))
    }
}

/// Whether the kernel's own limit of processor time was faster than our look. It has a count of its own for that: a process
/// that it told that its second is over may have used 950 ms by what it tells at the end.
fn ended_by_kernel(exit: Exit, used: &Usage, limit: Duration) -> bool {
    let is_told = matches!(exit, Exit::Signal { number, .. } if number == Signal::Xcpu.number());
    let least = if is_told { limit * 9 / 10 } else { limit };
    exit != Exit::Code(0) && used.user + used.system >= least
}

/// A control group of its own, if there is room for one and a limit that it is good for.
fn leaf(terms: &Terms) -> Option<(Leaf, File)> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let prefix = terms.cgroup.as_ref().filter(|_| terms.memory.is_some() || terms.cpu_time.is_some())?;
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let path = format!("{}{}.{number}", String::from_utf8_lossy(prefix), std::process::id());
    let made = Leaf::create(PathBuf::from(&path), terms.memory).and_then(|leaf| leaf.door().map(|door| (leaf, door)));
    made.inspect_err(|error| log::warn!("worker: no control group {path}: {error}; its command is watched instead"))
        .ok()
}

fn members(root: Root) -> Vec<Member> {
    let of = |pid| {
        tree::descendants(pid).unwrap_or_else(|error| {
            log::warn!("worker: failed to look at a command's processes: {error}");
            Vec::new()
        })
    };
    match root {
        Root::Worker => of(std::process::id()),
        Root::Command(pid) => of(pid).into_iter().chain(tree::member(pid)).collect(),
    }
}

/// What a tree has. Memory that its processes share counts for each of them at first, which is quick to tell and at least
/// as much as they have; only if that is too much is it shared out.
fn memory_of(members: &[Member], limit: u64) -> u64 {
    let resident = members.iter().map(|member| member.resident).sum();
    if resident <= limit {
        return resident;
    }
    members.iter().map(|member| memory::proportional(member.pid).unwrap_or(member.resident)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(terms: Terms) -> Guard {
        Guard::new(Box::new(terms))
    }

    /// A process that is not there: nothing but what we say is known of it.
    fn used(resident: u64, cpu: u64) -> Member {
        Member { pid: u32::MAX, resident, cpu: Duration::from_secs(cpu) }
    }

    #[test]
    fn a_tree_is_killed_for_the_sum_of_its_memory() {
        let mut guard = guard(Terms { memory: Some(100), ..Terms::default() });
        assert_eq!(guard.look_at(&[used(60, 0), used(40, 0)]), Order::GoOn);
        assert_eq!(guard.look_at(&[used(60, 0), used(41, 0)]), Order::Kill);
        let (peak, exceeded) = guard.finish(Exit::Signal { number: 9, core: false }, &Usage::default());
        assert_eq!((peak, exceeded), (Some(101), Some(Exceeded::Memory { limit: 100, peak: 101 })));
    }

    #[test]
    fn time_that_is_over_is_told_once_and_then_ends() {
        let limit = Duration::from_secs(3);
        let mut guard = guard(Terms { cpu_time: Some(limit), ..Terms::default() });
        let orders = [2, 3, 3, 4].map(|seconds| guard.look_at(&[used(0, 1), used(0, seconds - 1)]));
        assert_eq!(orders, [Order::GoOn, Order::Warn, Order::GoOn, Order::Kill]);
        assert_eq!(guard.conditions().cpu_seconds, Some(3));
        assert_eq!(guard.finish(Exit::Code(0), &Usage::default()), (None, Some(Exceeded::CpuTime { limit })));
    }

    #[test]
    fn a_kernel_that_was_faster_than_we_is_heard() {
        let limit = Duration::from_millis(2500);
        let used = |user| Usage { user: Duration::from_secs(user), ..Usage::default() };
        let terms = || Terms { cpu_time: Some(limit), ..Terms::default() };
        assert_eq!(guard(terms()).conditions().cpu_seconds, Some(3));
        let killed = Exit::Signal { number: 24, core: false };
        assert_eq!(guard(terms()).finish(killed, &used(3)).1, Some(Exceeded::CpuTime { limit }));
        assert_eq!(guard(terms()).finish(killed, &used(2)).1, None);
        let nearly = Usage { user: Duration::from_millis(2350), ..Usage::default() };
        assert_eq!(guard(terms()).finish(killed, &nearly).1, Some(Exceeded::CpuTime { limit }));
        assert_eq!(guard(terms()).finish(Exit::Code(1), &nearly).1, None);
        assert_eq!(guard(terms()).finish(Exit::Code(0), &used(3)).1, None);
    }

    #[test]
    fn without_limits_nobody_looks() {
        let guard = guard(Terms { nice: Some(5), ..Terms::default() });
        assert_eq!((guard.patience(), guard.conditions().nice), (None, Some(5)));
    }
}

//! Which processors there are for this process.

/// How many processors this process may use: those of its affinity, and no more than its cgroup's quota.
///
/// ```
/// assert!(ganger::cpu_count() >= 1);
/// ```
#[must_use]
pub fn cpu_count() -> usize {
    ganger_sys::cpu::available()
}

/// The numbers of the processors that this process may run on.
///
/// ```
/// assert!(!ganger::cpu_numbers().is_empty());
/// ```
#[must_use]
pub fn cpu_numbers() -> Vec<u32> {
    ganger_sys::cpu::numbers()
}

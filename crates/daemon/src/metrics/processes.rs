//! What processes use, as the kernel says.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// The service's own process, under the names that all programs have.
#[derive(Debug)]
pub(super) struct ServiceProcess;

impl Collector for ServiceProcess {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut tell = |name, help, metric: &dyn EncodeMetric| {
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
        };
        let resident = ConstGauge::new(resident("self") as i64);
        tell("process_resident_memory_bytes", "The service's memory that is in RAM, without its workers'", &resident)?;
        tell("process_open_fds", "File descriptors that are open", &ConstGauge::new(open_files()))?;
        tell("process_max_fds", "How many file descriptors may be open", &ConstGauge::new(most_files()))?;
        tell("process_cpu_seconds", "CPU time of the service, without its workers'", &ConstCounter::new(cpu_time()))
    }
}

/// What of a process' memory is in RAM, in bytes; 0: it has gone.
pub(super) fn resident(pid: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

fn open_files() -> i64 {
    fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as i64)
}

fn most_files() -> i64 {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The fields behind the name, which may hold anything: user and system time are the 12th and 13th, in hundredths of a second
/// on every Linux.
fn cpu_time() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_understood() {
        assert!(resident("self") > 1 << 16);
        assert!((3..=most_files()).contains(&open_files()));
        // Each look at it takes some, so this ends.
        while cpu_time() == 0.0 {}
        assert_eq!(resident("none"), 0);
    }
}

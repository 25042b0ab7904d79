//! Process metrics from the operating system, under the names that every Prometheus client uses. Read from
//! `/proc`, so only Linux reports them.

use std::fs;

use super::{Gauge, Total, metrics};

/// Ticks per second in `/proc`, independent of the kernel's own clock.
const TICKS_PER_SECOND: f64 = 100.0;

metrics! {
    /// Process metrics from the operating system.
    Process {
        /// Processor time used.
        process_cpu_seconds: Total,
        /// Memory in use.
        process_resident_memory_bytes: Gauge,
        /// Open files and sockets.
        process_open_fds: Gauge,
    }
}

impl Process {
    /// Reads the current values; none where there is no `/proc`.
    pub(super) fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The program's name comes second, in parentheses, and may contain anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: f64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(Self {
            process_cpu_seconds: Total((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND),
            process_resident_memory_bytes: Gauge(kibibytes * 1024.0),
            process_open_fds: Gauge::from(fs::read_dir("/proc/self/fd").ok()?.count()),
        })
    }
}

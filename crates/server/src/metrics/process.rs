//! What the system says of this process (`/proc/self`), under the names that Prometheus libraries share. Where the system says
//! nothing, the metric is left out.

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

/// Ticks per second in `/proc/PID/stat`: the kernel's interface fixes it, whatever its own timer does.
const TICKS_PER_SECOND: f64 = 100.0;

/// Registers what can be read now.
pub(super) fn register(registry: &mut Registry, started_at: u64) {
    let process = registry.sub_registry_with_prefix("process");
    if let Some(seconds) = cpu_seconds() {
        let help = "Processor time used, in user and system mode";
        process.register_with_unit("cpu", help, Unit::Seconds, ConstCounter::new(seconds));
    }
    for (name, field, help) in [
        ("resident_memory", "VmRSS:", "Memory in use, as the system counts it"),
        ("virtual_memory", "VmSize:", "Address space in use"),
    ] {
        if let Some(bytes) = memory_bytes(field) {
            process.register_with_unit(name, help, Unit::Bytes, ConstGauge::new(bytes));
        }
    }
    if let Some(open) = open_files() {
        process.register("open_fds", "Files and sockets open now", ConstGauge::new(open));
    }
    if let Some(most) = most_files() {
        process.register("max_fds", "Files and sockets that may be open at once", ConstGauge::new(most));
    }
    let help = "When this server started, Unix time";
    process.register_with_unit("start_time", help, Unit::Seconds, ConstGauge::new(whole(started_at)));
}

/// Prometheus counts in floating-point numbers, and gauges in signed ones.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything, so count from behind it: the state is the third field, `utime` the fourteenth.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some((f64::from(ticks()?) + f64::from(ticks()?)) / TICKS_PER_SECOND)
}

fn memory_bytes(field: &str) -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

fn open_files() -> Option<i64> {
    let open = std::fs::read_dir("/proc/self/fd").ok()?.count();
    // The folder itself is open while it is read.
    i64::try_from(open.saturating_sub(1)).ok()
}

fn most_files() -> Option<i64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

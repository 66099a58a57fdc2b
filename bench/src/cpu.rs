//! What a process has used, read from `/proc`.

use std::fs::read_to_string;
use std::time::Duration;

use crate::Failure;

/// `USER_HZ`: the unit of times in `/proc/PID/stat`, fixed at 100 on every Linux that Rust supports.
const TICKS_PER_SECOND: u32 = 100;

/// Processor time of all threads of the process, in user and kernel, in steps of 10 ms.
pub(crate) fn used(pid: u32) -> Result<Duration, Failure> {
    let stat = Stat::read(pid)?;
    // utime and stime are fields 14 and 15.
    Ok(ticks(stat.field(11)? + stat.field(12)?))
}

/// The same of a process and of its children, those that have ended included.
pub(crate) fn used_by_all(pid: u32) -> Result<Duration, Failure> {
    let parent = Stat::read(pid)?;
    // cutime and cstime, of children that have ended, are fields 16 and 17.
    let mut all = 0;
    for field in [11, 12, 13, 14] {
        all += parent.field(field)?;
    }
    for entry in std::fs::read_dir("/proc")? {
        let Some(child) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that ends meanwhile counts among those that have ended, the next time.
        let Ok(stat) = Stat::read(child) else { continue };
        if stat.field(1)? == pid {
            all += stat.field(11)? + stat.field(12)?;
        }
    }
    Ok(ticks(all))
}

fn ticks(count: u32) -> Duration {
    Duration::from_secs(1) * count / TICKS_PER_SECOND
}

/// A process's line of numbers.
struct Stat(Vec<String>);

impl Stat {
    fn read(pid: u32) -> Result<Self, Failure> {
        let stat = read_to_string(format!("/proc/{pid}/stat"))?;
        // The name may contain spaces and brackets; what follows the last bracket, the third field, does not.
        let (_, rest) = stat.rsplit_once(") ").ok_or("unreadable /proc/PID/stat")?;
        Ok(Self(rest.split(' ').map(str::to_owned).collect()))
    }

    /// The field of this place, counted from the third.
    fn field(&self, place: usize) -> Result<u32, Failure> {
        let number = self.0.get(place).and_then(|it| it.parse().ok());
        Ok(number.ok_or("unreadable /proc/PID/stat")?)
    }
}

/// How long this thread has waited for a processor while others had it, in nanoseconds.
pub(crate) fn waited() -> Result<u64, Failure> {
    let schedstat = read_to_string("/proc/thread-self/schedstat")?;
    let waited = schedstat.split_whitespace().nth(1).and_then(|it| it.parse().ok());
    Ok(waited.ok_or("unreadable /proc/thread-self/schedstat")?)
}

/// Memory of the process that is its own: resident, less what is mapped from files (the binary's own pages).
pub(crate) fn memory(pid: u32) -> Result<Memory, Failure> {
    let status = read_to_string(format!("/proc/{pid}/status"))?;
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
            .ok_or("unreadable /proc/PID/status")
    };
    Ok(Memory { resident: kib("VmRSS:")? * 1024, anonymous: kib("RssAnon:")? * 1024 })
}

/// In bytes.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    /// All that is in memory, the binary's pages included.
    pub(crate) resident: u64,
    /// Heap and stacks.
    pub(crate) anonymous: u64,
}

/// What the machine calls itself, for the table's caption.
pub(crate) fn machine() -> String {
    let info = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{}, {cores} cores", model.map_or("unknown processor", |(_, name)| name))
}

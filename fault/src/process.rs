//! What a process has used, read from `/proc`.

use std::fs::read_to_string;

use crate::Failure;

/// Resident memory without what is mapped from files, in bytes: heap and stacks.
pub(crate) fn memory(pid: u32) -> Result<u64, Failure> {
    let status = read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    Ok(kib.ok_or("unreadable /proc/PID/status")? * 1024)
}

/// The same in mebibytes, for people.
pub(crate) fn mebibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

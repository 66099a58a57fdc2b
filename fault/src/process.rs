//! What a process has used, read from `/proc`, and what it may use.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use crate::Failure;

/// Resident memory without what is mapped from files, in bytes: heap and stacks.
pub(crate) fn memory(pid: u32) -> Result<u64, Failure> {
    let status = read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    Ok(kib.ok_or("unreadable /proc/PID/status")? * 1024)
}

/// Open file descriptors.
pub(crate) fn descriptors(pid: u32) -> Result<u64, Failure> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64)
}

/// The same in mebibytes, for people.
pub(crate) fn mebibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// The most the process has had in memory, files included, in bytes.
pub(crate) fn peak(pid: u32) -> Result<u64, Failure> {
    let status = read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    Ok(kib.ok_or("unreadable /proc/PID/status")? * 1024)
}

/// A memory control group with one process in it; gone with the value, once the process is.
pub(crate) struct Cage(PathBuf);

impl Cage {
    /// Puts a process into a group of its own that may have `bytes`; `None` where none can be made.
    pub(crate) fn around(pid: u32, bytes: u64) -> Option<Self> {
        let name = format!("symbolon-fault-{pid}");
        // Version 1 has a tree for memory, version 2 one for all.
        for (tree, limit) in [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")] {
            let cage = Self(Path::new(tree).join(&name));
            if std::fs::create_dir(&cage.0).is_err() {
                continue;
            }
            let limited = std::fs::write(cage.0.join(limit), bytes.to_string()).is_ok();
            if limited && std::fs::write(cage.0.join("cgroup.procs"), pid.to_string()).is_ok() {
                return Some(cage);
            }
        }
        None
    }
}

impl Drop for Cage {
    fn drop(&mut self) {
        // The process may still be ending: the group can only go when it is empty.
        for _ in 0..100 {
            if std::fs::remove_dir(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

//! What it costs before anyone signs in: time to the first answer, memory, size on disk.

use std::time::Duration;

use crate::figure::Figure;
use crate::server::{self, Installation};
use crate::{Failure, cpu, load, measure};

const STARTS: usize = 9;

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let installation = Installation::new()?;
    // The very first start makes keys and is not what the budget is about.
    let first = installation.serve()?.started_in;
    let mut times = Vec::new();
    let mut memory = None;
    for _ in 0..STARTS {
        let running = installation.serve()?;
        times.push(running.started_in.as_secs_f64() * 1e3);
        // Once what it does after answering has settled.
        std::thread::sleep(Duration::from_millis(300));
        memory = Some(cpu::memory(running.pid())?);
    }
    let memory = memory.ok_or("no start was measured")?;
    let size = std::fs::metadata(server::binary()?)?.len();
    Ok(vec![
        Figure::reported("core.start.very_first", first.as_secs_f64() * 1e3, "ms"),
        Figure::at_most("core.start.first_answer", measure::median(times), "ms", 100.0),
        Figure::at_most("core.memory.idle", mebibytes(memory.resident), "MiB", 25.0),
        Figure::reported("core.memory.idle_anonymous", mebibytes(memory.anonymous), "MiB"),
        Figure::at_most("core.binary.size", mebibytes(size), "MiB", 25.0),
    ])
}

fn mebibytes(bytes: u64) -> f64 {
    load::count(bytes) / f64::from(1 << 20)
}

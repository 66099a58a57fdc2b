//! jwt-simple, in the other program: see `wire`. It takes its turns like the others and measures itself.

use std::io::BufReader;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::job::Job;
use symbolon_bench_jose_common::side::{Side, Spent};
use symbolon_bench_jose_common::wire::{Answer, Request, receive, send};

/// The other program, running.
pub(crate) struct Process {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// It ends when the pipe is closed.
    _child: Child,
}

impl Process {
    /// Starts the program that lies beside this one.
    pub(crate) fn start() -> Result<Self, Failure> {
        let program = std::env::current_exe()?.with_file_name("symbolon-bench-jose-boringssl");
        let mut child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let requests = child.stdin.take().ok_or("no pipe to the other program")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no pipe from the other program")?);
        Ok(Self { requests, answers, _child: child })
    }

    /// Its side of a row, if it has one.
    pub(crate) fn side<'a>(&'a mut self, job: &Job) -> Result<Option<Side<'a>>, Failure> {
        match self.ask(&Request::Prepare(Box::new(job.into())))? {
            Answer::Ready => Ok(Some(Side::elsewhere("jwt-simple", |repeats| self.repeat(repeats)))),
            Answer::Unsupported => Ok(None),
            Answer::Failed(error) => Err(error.into()),
            Answer::Spent { .. } => Err("an answer nobody asked for".into()),
        }
    }

    fn repeat(&mut self, repeats: u32) -> Result<Spent, Failure> {
        match self.ask(&Request::Repeat(repeats))? {
            Answer::Spent { nanoseconds, allocations } => {
                Ok(Spent { time: Duration::from_nanos(nanoseconds), allocations })
            }
            Answer::Failed(error) => Err(error.into()),
            Answer::Ready | Answer::Unsupported => Err("an answer nobody asked for".into()),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        send(&mut self.requests, request)?;
        receive(&mut self.answers)?.ok_or_else(|| "the other program has ended".into())
    }
}

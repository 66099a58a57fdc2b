//! The side of the benchmark that runs on BoringSSL: reads requests from standard input, answers on standard output.
//!
//! A process of its own, because BoringSSL and OpenSSL give their functions the same names.

mod jwt_simple;

use std::io::{BufReader, BufWriter, stdin, stdout};
use std::process::ExitCode;

use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::side::Side;
use symbolon_bench_jose_common::wire::{Answer, Request, receive, send};

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench, the side on BoringSSL: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Until the other process closes the pipe.
fn serve() -> Result<(), Failure> {
    let (mut requests, mut answers) = (BufReader::new(stdin().lock()), BufWriter::new(stdout().lock()));
    let mut prepared: Option<Side<'static>> = None;
    while let Some(request) = receive(&mut requests)? {
        let answer = answer(request, &mut prepared).unwrap_or_else(|error| Answer::Failed(error.to_string()));
        send(&mut answers, &answer)?;
    }
    Ok(())
}

fn answer(request: Request, prepared: &mut Option<Side<'static>>) -> Result<Answer, Failure> {
    Ok(match request {
        Request::Prepare(job) => {
            *prepared = jwt_simple::side(&job.into_job()?)?;
            if prepared.is_some() { Answer::Ready } else { Answer::Unsupported }
        }
        Request::Repeat(repeats) => {
            let spent = prepared.as_mut().ok_or("nothing is prepared")?.repeat(repeats)?;
            Answer::Spent { nanoseconds: u64::try_from(spent.time.as_nanos())?, allocations: spent.allocations }
        }
    })
}

//! The words between the two processes: one JSON text per line, an answer for each request.
//!
//! BoringSSL and OpenSSL give their functions the same names, so a program that has both calls the wrong one.

use std::io::{BufRead, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use symbolon_jose::Jwk;

use crate::Failure;
use crate::claims::{AccessToken, Size};
use crate::job::{Job, Method, Operation};

/// What the one asks.
#[derive(Deserialize, Serialize)]
pub enum Request {
    /// Prepare a row.
    Prepare(Box<Portable>),
    /// Run it that many times.
    Repeat(u32),
}

/// What the other answers.
#[derive(Deserialize, Serialize)]
pub enum Answer {
    /// It went wrong.
    Failed(String),
    /// It is prepared.
    Ready,
    /// The library does not do this.
    Unsupported,
    /// What the repeats took.
    Spent {
        /// Nanoseconds, by the wall clock of the process that ran them.
        nanoseconds: u64,
        /// Allocations.
        allocations: u64,
    },
}

/// A row in a form that travels.
#[derive(Deserialize, Serialize)]
pub struct Portable {
    name: String,
    operation: Operation,
    method: Method,
    size: Size,
    jwk: Option<String>,
    claims: AccessToken,
    content: String,
    token: String,
    now: u64,
}

impl From<&Job> for Portable {
    fn from(job: &Job) -> Self {
        Self {
            name: job.name.clone(),
            operation: job.operation,
            method: job.method,
            size: job.size,
            jwk: job.jwk.as_ref().map(|jwk| jwk.to_private_json().to_string()),
            claims: job.claims.clone(),
            content: job.content.clone(),
            token: job.token.clone(),
            now: job.now,
        }
    }
}

impl Portable {
    /// The row again.
    pub fn into_job(self) -> Result<Job, Failure> {
        let jwk = self.jwk.map(|json| Jwk::from_slice(json.as_bytes())).transpose()?;
        let Self { name, operation, method, size, claims, content, token, now, .. } = self;
        Ok(Job { name, operation, method, size, jwk, claims, content, token, now })
    }
}

/// Writes one line and sends it off.
pub fn send(to: &mut impl Write, message: &impl Serialize) -> Result<(), Failure> {
    let mut line = serde_json::to_string(message)?;
    line.push('\n');
    to.write_all(line.as_bytes())?;
    Ok(to.flush()?)
}

/// Reads one line; `None` at the end.
pub fn receive<T: DeserializeOwned>(from: &mut impl BufRead) -> Result<Option<T>, Failure> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}

//! Counters of failed attempts in Valkey or Redis instead of in the store (security 124 and 125; F13).
//!
//! Nothing else is ever kept there, so that losing it loses nothing: who finds it [`Away`] counts in the store. The rule is that of every engine, in a
//! script, so that an attempt is one round trip; the counters of an attempt are one step there, and expire by themselves.
//! Refuses: a URL that would leave a certificate unverified.

mod link;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{Client, Cmd, IntoConnectionInfo as _};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::record::{Attempt, ThrottleKey};
use link::{Lease, Link};

/// Where the counters are.
#[derive(Clone)]
pub struct Options {
    /// `redis://user:password@host:6379/0`, or `rediss://…` for TLS.
    pub url: String,
    /// Begins every key, so that deployments can share a server.
    pub prefix: String,
    /// A call does not wait longer for an answer.
    pub patience: Duration,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Valkey does not answer, or not as it should: the store counts. That it happened is logged, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// Counters in Valkey. While it is away each call says so at once, and a task looks for it.
pub struct Valkey {
    prefix: String,
    lease: Lease,
    _keeper: JoinSet<()>,
}

impl fmt::Debug for Valkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Valkey").field("prefix", &self.prefix).field("away", &self.is_away()).finish_non_exhaustive()
    }
}

impl Valkey {
    /// Connects, if it answers within a second; else it is away at first.
    ///
    /// # Errors
    ///
    /// As [`check`].
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn example() -> Result<(), &'static str> {
    /// use std::time::Duration;
    ///
    /// use symbolon_store::valkey::{Options, Valkey};
    ///
    /// let patience = Duration::from_millis(200);
    /// let options = Options { url: "redis://127.0.0.1:6379".into(), prefix: "example:".into(), patience };
    /// let counters = Valkey::open(options).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(options: Options) -> Result<Self, &'static str> {
        let client = client(&options.url)?;
        let first = match Link::make(&client, &options).await {
            Ok(link) => Some(Arc::new(link)),
            Err(why) => {
                link::warn(&why);
                None
            }
        };
        let lease = Lease(watch::Sender::new(first));
        let mut keeper = JoinSet::new();
        keeper.spawn(link::keep(client, options.clone(), lease.clone()));
        Ok(Self { prefix: options.prefix, lease, _keeper: keeper })
    }

    /// Whether it is away now.
    pub fn is_away(&self) -> bool {
        self.lease.0.borrow().is_none()
    }

    /// As [`Store::begin_attempt`](crate::Store::begin_attempt).
    pub async fn begin_attempt(&self, keys: &[ThrottleKey], now: u64) -> Result<Attempt, Away> {
        let wait: u64 = self.ask(|link| link.begin(&self.prefix, keys, now)).await?;
        Ok(if wait > 0 { Attempt::Wait { secs: wait } } else { Attempt::Allowed })
    }

    /// As [`Store::forgive`](crate::Store::forgive).
    pub async fn forgive(&self, forget: &[String], give_back: &[String]) -> Result<(), Away> {
        self.ask(|link| link.forgive(&self.prefix, forget, give_back)).await.map(drop)
    }

    /// Whoever gets no answer, or an error of any kind, declares it away: what it says is not needed to go on.
    async fn ask(&self, command: impl FnOnce(&Link) -> Cmd) -> Result<u64, Away> {
        let link = self.lease.0.borrow().clone().ok_or(Away)?;
        link.ask(&command(&link)).await.map_err(|why| {
            self.lease.end(&link, &why);
            Away
        })
    }
}

/// Whether the server of a URL answers and can count; else why not.
pub async fn probe(options: &Options) -> Result<(), String> {
    let client = client(&options.url)?;
    Link::make(&client, options).await.map(drop)
}

/// Whether a URL can be used, without asking the server.
///
/// # Errors
///
/// Why not, without quoting it.
pub fn check(url: &str) -> Result<(), &'static str> {
    client(url).map(drop)
}

fn client(url: &str) -> Result<Client, &'static str> {
    if url.contains('#') {
        return Err("a certificate is always verified, so there is nothing after a #");
    }
    // What the parser would say may quote the password.
    let read = url.into_connection_info().and_then(Client::open);
    read.map_err(|_| "it is not a URL such as redis://user:password@host:6379 or rediss://host")
}

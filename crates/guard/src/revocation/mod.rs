//! Following the issuer's revocation feed (decision 6), so that a token that was revoked is refused within a moment, without asking
//! anybody about each token.
//!
//! - [`knowledge`]: what is known of revocations, up to which number of the log, and how old that is.
//! - [`follow`]: the task that keeps it fresh: snapshot, stream, and again after a cut.
//! - [`transport`]: the requests it makes.
//! - [`sse`]: reading server-sent events.
//! - [`introspect`]: asking about one token, where the owner chose so for when the knowledge is too old.
//! - [`status`]: what the owner of the API sees of it.
//! - [`watch`]: what a verdict asks: is this token revoked, and may the question be answered with what is known?

mod credentials;
mod follow;
mod ids;
mod introspect;
pub(crate) mod knowledge;
mod sse;
mod status;
mod transport;
pub(crate) mod watch;

use std::{fmt, time::Duration};

use symbolon_revocation::{IdKind, Kind, RuleKind};

pub(crate) use credentials::Credentials;
pub(crate) use follow::Follower;
pub(crate) use ids::{Ids, key_print};
pub use status::{FeedState, RevocationStatus};
pub(crate) use watch::{Watch, Word};

/// Whether a guard follows its issuer's revocation feed: see [`Guard::revocation`](crate::Guard::revocation).
///
/// ```
/// use symbolon_guard::{Guard, Revocation};
///
/// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?.revocation(Revocation::Off);
/// # Ok::<(), symbolon_guard::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Revocation {
    /// If the issuer's discovery document advertises one. Where the keys do not come from discovery, none is looked for.
    #[default]
    Auto,
    /// Never: what was revoked counts until it expires.
    Off,
    /// There must be one, wherever the keys come from. Without it every token is judged as [`WhenStale`] says.
    Required,
}

/// What to do with a good token while the knowledge of revocations is older than [`Guard::max_staleness`](crate::Guard::max_staleness),
/// or before there is any. What is known to be revoked is refused in any case.
///
/// ```
/// use symbolon_guard::{FeedState, Revocation, WhenStale, testing::{AUDIENCE, TestIssuer}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let issuer = TestIssuer::offline(); // has no feed
/// let guard = issuer.guard(AUDIENCE).revocation(Revocation::Required).when_stale(WhenStale::Refuse);
/// let rejection = guard.verify(&issuer.token().sign()).await.unwrap_err();
/// assert_eq!(rejection.status(), 503);
/// assert_eq!(guard.status().revocation.state, FeedState::Waiting);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhenStale {
    /// Accept it, and sound the alarm: a line in the log, and [`FeedState::Stale`](crate::FeedState::Stale) in the status. A cut feed
    /// can hide a revocation no longer than a token lives, and an issuer's outage does not take the API down.
    #[default]
    Accept,
    /// Ask the issuer about it (RFC 7662), with [`Guard::credentials`](crate::Guard::credentials); an answer holds for five seconds.
    /// Without credentials, or without an answer, like [`WhenStale::Refuse`].
    Introspect,
    /// Answer 503 with `Retry-After`.
    Refuse,
}

/// What no longer counts, and the token with it.
///
/// ```
/// use symbolon_guard::{Guard, InvalidToken, Rejection, Revoked};
///
/// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?.on_reject(|rejection| {
///     if let Rejection::InvalidToken(InvalidToken::Revoked(Revoked::Key)) = rejection {
///         eprintln!("somebody still uses tokens of the key that was stolen");
///     }
/// });
/// # Ok::<(), symbolon_guard::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revoked {
    /// This one token (`jti`).
    Token,
    /// The session it was born in (`sid`).
    Session,
    /// All tokens of its subject until then (`rh`).
    Handle,
    /// All tokens of its client until then.
    Client,
    /// All tokens for this API until then.
    Api,
    /// The key that signed it.
    Key,
    /// All tokens until then.
    All,
    /// The issuer, asked about it, said that it is not active.
    Inactive,
}

impl From<Kind> for Revoked {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Id(IdKind::Jti) => Self::Token,
            Kind::Id(IdKind::Sid) => Self::Session,
            Kind::Id(IdKind::Handle) => Self::Handle,
            Kind::Rule(RuleKind::Client) => Self::Client,
            Kind::Rule(RuleKind::Api) => Self::Api,
            Kind::Rule(RuleKind::Key) => Self::Key,
            Kind::Rule(RuleKind::All) => Self::All,
        }
    }
}

impl fmt::Display for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "the token was revoked",
            Self::Session => "the token's session has ended",
            Self::Handle => "the subject's tokens were revoked",
            Self::Client => "the client's tokens were revoked",
            Self::Api => "the tokens for this API were revoked",
            Self::Key => "the key that signed the token was revoked",
            Self::All => "all tokens were revoked",
            Self::Inactive => "the issuer says that the token is not active",
        })
    }
}

/// What the owner of the API chose.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) mode: Revocation,
    pub(crate) max_staleness: Duration,
    pub(crate) when_stale: WhenStale,
    pub(crate) credentials: Option<Credentials>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Revocation::default(),
            max_staleness: Duration::from_secs(30),
            when_stale: WhenStale::default(),
            credentials: None,
        }
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod model;

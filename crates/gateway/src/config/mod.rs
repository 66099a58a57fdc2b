//! `gateway.toml`: where the gateway is, who signs people in, and which APIs it calls for them.
//!
//! Read by the server's reader, with a table of its own. Refused, each with its fix: unknown names, addresses in plain HTTP beyond this machine, paths
//! that hide the gateway's own or one another, origins of another site.

mod check;
mod read;
mod reload;
mod setting;

use std::path::PathBuf;

use symbolon_oauth::Issuer;
use symbolon_server::config::{Listen, Log, Network, SecretText, Tls};
use url::Url;

pub use read::{Loaded, Sources, load};
pub use setting::template;

use crate::origin::Origin;

/// The whole configuration. Lengths of time are in seconds, sizes in bytes.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where browsers find the gateway.
    pub origin: Origin,
    /// Who signs people in.
    pub issuer: Issuer,
    /// What the gateway is registered as there.
    pub client_id: String,
    /// Its secret; without one it proves itself by a key.
    pub client_secret: Option<SecretText>,
    /// What a sign-in asks for, beside what the APIs need.
    pub scope: String,
    /// Folder of the sessions.
    pub data: PathBuf,
    /// Other origins whose pages may use the gateway.
    pub origins: Vec<Origin>,
    /// The app's files.
    pub app: App,
    /// How long sessions live.
    pub session: Session,
    /// The listener.
    pub http: Http,
    /// Calls to the issuer and the APIs.
    pub upstream: Upstream,
    /// The APIs, in the order of the file. Of the first one's token pages are told.
    pub apis: Vec<Api>,
    /// The log.
    pub log: Log,
}

impl Config {
    /// Origins whose pages may use the gateway, its own first.
    pub(crate) fn allowed(&self) -> Vec<String> {
        std::iter::once(&self.origin).chain(&self.origins).map(ToString::to_string).collect()
    }
}

/// `app.*`
#[derive(Clone, Debug)]
pub struct App {
    /// The folder, where the gateway serves the app.
    pub folder: Option<PathBuf>,
    /// The policy of its pages.
    pub content_security_policy: String,
}

/// `session.*`
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// Unused this long, one ends.
    pub idle_secs: u64,
    /// This long after sign-in it ends in any case.
    pub absolute_secs: u64,
}

/// `http.*`
#[derive(Clone, Debug)]
pub struct Http {
    /// Where to answer.
    pub listen: Listen,
    /// Certificate and key.
    pub tls: Option<Tls>,
    /// Proxies in front.
    pub trusted_proxies: Vec<Network>,
    /// Largest request head.
    pub max_header_bytes: usize,
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Open connections at once.
    pub max_connections: usize,
    /// Time to send a head.
    pub header_timeout_secs: u64,
    /// Time for open requests after SIGTERM.
    pub drain_timeout_secs: u64,
}

/// `upstream.*`
#[derive(Clone, Debug)]
pub struct Upstream {
    /// How long one may keep silent.
    pub timeout_secs: u64,
    /// Who else is trusted.
    pub ca: Option<PathBuf>,
}

/// One `[[api]]`.
#[derive(Clone, Debug)]
pub struct Api {
    /// What belongs to it: this path, and what is below it. Never ends with a slash, unless it is `/`.
    pub path: String,
    /// What takes the path's place; without a slash at the end.
    pub url: Url,
    /// Whom tokens are for.
    pub audience: Option<String>,
    /// What with.
    pub scope: Option<String>,
}

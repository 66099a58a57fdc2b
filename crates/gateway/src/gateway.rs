//! What every request needs, and the answers that are the same everywhere.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::extract::FromRef;
use http::{HeaderMap, Method, Uri};
use symbolon_guard::{Sender, is_csrf_token, sender};
use symbolon_server::Clock;
use symbolon_server::pages::Transport;
use symbolon_server::seal::Sealer;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::cookie::Cookie;
use crate::http::Http;
use crate::problem::Problem;
use crate::provider::Provider;
use crate::sessions::{Session, Sessions};

/// A gateway, with the configuration of this moment.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) config: Config,
    pub(crate) provider: Arc<Provider>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) http: Http,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) clock: Clock,
    /// Places for WebSockets.
    pub(crate) sockets: Arc<Semaphore>,
    /// Origins whose pages may use it, its own first.
    pub(crate) allowed: Vec<String>,
}

/// The gateway that answers now. A changed configuration puts another in its place, with the same sessions. Each step of a
/// request asks once: one that a change falls into may pass the layers under the old one and be answered under the new one.
#[derive(Clone, Debug)]
pub(crate) struct Current(Arc<ArcSwap<Gateway>>);

impl Current {
    pub(crate) fn new(gateway: Gateway) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(gateway)))
    }

    pub(crate) fn get(&self) -> Arc<Gateway> {
        self.0.load_full()
    }

    pub(crate) fn replace(&self, config: Config) {
        self.0.store(Arc::new(self.get().with(config)));
    }
}

impl FromRef<Current> for Arc<Gateway> {
    fn from_ref(current: &Current) -> Self {
        current.get()
    }
}

/// A session, and the value by which the browser showed it.
pub(crate) struct Shown<'h> {
    pub(crate) session: Arc<Session>,
    pub(crate) value: &'h str,
}

impl Gateway {
    /// The same gateway under another configuration.
    fn with(&self, config: Config) -> Self {
        Self {
            provider: Arc::clone(&self.provider),
            sessions: Arc::clone(&self.sessions),
            http: self.http.clone(),
            sealer: Arc::clone(&self.sealer),
            clock: self.clock.clone(),
            sockets: Arc::clone(&self.sockets),
            allowed: config.allowed(),
            config,
        }
    }

    pub(crate) fn transport(&self) -> Transport {
        self.config.origin.transport()
    }

    /// Whose browser this is. A cookie that came twice, which another host of the site may have planted, is nobody's.
    pub(crate) fn session<'h>(&self, headers: &'h HeaderMap) -> Option<Shown<'h>> {
        let value = Cookie::Session.read(headers, self.transport()).ok()??;
        Some(Shown { session: self.sessions.find(value)?, value })
    }

    /// Refuses what a page of another origin made the browser send (security 98). Nothing is looked up before.
    ///
    /// A harmless method needs no token, and a page all the same that may read the answer: `Sec-Fetch-Site` of another origin is refused there, too, but for
    /// those in the configuration, which say so by `Origin`.
    pub(crate) fn refuse_foreign(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        match sender(method, uri, headers, &self.allowed) {
            Sender::Ours => Ok(()),
            // As if it were to change something, where the browser says anything at all.
            Sender::Irrelevant if !headers.contains_key("sec-fetch-site") => Ok(()),
            Sender::Irrelevant if sender(&Method::POST, uri, headers, &self.allowed) == Sender::Ours => Ok(()),
            _ => Err(Problem::CrossSite),
        }
    }

    /// The same with the session, and with its token where something may change.
    pub(crate) fn signed_in<'h>(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &'h HeaderMap,
    ) -> Result<Shown<'h>, Problem> {
        self.refuse_foreign(method, uri, headers)?;
        let shown = self.session(headers).ok_or(Problem::SignInNeeded)?;
        let harmless = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if harmless || is_csrf_token(headers, shown.value) { Ok(shown) } else { Err(Problem::CsrfToken) }
    }
}

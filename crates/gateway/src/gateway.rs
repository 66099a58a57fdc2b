//! What every request needs, and the answers that are the same everywhere.

use std::sync::Arc;

use http::{HeaderMap, Method, Uri};
use symbolon_guard::{Sender, is_csrf_token, sender};
use symbolon_server::Clock;
use symbolon_server::pages::Transport;
use symbolon_server::seal::Sealer;

use crate::config::Config;
use crate::cookie::Cookie;
use crate::http::Http;
use crate::problem::Problem;
use crate::provider::Provider;
use crate::sessions::{Session, Sessions};

/// A gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) config: Config,
    pub(crate) provider: Provider,
    pub(crate) sessions: Sessions,
    pub(crate) http: Http,
    pub(crate) sealer: Sealer,
    pub(crate) clock: Clock,
    /// Origins whose pages may use it, its own first.
    pub(crate) allowed: Vec<String>,
}

/// A session, and the value by which the browser showed it.
pub(crate) struct Shown<'h> {
    pub(crate) session: Arc<Session>,
    pub(crate) value: &'h str,
}

impl Gateway {
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

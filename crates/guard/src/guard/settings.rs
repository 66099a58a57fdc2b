//! What a guard is told before it begins: each of these returns a guard that starts without fetched keys.

use std::{sync::Arc, time::Duration};

use symbolon_jose::Algorithm;

use super::{Guard, MAX_LEEWAY, MIN_STALENESS};
use crate::{
    certificate::Certificates,
    challenge::Challenge,
    clock::Clock,
    dpop::Dpop,
    error::Rejection,
    extract::Cookie,
    jwks::Keys,
    revocation::{Credentials, Revocation, WhenStale},
    scope::is_scope_token,
    session::{self, Sessions},
    signed::SignedUrls,
    verify::TokenType,
};

impl Guard {
    /// Accepts these algorithms only; [`DEFAULT_ALGORITHMS`](crate::DEFAULT_ALGORITHMS) otherwise. Each key serves one of them, and the token never chooses.
    ///
    /// HMAC names have no effect here: see [`Keys::shared_secret`].
    #[must_use]
    pub fn algorithms(self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        let algorithms = algorithms.into_iter().collect();
        self.change(|config| config.algorithms = algorithms)
    }

    /// What the token's header must say it is: [`TokenType::AtJwt`] unless changed.
    #[must_use]
    pub fn token_type(self, token_type: TokenType) -> Self {
        self.change(|config| config.token_type = token_type)
    }

    /// Also accepts tokens whose header says `typ: JWT` or nothing, from issuers older than RFC 9068.
    ///
    /// Mind that such an issuer's ID tokens are told from its access tokens by their audience alone.
    #[must_use]
    pub fn accept_plain_jwt(self) -> Self {
        self.token_type(TokenType::PlainJwt)
    }

    /// How far the clocks of issuer and API may differ: 30 seconds unless changed, 300 at most. Changes nothing else.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        self.change(|config| config.leeway = leeway.min(MAX_LEEWAY))
    }

    /// Where the issuer's keys come from: [`Keys::discover`] unless changed.
    #[must_use]
    pub fn keys(self, keys: Keys) -> Self {
        self.change(|config| config.keys = keys)
    }

    /// How many verified tokens are remembered: 16,384 unless changed, 0 for none.
    ///
    /// A token seen again costs a look-up instead of a signature; expiry, revocation and the keys are checked all the same. Each
    /// takes about 1.8 KB if signed with RS256 (1.5 KB with ES256), those longer than 4 KiB are not kept, and none with [`Keys::shared_secret`], where it would gain nothing.
    #[must_use]
    pub fn remember(self, tokens: usize) -> Self {
        self.change(|config| config.remember = tokens)
    }

    /// Whether the issuer's revocation feed is followed: if there is one, unless changed.
    ///
    /// ```
    /// use symbolon_guard::{Guard, Revocation};
    ///
    /// // Without a feed no token counts for certain, also where the issuer advertises none.
    /// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?.revocation(Revocation::Required);
    /// # Ok::<(), symbolon_guard::ConfigError>(())
    /// ```
    #[must_use]
    pub fn revocation(self, revocation: Revocation) -> Self {
        self.change(|config| config.revocation.mode = revocation)
    }

    /// How old the knowledge of revocations may be before [`Guard::when_stale`] holds: 30 seconds unless changed, 2 at least.
    ///
    /// It is as old as the newest time that the issuer has signed, which it does every few seconds (`revocation.heartbeat`, 5 s
    /// unless set otherwise; keep this three times as long), or as what has passed since that was heard, whichever is worse.
    ///
    /// ```
    /// use std::time::Duration;
    /// use symbolon_guard::{Guard, WhenStale};
    ///
    /// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?
    ///     .max_staleness(Duration::from_secs(60))
    ///     .when_stale(WhenStale::Refuse);
    /// # Ok::<(), symbolon_guard::ConfigError>(())
    /// ```
    #[must_use]
    pub fn max_staleness(self, limit: Duration) -> Self {
        self.change(|config| config.revocation.max_staleness = limit.max(MIN_STALENESS))
    }

    /// What to do with good tokens while the knowledge of revocations is too old, or before there is any:
    /// [`WhenStale::Accept`] unless changed.
    #[must_use]
    pub fn when_stale(self, choice: WhenStale) -> Self {
        self.change(|config| config.revocation.when_stale = choice)
    }

    /// Who this API is to the issuer: its identifier and secret there. For a feed that is not open to everybody, and for
    /// [`WhenStale::Introspect`].
    ///
    /// ```
    /// use symbolon_guard::{Guard, WhenStale};
    ///
    /// # let secret = "sym_as_…";
    /// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?
    ///     .credentials("https://api.example.com", secret)
    ///     .when_stale(WhenStale::Introspect);
    /// # Ok::<(), symbolon_guard::ConfigError>(())
    /// ```
    #[must_use]
    pub fn credentials(self, id: &str, secret: &str) -> Self {
        let credentials = Credentials::new(id, secret);
        self.change(|config| config.revocation.credentials = Some(credentials))
    }

    /// Also reads the token from this cookie. Off unless called; a name with the prefix `__Host-` is recommended.
    ///
    /// A browser sends cookies without being asked, from any page. So a request that may change something (any method but
    /// `GET`, `HEAD` and `OPTIONS`, or opening a WebSocket) must come from a page of the API's own origin, which
    /// `Sec-Fetch-Site`, `Origin` or `Referer` shows, or of one named by [`Guard::cookie_origins`]. Without any of those headers it must
    /// carry the [`csrf_token`](crate::csrf_token) of the cookie. Handlers of safe methods must not change anything. Do not clear this
    /// defence by setting those headers in a proxy.
    #[must_use]
    pub fn cookie(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.change(|config| {
            let origins = config.sources.cookie.take().map(|cookie| cookie.origins).unwrap_or_default();
            config.sources.cookie = Some(Cookie { name, origins });
        })
    }

    /// Origins (`https://app.example.com`) whose pages may send state-changing requests with the cookie. After [`Guard::cookie`]
    /// or [`Guard::sessions`].
    #[must_use]
    pub fn cookie_origins<O: Into<String>>(self, origins: impl IntoIterator<Item = O>) -> Self {
        let origins = origins.into_iter().map(Into::into).collect();
        self.change(|config| {
            if let Some(cookie) = &mut config.sources.cookie {
                cookie.origins = origins;
            }
        })
    }

    /// Also takes the issuer's session values (`sym_sv_…`), which are looked up at its session endpoint: from the cookie `__Host-session`,
    /// unless [`Guard::cookie`] names another, and wherever tokens are read.
    ///
    /// The cookie is under the defence that [`Guard::cookie`] describes. To set it: [`Guard::set_cookie`].
    #[must_use]
    pub fn sessions(self, sessions: Sessions) -> Self {
        self.change(|config| {
            config.sessions = Some(sessions);
            config
                .sources
                .cookie
                .get_or_insert_with(|| Cookie { name: session::DEFAULT_COOKIE.to_owned(), origins: Vec::new() });
        })
    }

    /// Also takes tokens that are bound to a key, with a proof of it in every request (RFC 9449). Off unless called: such tokens are refused then.
    ///
    /// ```
    /// use symbolon_guard::{Dpop, Guard};
    ///
    /// // Nothing but bound tokens: what is stolen opens nothing.
    /// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?
    ///     .dpop(Dpop::require("https://api.example.com")?);
    /// # Ok::<(), symbolon_guard::ConfigError>(())
    /// ```
    #[must_use]
    pub fn dpop(self, dpop: Dpop) -> Self {
        self.change(|config| {
            config.sources.proven = true;
            config.dpop = Some(dpop);
        })
    }

    /// Also takes tokens that are bound to a certificate, on connections on which the client has shown it (RFC 8705 §3). Off unless called: such
    /// tokens are refused then.
    ///
    /// With [`Guard::dpop`] as well, a token may be bound to either; where one of the two is required, it must be.
    #[must_use]
    pub fn certificates(self, certificates: Certificates) -> Self {
        self.change(|config| config.certificates = Some(certificates))
    }

    /// How WebSockets are opened: see [`Guard::websocket`].
    #[cfg(feature = "ws")]
    #[must_use]
    pub fn websockets(self, websockets: crate::websocket::WebSockets) -> Self {
        self.change(|config| config.websockets = websockets)
    }

    /// Signs URLs for callers ([`Guard::sign_url`]), and takes requests that come by them in place of a token. Off unless called.
    ///
    /// The answers are told not to be kept and not to send their address along (`Cache-Control: private, no-store`, `Referrer-Policy: no-referrer`).
    #[must_use]
    pub fn signed_urls(self, urls: SignedUrls) -> Self {
        self.change(|config| config.signed = Some(urls))
    }

    /// The scopes that clients may need here, as [`Guard::metadata`] tells them (RFC 9728 §2). Nothing is refused by it.
    #[must_use]
    pub fn scopes_supported<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).filter(|scope| is_scope_token(scope)).collect();
        self.change(|config| config.scopes_supported = scopes)
    }

    /// Also reads the token from the parameter `access_token` of a form body of at most 64 KiB (RFC 6750 §2.2). Off unless called.
    ///
    /// The handler still sees the whole body; a longer form is refused with 413. Works where the request's body is axum's.
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn form_body(self) -> Self {
        self.change(|config| config.sources.form_body = true)
    }

    /// Also reads the token from the query parameter `access_token` (RFC 6750 §2.3). Off unless called, and better left so:
    /// URLs end up in logs and histories.
    #[must_use]
    pub fn query(self) -> Self {
        self.change(|config| config.sources.query = true)
    }

    /// The `realm` of the challenges: the audience unless changed.
    #[must_use]
    pub fn realm(self, realm: &str) -> Self {
        let challenge = Challenge::new(realm);
        self.change(|config| config.challenge = challenge)
    }

    /// Is told every rejection and its cause, for counting and alarms. The client is not told.
    #[must_use]
    pub fn on_reject(self, f: impl Fn(&Rejection) + Send + Sync + 'static) -> Self {
        self.change(|config| config.on_reject = Some(Arc::new(f)))
    }

    /// Lets requests without a token pass as anonymous: handlers take `Option<Caller>`. A bad token is still refused.
    #[must_use]
    pub fn optional(self) -> Self {
        self.change(|config| config.optional = true)
    }

    /// Reads the time from `clock` instead of the machine's.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        self.change(|config| config.clock = Arc::new(clock))
    }
}

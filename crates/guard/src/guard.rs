//! The guard: what it is told, and what everything else asks it.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Response, Uri};
use symbolon_jose::{Algorithm, jwt::Policy};
#[cfg(feature = "axum")]
use url::Url;

use crate::{
    caller::{Authentication, Caller},
    challenge::Challenge,
    client::Http,
    clock::{Clock, SystemClock},
    dpop::{Dpop, NONCE, Shown},
    error::{ConfigError, InvalidToken, Rejection},
    extract::{Cookie, Head, Place, Sources},
    judge::Judge,
    jwks::{KeySource, Keys, discovery::checked_url},
    layer::{GuardLayer, RequireLayer},
    revocation::{Credentials, Follower, Options, Revocation, Watch, WhenStale},
    scope::{Requirement, is_scope_token},
    seen::{DEFAULT_TOKENS, Proven, Seen},
    session::{self, Sessions, Source},
    status::{Refusals, Status},
    verify::{TokenType, Verifier},
};

/// The algorithms accepted unless [`Guard::algorithms`] says otherwise. Never HMAC: a key set is public.
pub const DEFAULT_ALGORITHMS: &[Algorithm] = Algorithm::ASYMMETRIC;

const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);
const MAX_LEEWAY: Duration = Duration::from_mins(5);

/// A shorter limit would be below what signed seconds can tell.
const MIN_STALENESS: Duration = Duration::from_secs(2);

type OnReject = Arc<dyn Fn(&Rejection) + Send + Sync>;

/// Protects an API: accepts the access tokens of one issuer for one audience.
///
/// A value and its own builder: set it up first (each builder method returns a guard that starts without fetched keys), then
/// clone it freely: clones share the keys.
///
/// ```
/// use std::time::Duration;
/// use symbolon_guard::Guard;
///
/// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?
///     .leeway(Duration::from_secs(10))
///     .realm("dragons");
/// # Ok::<(), symbolon_guard::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    config: Config,
    judge: Judge,
    refusals: Refusals,
    /// The address of the metadata, once [`Guard::metadata`] serves it.
    metadata_url: OnceLock<String>,
}

#[derive(Clone)]
struct Config {
    issuer: String,
    audience: String,
    algorithms: Vec<Algorithm>,
    token_type: TokenType,
    leeway: Duration,
    keys: Keys,
    remember: usize,
    revocation: Options,
    sources: Sources,
    sessions: Option<Sessions>,
    dpop: Option<Dpop>,
    challenge: Challenge,
    on_reject: Option<OnReject>,
    optional: bool,
    clock: Arc<dyn Clock>,
}

impl Guard {
    /// A guard for the tokens that `issuer` issues to be used at `audience`. Both are compared exactly, byte by byte.
    ///
    /// The issuer is `https`, or plain `http` on loopback. Nothing is fetched before the first token comes.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Result<Self, ConfigError> {
        let (issuer, audience) = (issuer.into(), audience.into());
        checked_url("issuer", &issuer)?;
        if audience.is_empty() {
            return Err(ConfigError::EmptyAudience);
        }
        Ok(Self::build(Config {
            challenge: Challenge::new(&audience),
            issuer,
            audience,
            algorithms: DEFAULT_ALGORITHMS.to_vec(),
            token_type: TokenType::AtJwt,
            leeway: DEFAULT_LEEWAY,
            keys: Keys::discover(),
            remember: DEFAULT_TOKENS,
            revocation: Options::default(),
            sources: Sources::default(),
            sessions: None,
            dpop: None,
            on_reject: None,
            optional: false,
            clock: Arc::new(SystemClock::new()),
        }))
    }

    /// The same from the environment variables `{prefix}ISSUER` and `{prefix}AUDIENCE`.
    pub fn from_env(prefix: &str) -> Result<Self, ConfigError> {
        let read = |name: &str| {
            let name = format!("{prefix}{name}");
            std::env::var(&name).map_err(|_| ConfigError::MissingVariable { name })
        };
        Self::new(read("ISSUER")?, read("AUDIENCE")?)
    }

    /// Accepts these algorithms only; [`DEFAULT_ALGORITHMS`] otherwise. Each key serves one of them, and the token never chooses.
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

    /// The layer that authenticates every request of the routes it covers.
    pub fn layer(&self) -> GuardLayer {
        GuardLayer::new(self.clone())
    }

    /// A layer that lets pass only callers with this scope. [`Guard::layer`] must stand around it.
    pub fn scope(&self, scope: impl Into<String>) -> RequireLayer {
        self.any_scope([scope])
    }

    /// A layer that lets pass only callers with at least one of these scopes. [`Guard::layer`] must stand around it.
    pub fn any_scope<S: Into<String>>(&self, scopes: impl IntoIterator<Item = S>) -> RequireLayer {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        for scope in scopes.iter().filter(|scope| !is_scope_token(scope)) {
            tracing::error!(scope, "this is not one scope, so no token will ever have it");
        }
        RequireLayer::new(self.clone(), Requirement::AnyScope(scopes))
    }

    /// A layer that lets pass only callers with this role. [`Guard::layer`] must stand around it.
    pub fn role(&self, role: impl Into<String>) -> RequireLayer {
        RequireLayer::new(self.clone(), Requirement::Role(role.into()))
    }

    /// Verifies a token that came some other way than in a request's usual places, such as a WebSocket's first message. One that is bound to a key
    /// is refused.
    pub async fn verify(&self, token: &str) -> Result<Caller, Rejection> {
        let judged = self.0.judge.verify(token).await.and_then(|proven| {
            // There is no request whose proof could stand beside it.
            let bound = proven.claims.cnf.is_some();
            if bound { Err(Rejection::InvalidToken(InvalidToken::SenderConstrained)) } else { Ok(proven) }
        });
        judged.map(Caller::new).inspect_err(|rejection| self.note(rejection))
    }

    /// Waits until the keys are there and, if the issuer has a revocation feed, its first snapshot: for the start of an API, so that
    /// the first tokens are judged like all others. `false` if that took longer than `limit`; it is gone on with all the same.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let guard = symbolon_guard::testing::TestIssuer::offline().guard("https://api.example.com");
    /// if !guard.ready(Duration::from_secs(10)).await {
    ///     eprintln!("the issuer is away: {:?}", guard.status().revocation.last_error);
    /// }
    /// # }
    /// ```
    pub async fn ready(&self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.0.judge.ready()).await.is_ok()
    }

    /// What there is to see: for a health page or metrics. Not for every request: it takes locks.
    ///
    /// ```
    /// # let guard = symbolon_guard::testing::TestIssuer::offline().guard("https://api.example.com");
    /// let status = guard.status();
    /// println!("revoked ids: {}, as of {:?} ago", status.revocation.entries, status.revocation.staleness);
    /// println!("seen before: {} of {}", status.cache.hits, status.cache.hits + status.cache.misses);
    /// for (reason, count) in status.refusals {
    ///     println!("refused, {reason}: {count}");
    /// }
    /// ```
    pub fn status(&self) -> Status {
        Status {
            cache: self.0.judge.seen.status(),
            sessions: self.0.judge.sessions.as_ref().map(|sessions| sessions.seen.status()),
            proofs: self.0.config.dpop.as_ref().map(Dpop::status),
            revocation: self.0.judge.watch.status(),
            refusals: self.0.refusals.by_reason(),
        }
    }

    /// The `Set-Cookie` by which a browser keeps a token or session value: for this host only, out of reach of scripts, over https only,
    /// and not on what other sites make the browser send (`SameSite=Lax`).
    ///
    /// The cookie's name must begin with `__Host-` for browsers to insist on the first.
    pub fn set_cookie(&self, value: &str) -> Result<HeaderValue, Rejection> {
        session::cookie::set(self.cookie_name(), value)
    }

    /// The `Set-Cookie` by which a browser forgets it. The session goes on until it is ended at the issuer (RFC 7009).
    pub fn clear_cookie(&self) -> HeaderValue {
        session::cookie::clear(self.cookie_name())
    }

    fn cookie_name(&self) -> &str {
        self.sources().cookie.as_ref().map_or(session::DEFAULT_COOKIE, |cookie| &cookie.name)
    }

    /// The issuer whose tokens are accepted.
    pub fn issuer(&self) -> &str {
        &self.0.config.issuer
    }

    /// The audience that tokens must name.
    pub fn audience(&self) -> &str {
        &self.0.config.audience
    }
}

/// What the rest of the crate asks.
impl Guard {
    pub(crate) fn sources(&self) -> &Sources {
        &self.0.config.sources
    }

    pub(crate) fn judge(&self) -> &Judge {
        &self.0.judge
    }

    /// Whether a token that is good in itself may be shown at this place. Costs nothing without [`Guard::dpop`].
    pub(crate) fn admit(
        &self,
        proven: &Proven,
        token: &str,
        (head, uri): (Head<'_>, &Uri),
        place: Place,
    ) -> Result<(), Rejection> {
        let Some(dpop) = &self.0.config.dpop else { return Ok(()) };
        // A plain token where plain ones are taken: not even the clock is read.
        if proven.claims.cnf.is_none() && place != Place::Proof && !dpop.is_required() {
            return Ok(());
        }
        dpop.admit(&proven.claims, token, Shown { head, uri, place, now: self.0.config.clock.unix_now() })
    }

    pub(crate) fn dpop_settings(&self) -> Option<&Dpop> {
        self.0.config.dpop.as_ref()
    }

    /// The nonce for the caller's next proof, if it showed one.
    pub(crate) fn next_nonce(&self, place: Option<Place>) -> Option<HeaderValue> {
        let dpop = self.0.config.dpop.as_ref().filter(|_| place == Some(Place::Proof))?;
        dpop.next_nonce(self.0.config.clock.unix_now())
    }

    /// What a request without a token is: anonymous, or refused.
    pub(crate) fn without_token(&self) -> Result<Authentication, Rejection> {
        if self.0.config.optional { Ok(Authentication::anonymous(self.clone())) } else { Err(Rejection::NoToken) }
    }

    /// The answer to a turned-away request; also tells whoever wants to know.
    pub(crate) fn reject<B: From<Bytes>>(&self, rejection: &Rejection) -> Response<B> {
        self.note(rejection);
        let metadata = self.0.metadata_url.get().map(String::as_str);
        let mut response = self.0.config.challenge.response(rejection, metadata, self.0.config.dpop.as_ref());
        if matches!(rejection, Rejection::Dpop(_))
            && let Some(nonce) = self.next_nonce(Some(Place::Proof))
        {
            response.headers_mut().insert(NONCE, nonce);
        }
        response
    }

    /// The path of the protected resource metadata (RFC 9728 §3.1). If the audience is a URL, the challenges name it from now on.
    #[cfg(feature = "axum")]
    pub(crate) fn announce_metadata(&self) -> String {
        const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
        let Some(mut url) = Url::parse(self.audience()).ok().filter(Url::has_host) else {
            return WELL_KNOWN.to_owned();
        };
        let path = format!("{WELL_KNOWN}{}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        self.0.metadata_url.get_or_init(|| url.into());
        path
    }

    #[cfg(feature = "axum")]
    pub(crate) fn bearer_methods(&self) -> Vec<&'static str> {
        let sources = self.sources();
        let methods = [
            ("header", self.dpop_settings().is_none_or(|dpop| !dpop.is_required())),
            ("body", sources.form_body),
            ("query", sources.query),
        ];
        methods.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect()
    }

    fn note(&self, rejection: &Rejection) {
        self.0.refusals.count(rejection);
        match rejection {
            Rejection::NotGuarded => tracing::error!(%rejection, "a request was refused"),
            Rejection::KeysUnavailable { .. }
            | Rejection::RevocationsUnavailable { .. }
            | Rejection::SessionsUnavailable { .. } => {
                tracing::warn!(%rejection, "a request was refused");
            }
            _ => tracing::debug!(%rejection, "a request was refused"),
        }
        if let Some(on_reject) = &self.0.config.on_reject {
            on_reject(rejection);
        }
    }

    fn change(self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.0.config.clone();
        change(&mut config);
        Self::build(config)
    }

    fn build(config: Config) -> Self {
        let mut policy = Policy::new(config.issuer.as_str(), config.audience.as_str())
            .leeway_secs(config.leeway.as_secs())
            .require("sub");
        // Otherwise the verifier judges the type: the policy has no word for "JWT or none".
        if config.token_type == TokenType::AtJwt {
            policy = policy.accept_type("at+jwt");
        }
        let verifier = Verifier {
            policy,
            algorithms: config.algorithms.clone(),
            token_type: config.token_type,
            leeway_secs: config.leeway.as_secs(),
            takes_bound: config.dpop.is_some(),
        };
        let (http, clock) = (Arc::new(Http::default()), Arc::clone(&config.clock));
        let keys =
            KeySource::new(&config.keys, &config.issuer, &config.algorithms, Arc::clone(&http), Arc::clone(&clock));
        let watch = Arc::new(Watch::new(config.revocation.clone(), &config.audience, clock));
        let follower = Follower { issuer: config.issuer.clone(), http, keys, watch };
        let seen = Seen::new(if config.keys.are_shared_secret() { 0 } else { config.remember });
        let sessions = config.sessions.as_ref();
        let sessions =
            sessions.map(|sessions| Source::new(sessions, &config.issuer, &config.audience, config.remember));
        Self(Arc::new(Inner {
            judge: Judge::new(verifier, seen, sessions, follower, Arc::clone(&config.clock)),
            refusals: Refusals::default(),
            config,
            metadata_url: OnceLock::new(),
        }))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("issuer", &self.issuer())
            .field("audience", &self.audience())
            .finish_non_exhaustive()
    }
}

//! The guard: how it is made, and what an API does with it.

mod asked;
mod settings;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::HeaderValue;
use symbolon_jose::{Algorithm, jwt::Policy};

#[cfg(feature = "ws")]
use crate::websocket::{WebSockets, open::Open};
use crate::{
    caller::Caller,
    certificate::Certificates,
    challenge::Challenge,
    client::Http,
    clock::{Clock, SystemClock},
    dpop::Dpop,
    error::{ConfigError, InvalidToken, Rejection},
    extract::Sources,
    judge::Judge,
    jwks::{KeySource, Keys, discovery::checked_url},
    layer::{GuardLayer, RequireLayer},
    revocation::{Follower, Options, Watch},
    scope::{Requirement, SignInNeeded, is_scope_token},
    seen::{DEFAULT_TOKENS, Seen},
    session::{self, Sessions, Source},
    signed::SignedUrls,
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
    #[cfg(feature = "ws")]
    open: Arc<Open>,
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
    certificates: Option<Certificates>,
    signed: Option<SignedUrls>,
    /// Told to clients (RFC 9728 §2), and to nobody else.
    scopes_supported: Vec<String>,
    challenge: Challenge,
    on_reject: Option<OnReject>,
    optional: bool,
    clock: Arc<dyn Clock>,
    #[cfg(feature = "ws")]
    websockets: WebSockets,
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
            certificates: None,
            signed: None,
            scopes_supported: Vec::new(),
            on_reject: None,
            optional: false,
            clock: Arc::new(SystemClock::new()),
            #[cfg(feature = "ws")]
            websockets: WebSockets::default(),
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

    /// A layer that lets pass only requests by a signed URL ([`Guard::sign_url`]): for what everybody reaches by such a URL or not at all.
    /// [`Guard::layer`] must stand around it.
    pub fn only_signed_urls(&self) -> RequireLayer {
        RequireLayer::new(self.clone(), Requirement::SignedUrl)
    }

    /// A layer that lets pass only callers who signed in in one of these ways (the token's `acr`); others are told so, and can have their user
    /// sign in again (RFC 9470). [`Guard::layer`] must stand around it.
    ///
    /// ```
    /// # let guard = symbolon_guard::testing::TestIssuer::offline().guard("https://api.example.com");
    /// # let app: axum::Router = axum::Router::new()
    ///     .route("/transfers", axum::routing::post(|| async {}).layer(guard.require_acr(["urn:example:two-factors"])))
    /// #   ;
    /// ```
    pub fn require_acr<A: Into<String>>(&self, acr_values: impl IntoIterator<Item = A>) -> RequireLayer {
        self.step_up(acr_values, None)
    }

    /// A layer that lets pass only callers whose user has signed in within this time (the token's `auth_time`, with the guard's leeway); others
    /// are told so (RFC 9470). [`Guard::layer`] must stand around it.
    pub fn max_age(&self, max_age: Duration) -> RequireLayer {
        self.step_up(std::iter::empty::<String>(), Some(max_age))
    }

    /// [`Guard::require_acr`] and [`Guard::max_age`] in one, so that a client hears of both at once.
    pub fn step_up<A: Into<String>>(
        &self,
        acr_values: impl IntoIterator<Item = A>,
        max_age: Option<Duration>,
    ) -> RequireLayer {
        let acr_values = acr_values.into_iter().map(Into::into).collect();
        let max_age = max_age.map(|max_age| max_age.as_secs());
        RequireLayer::new(self.clone(), Requirement::Authentication(SignInNeeded { acr_values, max_age }))
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
            #[cfg(feature = "ws")]
            open_websockets: self.0.open.len(),
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

impl Guard {
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
            takes_bound: config.dpop.is_some() || config.certificates.is_some(),
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
            #[cfg(feature = "ws")]
            open: Open::new(config.websockets.unknown),
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

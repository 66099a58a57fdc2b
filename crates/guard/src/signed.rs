//! Signed URLs, for what a browser fetches by itself (`<img>`, `<video>`, a download): one resource, one method, seconds of life, and no token in it.
//!
//! The API signs them for a caller whom it has judged, and its guard takes them in place of a token. A URL ends with a compact JWS of type `url+jwt`
//! under HS256 and the API's own secret, in the parameter `symbolon_signature`. It says whose URL it is, until when, and for what: the method, and the
//! hash of path and query byte by byte. It names what the token was that asked for it, so that the URL is refused with that token: a revoked
//! token, an ended session, a blocked user.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Method, Uri};
use serde::{Deserialize, Serialize};
use symbolon_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, VerifyingKeys, base64url, jwt, sha256};
use symbolon_revocation::Fingerprint;
use url::Url;

use crate::{
    caller::Caller,
    claims::Claims,
    dpop::memory::Memory,
    error::{ConfigError, InvalidToken, Malformed, Rejection},
    guard::Guard,
    revocation::Ids,
    rng,
    seen::Proven,
};

/// The parameter at the end of a signed URL.
const PARAMETER: &str = "symbolon_signature";
/// The header's `typ`: nothing else that is signed with this key is a URL.
const TYPE: &str = "url+jwt";
/// The longest life of a URL.
const MAX_LIFETIME: Duration = Duration::from_mins(5);
/// The usual one.
const LIFETIME: Duration = Duration::from_mins(1);
/// How many URLs of a single use are remembered.
const MAX_USED: usize = 65_536;

/// That an API signs URLs and takes them, and with which secret: for [`Guard::signed_urls`].
///
/// ```
/// use symbolon_guard::{Guard, SignedUrls};
///
/// # let secret = [7; 32];
/// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?.signed_urls(SignedUrls::new(&secret));
/// # Ok::<(), symbolon_guard::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct SignedUrls(Arc<Inner>);

struct Inner {
    signing: SigningKey,
    keys: VerifyingKeys,
    used: Mutex<Memory>,
}

impl SignedUrls {
    /// With 32 random bytes that all nodes of the API share, and nobody else.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self::of(&Jwk::oct(secret, Algorithm::HS256).expect("32 bytes are enough for HS256"))
    }

    /// With a secret of this process alone: for an API of one process. What was signed before a restart is refused after it.
    pub fn of_this_process() -> Result<Self, ConfigError> {
        Jwk::generate(Algorithm::HS256).map(|jwk| Self::of(&jwk)).map_err(|_| ConfigError::NoSecret)
    }

    fn of(jwk: &Jwk) -> Self {
        let signing = SigningKey::from_jwk(jwk, Algorithm::HS256).expect("the key was made for HS256");
        let verifying = VerifyingKey::from_jwk(jwk, Algorithm::HS256).expect("the key was made for HS256");
        Self(Arc::new(Inner { signing, keys: VerifyingKeys::single(verifying), used: Mutex::default() }))
    }
}

impl fmt::Debug for SignedUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedUrls")
    }
}

/// What a URL is to be signed for: [`UrlToSign::get`] and [`UrlToSign::head`].
///
/// ```
/// use std::time::Duration;
/// use symbolon_guard::UrlToSign;
///
/// let ticket = UrlToSign::get("/reports/7.pdf?page=2").lifetime(Duration::from_secs(30)).once();
/// # let _ = ticket;
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use = "it is signed by `Guard::sign_url`"]
pub struct UrlToSign<'u> {
    method: &'static str,
    target: &'u str,
    lifetime: Duration,
    uses: Uses,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Uses {
    Many,
    Once,
}

impl<'u> UrlToSign<'u> {
    /// To be fetched. `target` is path and query as this API sees them, in the form in which browsers send them (percent-encoded).
    pub fn get(target: &'u str) -> Self {
        Self { method: "GET", target, lifetime: LIFETIME, uses: Uses::Many }
    }

    /// To be asked about.
    pub fn head(target: &'u str) -> Self {
        Self { method: "HEAD", ..Self::get(target) }
    }

    /// How long it may be used: a minute unless changed, five at most, and never longer than the caller's token.
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// To be used once. Each process remembers for itself: with several, once at each of them. Not for what is fetched in ranges, such as video.
    pub fn once(self) -> Self {
        Self { uses: Uses::Once, ..self }
    }
}

/// Why a URL was not signed: mistakes of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSigned {
    /// The guard was not told of [`SignedUrls`].
    NoSecret,
    /// The target is not an absolute path, perhaps with a query, as browsers send it; or it is signed already.
    Target,
    /// No time at all, or more than five minutes.
    Lifetime,
    /// The caller's token has expired meanwhile.
    Expired,
    /// The signature could not be made.
    Signature,
}

impl fmt::Display for NotSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSecret => "the guard has no secret to sign URLs with",
            Self::Target => "this is not a path with a query as browsers send it, or it is signed already",
            Self::Lifetime => "a signed URL lives between a second and five minutes",
            Self::Expired => "the caller's token has expired",
            Self::Signature => "the signature could not be made",
        })
    }
}

impl std::error::Error for NotSigned {}

/// What stands in a signed URL. The names are those of the token's claims where they mean the same.
#[derive(Serialize, Deserialize)]
struct Signed {
    /// The API itself, twice: it signs for itself.
    iss: String,
    aud: String,
    sub: String,
    exp: u64,
    htm: String,
    /// SHA-256 over path and query.
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rh: Option<String>,
    /// When the token was issued, for rules that refuse what was issued until some second.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_iat: Option<u64>,
    /// The fingerprint of the key that signed the token.
    token_key: String,
    /// There, and different each time, for a URL that is used once.
    #[serde(skip_serializing_if = "Option::is_none")]
    once: Option<String>,
}

/// A URL whose signature is good, and its time: what the guard still has to hear of is what was revoked.
pub(crate) struct Presented {
    pub(crate) proven: Arc<Proven>,
    once: Option<[u8; 32]>,
}

impl Guard {
    /// Signs a URL for a caller: path and query of `url` with the signature behind, to be put behind this API's address.
    ///
    /// Whoever has it may make this one request until it expires, as that caller and without a token. Whether the caller may see the resource
    /// is decided here, by whoever calls this: the caller of the signed request has no scopes and no roles.
    ///
    /// ```
    /// use axum::{Json, extract::State, http::StatusCode};
    /// use symbolon_guard::{Caller, Guard, UrlToSign};
    ///
    /// async fn picture_url(State(guard): State<Guard>, caller: Caller) -> Result<Json<String>, StatusCode> {
    ///     let url = guard.sign_url(&caller, UrlToSign::get("/dragons/shenlong/picture"));
    ///     url.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
    /// }
    /// # let _ = picture_url;
    /// ```
    pub fn sign_url<C>(&self, caller: &Caller<C>, url: UrlToSign<'_>) -> Result<String, NotSigned> {
        let urls = self.signed().ok_or(NotSigned::NoSecret)?;
        if !is_as_sent(url.target) {
            return Err(NotSigned::Target);
        }
        let lifetime = Some(url.lifetime.as_secs()).filter(|secs| (1..=MAX_LIFETIME.as_secs()).contains(secs));
        let (now, _) = self.time();
        let exp = now.saturating_add(lifetime.ok_or(NotSigned::Lifetime)?).min(caller.exp);
        if exp <= now {
            return Err(NotSigned::Expired);
        }
        let claims = Signed {
            iss: self.audience().to_owned(),
            aud: self.audience().to_owned(),
            sub: caller.sub.clone(),
            exp,
            htm: url.method.to_owned(),
            target: hash(url.target),
            client_id: caller.client_id.clone(),
            jti: caller.jti.clone(),
            sid: caller.sid.clone(),
            rh: caller.rh.clone(),
            token_iat: caller.iat,
            token_key: caller.key_print().to_string(),
            // Different is all it has to be: nobody can make one by foreseeing it.
            once: (url.uses == Uses::Once).then(|| rng::seed::<2>().map(|part| format!("{part:016x}")).concat()),
        };
        let signature = jwt::sign(&urls.0.signing, TYPE, &claims).map_err(|_| NotSigned::Signature)?;
        let separator = if url.target.contains('?') { '&' } else { '?' };
        Ok(format!("{}{separator}{PARAMETER}={signature}", url.target))
    }

    /// Judges a signed URL by itself; `None` if this is none.
    pub(crate) fn presented(&self, method: &Method, uri: &Uri) -> Result<Option<Presented>, Rejection> {
        let Some(urls) = self.signed() else { return Ok(None) };
        let Some((target, signature)) = parted(uri)? else { return Ok(None) };
        let policy = jwt::Policy::new(self.audience(), self.audience()).accept_type(TYPE).leeway_secs(0);
        let (now, _) = self.time();
        let verified = jwt::verify::<Signed>(signature, &urls.0.keys, &policy, now);
        let signed = verified.map_err(|error| Rejection::InvalidToken(InvalidToken::Jose(error)))?.into_claims();
        if signed.htm != method.as_str() || signed.target != hash(target) {
            return Err(Rejection::InvalidToken(InvalidToken::OtherUrl));
        }
        let once = signed.once.is_some().then(|| sha256(signature.as_bytes()));
        Ok(Some(Presented { proven: Arc::new(signed.proven()?), once }))
    }

    /// Whether a URL that is good by itself may be used now, and uses it up if it is for a single use. `None`: that is not known yet.
    pub(crate) fn admit_signed(&self, presented: &Presented) -> Option<Result<(), Rejection>> {
        let weighed = self.judge().weigh_signed(&presented.proven)?;
        Some(weighed.and_then(|()| self.use_up(presented)))
    }

    /// Uses a URL up, if it is for a single use.
    fn use_up(&self, presented: &Presented) -> Result<(), Rejection> {
        let (Some(once), Some(urls)) = (presented.once, self.signed()) else { return Ok(()) };
        let (now, _) = self.time();
        let mut used = urls.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        let first = used.is_first(once, presented.proven.expires, now, MAX_USED);
        if first { Ok(()) } else { Err(Rejection::InvalidToken(InvalidToken::UsedUrl)) }
    }
}

impl Signed {
    /// The caller it stands for, without scopes and roles.
    fn proven(self) -> Result<Proven, Rejection> {
        let key = u64::from_str_radix(&self.token_key, 16);
        let key = key.map_err(|_| Rejection::InvalidToken(InvalidToken::OtherUrl))?;
        let claims = Claims {
            iss: self.iss,
            aud: self.aud.into(),
            sub: self.sub,
            exp: self.exp,
            iat: self.token_iat,
            client_id: self.client_id,
            jti: self.jti,
            sid: self.sid,
            rh: self.rh,
            ..Claims::default()
        };
        let expires = claims.exp;
        let mut proven = Proven::new(claims);
        (proven.expires, proven.ids, proven.by_url) = (expires, Ids::by_key(Fingerprint(key)), true);
        Ok(proven)
    }
}

fn hash(target: &str) -> String {
    base64url::encode(&sha256(target.as_bytes()))
}

/// Whether a browser that is given this target asks for exactly that.
fn is_as_sent(target: &str) -> bool {
    let Ok(base) = Url::parse("https://api.invalid") else { return false };
    let signed = |query: &str| query.split('&').any(|pair| pair.starts_with(PARAMETER));
    match base.join(target) {
        Ok(url) if target.starts_with('/') && url.host_str() == base.host_str() && url.fragment().is_none() => {
            let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
            [url.path(), &query].concat() == target && !url.query().is_some_and(signed)
        }
        _ => false,
    }
}

/// Target and signature of a signed URL. The signature stands once, and at the end.
fn parted(uri: &Uri) -> Result<Option<(&str, &str)>, Rejection> {
    let Some(whole) = uri.path_and_query().map(http::uri::PathAndQuery::as_str) else { return Ok(None) };
    let Some(query) = uri.query() else { return Ok(None) };
    let is_signature = |pair: &&str| pair.split('=').next() == Some(PARAMETER);
    let misplaced = || Rejection::Malformed(Malformed::TwoTokens);
    match query.split('&').filter(is_signature).count() {
        0 => return Ok(None),
        1 => {}
        _ => return Err(misplaced()),
    }
    let last = query.rsplit('&').next().filter(is_signature).ok_or_else(misplaced)?;
    let signature = last.get(PARAMETER.len() + 1..).unwrap_or_default();
    let target = whole.get(..whole.len() - last.len() - 1).unwrap_or_default();
    Ok(Some((target, signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_would_send_is_signed() {
        for good in ["/", "/a/b.png", "/a?b=c&d", "/%C3%A9?x=%20", "/a?"] {
            assert!(is_as_sent(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "//evil.example/a",
            "https://api.invalid/a",
            "/a/../b",
            "/é",
            "/a b",
            "/a#b",
            "\\a",
            "/a?b c",
            "/a\n",
            "/a?symbolon_signature=x",
            "/a?b&symbolon_signature",
        ] {
            assert!(!is_as_sent(bad), "{bad}");
        }
    }

    #[test]
    fn the_signature_stands_once_and_at_the_end() {
        let parted = |uri: &str| parted(&uri.parse().unwrap()).map(|it| it.map(|(t, s)| (t.to_owned(), s.to_owned())));
        let found = |target: &str, signature: &str| Some((target.to_owned(), signature.to_owned()));
        assert_eq!(parted("/a?symbolon_signature=s").unwrap(), found("/a", "s"));
        assert_eq!(parted("/a?b=c&symbolon_signature=s").unwrap(), found("/a?b=c", "s"));
        assert_eq!(parted("/a?symbolon_signature").unwrap(), found("/a", ""));
        for none in ["/a", "/a?b=symbolon_signature=s", "/symbolon_signature=s", "/a?xsymbolon_signature=s"] {
            assert_eq!(parted(none).unwrap(), None, "{none}");
        }
        for misplaced in ["/a?symbolon_signature=s&b=c", "/a?symbolon_signature=s&symbolon_signature=s"] {
            assert!(parted(misplaced).is_err(), "{misplaced}");
        }
    }
}

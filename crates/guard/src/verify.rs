//! From a token to what it proves: the one policy, applied in one place (RFC 9068 §4, RFC 8725).

use std::{borrow::Cow, sync::Arc};

use symbolon_jose::{
    Algorithm, Error, VerifyingKeys,
    jws::compact::Unverified,
    jwt::{self, is_same_type},
};

use crate::{
    claims::{Claims, Shared},
    error::{InvalidToken, Rejection},
    jwks::{Current, KeySource, cache::Unavailable},
    revocation::Ids,
    seen::Proven,
};

/// What only ID tokens say (OpenID Connect Core §3.1.3.6, §3.3.2.11; FAPI 1.0).
const OF_ID_TOKENS: &[&str] = &["at_hash", "c_hash", "s_hash"];

/// What a token must be.
#[derive(Debug, Clone)]
pub(crate) struct Verifier {
    pub(crate) policy: jwt::Policy,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) token_type: TokenType,
    pub(crate) leeway_secs: u64,
    /// Whether tokens bound to a key are judged at all; whoever shows one must then prove to hold the key.
    pub(crate) takes_bound: bool,
}

/// What a token's header must say it is (`typ`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenType {
    /// `at+jwt`: an access token and nothing else (RFC 9068 §4).
    AtJwt,
    /// `at+jwt`, `JWT` or no type at all: for issuers older than RFC 9068. An ID token is called the same, and is refused by what it says.
    PlainJwt,
}

/// The result of a look that must not wait.
pub(crate) enum Sight {
    /// Signature and claims are good.
    Good(Arc<Proven>),
    Refused(InvalidToken),
    /// There are no keys yet, or none that the token names: [`Verifier::verify`] fetches.
    NeedsKeys,
}

impl Verifier {
    /// Verifies with the keys at hand. No lock, no I/O, no waiting.
    pub(crate) fn look(&self, token: &str, keys: &KeySource, now: u64) -> Sight {
        let Some(current) = keys.current() else { return Sight::NeedsKeys };
        match self.check(token, &current, now) {
            Ok(proven) => Sight::Good(proven),
            Err(InvalidToken::Jose(error)) if error.is_unknown_key() => {
                if matches!(keys, KeySource::Remote(_)) && self.missing_kid(token, &current.keys).is_some() {
                    Sight::NeedsKeys
                } else {
                    Sight::Refused(InvalidToken::UnknownKey)
                }
            }
            Err(refused) => Sight::Refused(refused),
        }
    }

    /// Verifies, and fetches keys if that can help.
    pub(crate) async fn verify(&self, token: &str, keys: &KeySource, now: u64) -> Result<Arc<Proven>, Rejection> {
        match self.look(token, keys, now) {
            Sight::Good(proven) => return Ok(proven),
            Sight::Refused(refused) => return Err(Rejection::InvalidToken(refused)),
            Sight::NeedsKeys => {}
        }
        let KeySource::Remote(cache) = keys else { return Err(Rejection::InvalidToken(InvalidToken::UnknownKey)) };
        // What cannot be a token of this issuer is not worth a fetch.
        let unverified =
            Unverified::parse(token).map_err(|error| Rejection::InvalidToken(InvalidToken::Jose(error)))?;
        if !self.allows(unverified.alg()) {
            return Err(Rejection::InvalidToken(InvalidToken::UnknownKey));
        }
        let mut current = cache
            .load()
            .await
            .map_err(|Unavailable { retry_after_secs }| Rejection::KeysUnavailable { retry_after_secs })?;
        if let Some(kid) = self.missing_kid(token, &current.keys) {
            let found = cache.look_for(&kid, |current| &current.keys).await;
            current = found.ok_or(Rejection::InvalidToken(InvalidToken::UnknownKey))?;
        }
        self.check(token, &current, now).map_err(Rejection::InvalidToken)
    }

    fn check(&self, token: &str, current: &Current, now: u64) -> Result<Arc<Proven>, InvalidToken> {
        let verified = jwt::verify::<Shared>(token, &current.keys, &self.policy, now).map_err(InvalidToken::Jose)?;
        if self.token_type == TokenType::PlainJwt && !is_plain(verified.typ()) {
            return Err(InvalidToken::OtherType);
        }
        let may_be_another = self.token_type == TokenType::PlainJwt && !says_access_token(verified.typ());
        let (exp, nbf) = (verified.exp(), verified.nbf());
        // The name of the key, which a header need not say where only one key is possible.
        let kid = verified.kid().or_else(|| current.keys.find(None, verified.algorithm().name())?.kid());
        let ids = Ids::by_key(current.key_print(kid));
        let Shared(mut shared) = verified.into_claims();
        if may_be_another && is_id_token(&shared.claims) {
            return Err(InvalidToken::OtherType);
        }
        let proven = Arc::get_mut(&mut shared).expect("nobody else has seen it yet");
        proven.ids = ids;
        // RFC 9449 §7.1, RFC 8705 §3: a token bound to a key is worth nothing without the proof.
        if proven.claims.cnf.is_some() && !self.takes_bound {
            return Err(InvalidToken::SenderConstrained);
        }
        // The policy's own words: `exp` is needed, and the same leeway holds at both ends.
        proven.expires = exp.map_or(0, |exp| exp.saturating_add(self.leeway_secs));
        // What is issued in the future would slip past rules that refuse what was issued until now.
        let begins = nbf.max(proven.claims.iat);
        proven.begins = begins.map_or(0, |begins| begins.saturating_sub(self.leeway_secs));
        if now < proven.begins {
            return Err(InvalidToken::Jose(Error::NotYetValid));
        }
        proven.generation = current.generation;
        Ok(shared)
    }

    /// The token's `kid`, if a fetch might bring it: its algorithm is allowed, and no key of that name is here.
    fn missing_kid<'t>(&self, token: &'t str, keys: &VerifyingKeys) -> Option<Cow<'t, str>> {
        let unverified = Unverified::parse(token).ok()?;
        let kid = unverified.kid()?;
        let missing = self.allows(unverified.alg()) && keys.iter().all(|key| key.kid() != Some(kid));
        missing.then(|| Cow::Owned(kid.to_owned()))
    }

    fn allows(&self, algorithm: &str) -> bool {
        self.algorithms.iter().any(|allowed| allowed.answers_to(algorithm))
    }
}

/// Each ID token of ours has a hash of what it came with, or a `nonce`. That alone some issuers write into access tokens, too (Keycloak before 25), which
/// say what they are for.
fn is_id_token(claims: &Claims) -> bool {
    let says = |name: &str| claims.extra.contains_key(name);
    let is_for_an_api =
        !claims.scope.is_empty() || says("scp") || claims.extra.get("typ").is_some_and(|typ| typ == "Bearer");
    OF_ID_TOKENS.iter().any(|name| says(name)) || (says("nonce") && !is_for_an_api)
}

fn is_plain(typ: Option<&str>) -> bool {
    says_access_token(typ) || typ.is_none_or(|typ| is_same_type("JWT", typ))
}

fn says_access_token(typ: Option<&str>) -> bool {
    typ.is_some_and(|typ| is_same_type("at+jwt", typ))
}
